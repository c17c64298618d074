import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toBigInt } from '../../chain/format/bytes.ts';
import { encodeHeader, type Header, headerId } from '../../chain/format/header.ts';
import { NonceSearch } from '../../node/nonce-search.ts';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const u32 = fc.nat(2 ** 32 - 1);
const u53 = fc.maxSafeNat();
const headers: fc.Arbitrary<Header> = fc.record({
  version: fc.constant(1),
  height: u32,
  previous: bytes(32),
  historyRoot: bytes(32),
  txRoot: bytes(32),
  stateRoot: bytes(32),
  time: u53,
  elapsed: u53,
  bits: u32,
  miner: bytes(20),
  nonce: fc.nat(2 ** 53 - 1000),
});

describe('the search of nonces', () => {
  it('finds what the header id says, at the target and not below it', () => {
    fc.assert(
      fc.property(headers, (header) => {
        const id = toBigInt(headerId(header));
        expect(new NonceSearch(encodeHeader(header), id).search(1)).toBe(header.nonce);
        expect(new NonceSearch(encodeHeader(header), id - 1n).search(1)).toBe(null);
      }),
      { numRuns: 300 },
    );
  });

  it('goes on where it stopped, across the 32-bit boundary too', () => {
    fc.assert(
      fc.property(headers, fc.nat(400), (header, ahead) => {
        const from = 2 ** 32 - 200;
        const wanted = { ...header, nonce: from + ahead };
        const target = toBigInt(headerId(wanted));
        const search = new NonceSearch(encodeHeader({ ...header, nonce: from }), target);
        let found: number | null = null;
        while (found === null) found = search.search(7);
        expect(toBigInt(headerId({ ...header, nonce: found })) <= target).toBe(true);
        // 401 hashes: another one below this target is possible where the target is high.
        for (let nonce = from; nonce < found; nonce++) {
          expect(toBigInt(headerId({ ...header, nonce })) > target).toBe(true);
        }
        expect(found).toBeLessThanOrEqual(wanted.nonce);
        expect(search.next).toBe(found + 1);
      }),
      { numRuns: 20 },
    );
  });
});
