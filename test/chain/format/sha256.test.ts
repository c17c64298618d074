import { createHash } from 'node:crypto';
import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, toHex } from '../../../chain/format/bytes.ts';
import { DOMAIN, hash, hashInto } from '../../../chain/format/hash.ts';
import { SHORT_BYTES, sha256Into, sha256Short } from '../../../chain/format/sha256.ts';

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const pattern = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 151 + length) & 255);

describe('SHA-256 of short messages', () => {
  test.each([
    // FIPS 180-4 examples (NIST, "SHA256.pdf").
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    [
      'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    ],
  ])('of the standard example %j', (text, digest) => {
    expect(toHex(sha256Short(ascii(text), []))).toBe(digest);
  });

  test('is that of two other implementations at every length it takes, longest first and last', () => {
    for (const order of [(i: number) => i, (i: number) => SHORT_BYTES - i]) {
      for (let i = 0; i <= SHORT_BYTES; i++) {
        const message = pattern(order(i));
        const digest = toHex(sha256Short(message, []));
        expect(digest).toBe(toHex(sha256(message)));
        expect(digest).toBe(createHash('sha256').update(message).digest('hex'));
      }
    }
  });

  test('does not depend on how the message is cut', () => {
    const parts = fc.array(fc.uint8Array({ maxLength: 120 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(parts, (cut) => {
        expect(sha256Short(cut[0]!, cut.slice(1))).toEqual(sha256(concat(...cut)));
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  test('and the longer ones agree on both sides of the border inside hash()', () => {
    for (let length = SHORT_BYTES - 12; length <= SHORT_BYTES + 4; length++) {
      const part = pattern(length);
      expect(hash(DOMAIN.header, part)).toEqual(sha256(concat(DOMAIN.header, part)));
    }
  });

  test('of a first part and 64 bytes of another goes where it is wanted, and nowhere else', () => {
    const bytes = (max: number) => fc.uint8Array({ minLength: 0, maxLength: max });
    const place = fc.nat({ max: 64 });
    fc.assert(
      fc.property(bytes(40), place, place, fc.uint8Array({ minLength: 128, maxLength: 128 }), (...args) => {
        const [first, at, outAt, array] = args;
        const expected = array.slice();
        expected.set(sha256(concat(first, array.slice(at, at + 64))), outAt);
        sha256Into(first, array, at, array, outAt);
        expect(array).toEqual(expected);
      }),
      { seed: 1, numRuns: 1000 },
    );
    const [node, out] = [pattern(64), new Uint8Array(32)];
    hashInto(DOMAIN.stateInner, node, 0, out, 0);
    expect(out).toEqual(hash(DOMAIN.stateInner, node));
  });

  test('gives a new array each time', () => {
    const first = sha256Short(ascii('a'), []);
    const copy = first.slice();
    sha256Short(ascii('b'), []);
    expect(first).toEqual(copy);
  });
});
