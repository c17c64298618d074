import fc from 'fast-check';
import { expect, test } from 'vitest';
import { equalBytes, fromHex, fromText, toHex, toText } from '../../../chain/format/bytes.ts';

/** Short ones, which share an array each time, and some around and over the step at which a long one is cut. */
const byteStrings = fc.oneof(
  fc.uint8Array({ maxLength: 80 }),
  fc
    .integer({ min: 4090, max: 12_300 })
    .map((length) => Uint8Array.from({ length }, (_, i) => (i * 7) & 255)),
);

test('hex is that of another implementation, whatever was turned to hex before', () => {
  fc.assert(
    fc.property(byteStrings, (bytes) => {
      const hex = Buffer.from(bytes).toString('hex');
      expect(toHex(bytes)).toBe(hex);
      expect(equalBytes(fromHex(hex), bytes)).toBe(true);
    }),
    { seed: 1, numRuns: 500 },
  );
});

test('text has a character for each byte', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(toText(bytes)).toBe(Buffer.from(bytes).toString('latin1'));
      expect(fromText(toText(bytes))).toEqual(bytes);
    }),
    { seed: 1, numRuns: 500 },
  );
});
