import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toHex } from '../../../chain/format/bytes.ts';
import { remember } from '../../../chain/format/remembered.ts';

/** Few places, many byte strings for each, of several lengths. */
const crowded = fc
  .tuple(fc.constantFrom(0, 1, 255), fc.uint8Array({ minLength: 1, maxLength: 3 }))
  .map(([last, rest]) => Uint8Array.of(...rest, last));

test('what is remembered is what would be made', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(crowded, fc.uint8Array({ maxLength: 3 })), { maxLength: 60 }), (asked) => {
      const hexOf = remember(toHex);
      for (const bytes of asked) expect(hexOf(bytes)).toBe(toHex(bytes));
    }),
    { seed: 1, numRuns: 500 },
  );
});

test('it is made once while nothing else takes its place', () => {
  let made = 0;
  const lengthOf = remember((bytes) => {
    made++;
    return bytes.length;
  });
  for (const bytes of [[1, 2], [1, 2], [9], [1, 2], [3, 2], [1, 2]]) lengthOf(Uint8Array.from(bytes));
  expect(made).toBe(4);
});

test('bytes that are written over after the question are not what was asked', () => {
  const hexOf = remember(toHex);
  const bytes = Uint8Array.of(5, 6);
  expect(hexOf(bytes)).toBe('0506');
  bytes[1] = 7;
  expect(hexOf(bytes)).toBe('0507');
  expect(hexOf(Uint8Array.of(5, 6))).toBe('0506');
});
