import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../../chain/format/bytes.ts';
import { PIECE_BLOCK_BYTES, PiecesHasher, piecesRoot } from '../../../chain/format/pieces.ts';

const KIB = 1024;
const sha256 = (...parts: Uint8Array[]): Uint8Array => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** BEP 52 read literally: all leaves at once, zero hashes up to a power of two, then layer by layer. */
function naiveRoot(data: Uint8Array): Uint8Array {
  if (data.length === 0) return new Uint8Array(32);
  let layer: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += 16 * KIB) layer.push(sha256(data.subarray(at, at + 16 * KIB)));
  while (!Number.isInteger(Math.log2(layer.length))) layer.push(new Uint8Array(32));
  while (layer.length > 1) {
    layer = layer.flatMap((left, i) => (i % 2 === 0 ? [sha256(left, layer[i + 1]!)] : []));
  }
  return layer[0]!;
}

/** Bytes that differ from block to block. */
const fileOf = (size: number): Uint8Array =>
  Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) & 0xff);

/** Size in bytes of `fileOf`, and its root as libtorrent 2.0.8 makes it (`create_torrent`, v2 only); of no bytes there is none. */
const FROZEN: [size: number, root: string][] = [
  [0, '0000000000000000000000000000000000000000000000000000000000000000'],
  [1, '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'],
  [16383, '8f840ef852c1e3ad3096fe9b0ea35bb9577b685033e14b72fabeeb385508cabf'],
  [16384, '83a5ee9c1db0b82ae94961fee75a195f6104c65235c07590569657709c1316e8'],
  [16385, '86133d0e4897ec6696772fc802c34ef508d516763aad75b6556d199f77909455'],
  [32769, '6059ebadd4ef4790f46e46924879e53c14893c6d4d4ddd7b2bf5acdf13903bd5'],
  [81920, '93d733c51db899ee344456fac9e3bc90a950410177c2ca93ca4eb75c353d5c1d'],
  [1048575, 'e444a15e2090e39f30e6f0778249eacb573077902ccbd845ffa133b6c958714a'],
  [1048576, 'b780bdbd9cebf2ee4108586a916064ea1dc8a1892503ee8f56f429b5e1d451e9'],
  [1048577, '2e4ca07f6ee316d2c8bf78fc00c1efc1e0998c9978ed40475c2aace5b84cb5f5'],
];

describe('pieces root', () => {
  it.each(FROZEN)('of a file of %i bytes', (size, root) => {
    const data = fileOf(size);
    expect(toHex(piecesRoot(data))).toBe(root);
    expect(toHex(naiveRoot(data))).toBe(root);
  });

  it('of a file of one block is its SHA-256', () => {
    const data = fileOf(100);
    expect(toHex(piecesRoot(data))).toBe(toHex(sha256(data)));
  });

  it('is that of the naive tree for every count of blocks from 1 to 40', () => {
    const data = fileOf(40 * PIECE_BLOCK_BYTES);
    for (let blocks = 1; blocks <= 40; blocks++) {
      const part = data.subarray(0, blocks * PIECE_BLOCK_BYTES - (blocks % 3));
      expect(toHex(piecesRoot(part)), `${blocks} blocks`).toBe(toHex(naiveRoot(part)));
    }
  });

  it('is the same however the file is cut', () => {
    const data = fileOf(5 * PIECE_BLOCK_BYTES + 77);
    const cuts = fc.array(fc.integer({ min: 0, max: data.length }), { maxLength: 12 });
    fc.assert(
      fc.property(cuts, (places) => {
        const hasher = new PiecesHasher();
        let at = 0;
        for (const place of [...places.sort((a, b) => a - b), data.length]) {
          hasher.update(data.subarray(at, place));
          at = place;
        }
        expect(hasher.size).toBe(data.length);
        expect(toHex(hasher.digest())).toBe(toHex(naiveRoot(data)));
      }),
      { numRuns: 40 },
    );
  });

  it('ends with its digest, which nobody can change', () => {
    const hasher = new PiecesHasher().update(fileOf(3));
    const root = toHex(hasher.digest());
    hasher.digest().fill(0);
    expect(toHex(hasher.digest())).toBe(root);
    expect(() => hasher.update(fileOf(1))).toThrow();
    new PiecesHasher().digest().fill(7);
    expect(toHex(new PiecesHasher().digest())).toBe('00'.repeat(32));
  });
});
