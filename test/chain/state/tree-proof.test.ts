import { beforeAll, describe, expect, test } from 'vitest';
import { RuleError } from '../../../chain/errors.ts';
import { concat, equalBytes, fromHex, toHex } from '../../../chain/format/bytes.ts';
import { ZERO_HASH } from '../../../chain/format/hash.ts';
import { innerHash, leafHash } from '../../../chain/state/node-hash.ts';
import type { StateTree } from '../../../chain/state/tree.ts';
import { decodeProof, encodeProof, type TreeProof, verifyProof } from '../../../chain/state/tree-proof.ts';
import type { TreeChange } from '../../../chain/state/tree-update.ts';
import { flipBit, vectorId } from '../vector-ids.ts';
import { change, MapSource, newTree, POOL } from './tree-model.ts';
import vectors from './vectors/tree-proofs.json' with { type: 'json' };

const HELD = POOL.filter((_, i) => i % 3 !== 0);
const heldAt = (key: Uint8Array): Uint8Array | null => {
  const index = HELD.findIndex((held) => equalBytes(held, key));
  return index < 0 ? null : vectorId(index);
};
const KEYS = [...POOL, ...Array.from({ length: 40 }, (_, i) => vectorId(5000 + i))];
let tree: StateTree;

beforeAll(async () => {
  tree = newTree(new MapSource());
  await change(
    tree,
    HELD.map((key): TreeChange => [key, heldAt(key)]),
  );
  await tree.prepare(KEYS);
});

describe('a proof of the state', () => {
  test('holds for each key there is and each there is not, for nothing else, and survives its codec', () => {
    const kinds = new Set<string>();
    for (const key of KEYS) {
      const value = heldAt(key);
      const proof = tree.prove(key);
      kinds.add(proof.end.kind);
      const bytes = encodeProof(proof);
      expect(decodeProof(bytes)).toEqual(proof);
      expect(encodeProof(decodeProof(bytes))).toEqual(bytes);
      expect(verifyProof(tree.root, key, value, proof)).toBe(true);
      expect(verifyProof(tree.root, key, value === null ? vectorId(1) : null, proof)).toBe(false);
      expect(verifyProof(tree.root, key, vectorId(99_999), proof)).toBe(false);
      expect(verifyProof(ZERO_HASH, key, value, proof)).toBe(false);
    }
    expect([...kinds].sort()).toEqual(['empty', 'other', 'present']);
  });

  test('of one key is of no use for a key that is there, to say it is not', () => {
    for (const key of KEYS) {
      const proof = tree.prove(key);
      for (const held of HELD) expect(verifyProof(tree.root, held, null, proof)).toBe(false);
    }
  });

  test('fails with any bit changed, in the proof, the key, the value or the root', () => {
    for (const key of [HELD[0]!, HELD[1]!, vectorId(5000), vectorId(5001), flipBit(HELD[0]!, 90)]) {
      const value = heldAt(key);
      const bytes = encodeProof(tree.prove(key));
      expect(isAccepted(tree.root, key, value, bytes)).toBe(true);
      const flips = Array.from({ length: 8 * bytes.length }, (_, bit) => bit);
      expect(flips.filter((bit) => isAccepted(tree.root, key, value, flipBit(bytes, bit)))).toEqual([]);
      const bits = flips.slice(0, 256);
      expect(bits.filter((bit) => isAccepted(flipBit(tree.root, bit), key, value, bytes))).toEqual([]);
      if (value === null) continue;
      expect(bits.filter((bit) => isAccepted(tree.root, flipBit(key, bit), value, bytes))).toEqual([]);
      expect(bits.filter((bit) => isAccepted(tree.root, key, flipBit(value, bit), bytes))).toEqual([]);
    }
  });

  test('in a tree of none, one and two', async () => {
    const small = newTree(new MapSource());
    const [a, b, c] = [vectorId(1), flipBit(vectorId(1), 255), vectorId(3)];
    const check = async (contents: Map<Uint8Array, Uint8Array>, depth: number): Promise<void> => {
      await small.prepare([a, b, c]);
      for (const key of [a, b, c]) {
        const proof = decodeProof(encodeProof(small.prove(key)));
        expect(proof.siblings.length).toBeLessThanOrEqual(depth);
        expect(verifyProof(small.root, key, contents.get(key) ?? null, proof)).toBe(true);
        expect(verifyProof(small.root, key, contents.has(key) ? null : c, proof)).toBe(false);
      }
    };
    await check(new Map(), 0);
    await change(small, [[a, c]]);
    await check(new Map([[a, c]]), 0);
    await change(small, [[b, a]]);
    await check(
      new Map([
        [a, c],
        [b, a],
      ]),
      256,
    );
    expect(small.prove(a).siblings.length).toBe(256);
  });

  test('that puts a true leaf on a path that is not its own is refused', () => {
    // A root nobody would sign: the leaf of a key that starts with a 1 stands on the side of the zeros.
    const astray = new Uint8Array(32).fill(255);
    const leaf = leafHash(concat(astray, vectorId(1)));
    const root = innerHash(leaf, vectorId(2));
    const end = { kind: 'other', key: astray, valueHash: vectorId(1) } as const;
    expect(verifyProof(root, new Uint8Array(32), null, { siblings: [vectorId(2)], end })).toBe(false);
  });

  test('is refused when cut, extended, padded or over its bounds', () => {
    for (const key of [HELD[0]!, vectorId(5000)]) {
      const bytes = encodeProof(tree.prove(key));
      for (let length = 0; length < bytes.length; length++) expectMalformed(bytes.slice(0, length));
      expectMalformed(concat(bytes, Uint8Array.of(0)));
    }
    expectMalformed(concat(Uint8Array.of(1, 1), new Uint8Array(33), Uint8Array.of(1)));
    expectMalformed(Uint8Array.of(255, 255));
    expectMalformed(Uint8Array.of(0, 1, 0x40, 1));
    expectMalformed(concat(Uint8Array.of(0, 1, 0x80), ZERO_HASH, Uint8Array.of(1)));
    expectMalformed(Uint8Array.of(0, 0, 3));
    expect(
      decodeProof(concat(Uint8Array.of(1, 0), new Uint8Array(32), Uint8Array.of(1))).siblings.length,
    ).toBe(256);
  });

  test('that no decoder would give is refused and nothing is thrown', () => {
    const key = HELD[0]!;
    const value = heldAt(key)!;
    const proof = tree.prove(key);
    const bad: TreeProof[] = [
      { ...proof, siblings: [...proof.siblings.slice(1), vectorId(1).slice(1)] },
      { ...proof, siblings: Array.from({ length: 257 }, () => ZERO_HASH) },
      { ...proof, end: { kind: 'other', key, valueHash: value } },
      { ...proof, end: { kind: 'other', key: key.slice(1), valueHash: value } },
    ];
    for (const made of bad) {
      expect(verifyProof(tree.root, key, value, made)).toBe(false);
      expect(verifyProof(tree.root, key, null, made)).toBe(false);
    }
    expect(verifyProof(tree.root, key.slice(1), value, proof)).toBe(false);
    expect(verifyProof(tree.root, key, value.slice(1), proof)).toBe(false);
  });

  test.each(vectors.proofs)('for $name is frozen', ({ key, valueHash, proof }) => {
    const bytes = fromHex(proof);
    expect(
      isAccepted(fromHex(vectors.root), fromHex(key), valueHash === null ? null : fromHex(valueHash), bytes),
    ).toBe(true);
    expect(toHex(tree.root)).toBe(vectors.root);
    expect(toHex(encodeProof(tree.prove(fromHex(key))))).toBe(proof);
  });
});

function isAccepted(root: Uint8Array, key: Uint8Array, value: Uint8Array | null, bytes: Uint8Array): boolean {
  try {
    return verifyProof(root, key, value, decodeProof(bytes));
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    return false;
  }
}

function expectMalformed(bytes: Uint8Array): void {
  expect(() => decodeProof(bytes)).toThrow(expect.objectContaining({ code: 'MALFORMED' }));
}
