import { describe, expect, test } from 'vitest';
import { RuleError } from '../../../chain/errors.ts';
import { concat, toHex, u32 } from '../../../chain/format/bytes.ts';
import { DOMAIN, hash, ZERO_HASH } from '../../../chain/format/hash.ts';
import {
  decodeTxProof,
  encodeTxProof,
  proveTx,
  TX_PROOF_SIBLINGS_MAX,
  type TxProof,
  txRoot,
  verifyTxProof,
} from '../../../chain/format/merkle.ts';
import { flipBit, vectorId, vectorIds } from '../vector-ids.ts';
import vectors from './vectors/tx-roots.json' with { type: 'json' };

describe("the transactions' Merkle root", () => {
  test.each(vectors.roots)('of $count transactions is frozen', ({ count, root }) => {
    expect(toHex(txRoot(vectorIds(count)))).toBe(root);
  });

  test('of none binds the count', () => {
    expect(txRoot([])).toEqual(hash(DOMAIN.txRoot, u32(0), ZERO_HASH));
  });

  test('differs for every list made by repeating its end (CVE-2012-2459)', () => {
    const roots = new Set<string>();
    let lists = 0;
    for (let count = 1; count <= 33; count++) {
      const ids = vectorIds(count);
      roots.add(toHex(txRoot(ids)));
      lists++;
      for (let repeated = 1; repeated <= count; repeated++) {
        roots.add(toHex(txRoot([...ids, ...ids.slice(count - repeated)])));
        lists++;
      }
    }
    expect(roots.size).toBe(lists);
  });

  test('differs for another order, and never takes an inner node for a leaf', () => {
    const [a, b, c] = vectorIds(3) as [Uint8Array, Uint8Array, Uint8Array];
    expect(txRoot([a, b, c])).not.toEqual(txRoot([b, a, c]));
    const inner = hash(DOMAIN.txInner, hash(DOMAIN.txLeaf, a), hash(DOMAIN.txLeaf, b));
    expect(txRoot([inner, c])).not.toEqual(txRoot([a, b, c]));
  });
});

describe('a proof of a transaction', () => {
  test('holds for each index of each count, at no other index, and survives its codec', () => {
    for (let count = 1; count <= 20; count++) {
      const ids = vectorIds(count);
      const root = txRoot(ids);
      for (let index = 0; index < count; index++) {
        const proof = decodeTxProof(encodeTxProof(proveTx(ids, index)));
        expect(proof).toEqual(proveTx(ids, index));
        expect(verifyTxProof(root, ids[index]!, proof)).toBe(true);
        for (let other = 0; other < count; other++) {
          if (other === index) continue;
          expect(verifyTxProof(root, ids[other]!, proof)).toBe(false);
          expect(verifyTxProof(root, ids[index]!, { ...proof, index: other })).toBe(false);
        }
        expect(verifyTxProof(root, ids[index]!, { ...proof, count: count + 1 })).toBe(false);
      }
    }
  });

  test('fails with any bit changed, in the proof, the id or the root', () => {
    for (const [count, index] of [
      [1, 0],
      [2, 1],
      [5, 4],
      [6, 2],
      [11, 10],
    ] as const) {
      const ids = vectorIds(count);
      const root = txRoot(ids);
      const bytes = encodeTxProof(proveTx(ids, index));
      for (let bit = 0; bit < 8 * bytes.length; bit++) {
        expect(isAccepted(root, ids[index]!, flipBit(bytes, bit))).toBe(false);
      }
      for (let bit = 0; bit < 256; bit++) {
        expect(isAccepted(root, flipBit(ids[index]!, bit), bytes)).toBe(false);
        expect(isAccepted(flipBit(root, bit), ids[index]!, bytes)).toBe(false);
      }
    }
  });

  test('is refused when cut, extended or out of bounds', () => {
    const bytes = encodeTxProof(proveTx(vectorIds(7), 3));
    for (let length = 0; length < bytes.length; length++) expectMalformed(bytes.slice(0, length));
    expectMalformed(concat(bytes, Uint8Array.of(0)));
    expectMalformed(concat(u32(0), u32(0)));
    expectMalformed(concat(u32(5), u32(5), new Uint8Array(32)));
    expectMalformed(concat(u32(2 ** 32 - 1), u32(0), new Uint8Array(32 * (TX_PROOF_SIBLINGS_MAX + 1))));
    const largest = concat(u32(2 ** 32 - 1), u32(0), new Uint8Array(32 * TX_PROOF_SIBLINGS_MAX));
    expect(decodeTxProof(largest).siblings.length).toBe(TX_PROOF_SIBLINGS_MAX);
    expect(verifyTxProof(txRoot(vectorIds(1)), vectorId(0), decodeTxProof(largest))).toBe(false);
  });

  test('that no decoder would give is refused and nothing is thrown', () => {
    const ids = vectorIds(4);
    const proof = proveTx(ids, 1);
    const bad: TxProof[] = [
      { ...proof, count: 1.5 },
      { ...proof, index: -1 },
      { ...proof, siblings: proof.siblings.slice(1) },
      { ...proof, siblings: [...proof.siblings, ZERO_HASH] },
      { ...proof, siblings: [proof.siblings[0]!.slice(1), proof.siblings[1]!] },
    ];
    for (const made of bad) expect(verifyTxProof(txRoot(ids), ids[1]!, made)).toBe(false);
    expect(verifyTxProof(txRoot(ids), ids[1]!.slice(1), proof)).toBe(false);
  });
});

function isAccepted(root: Uint8Array, id: Uint8Array, bytes: Uint8Array): boolean {
  try {
    return verifyTxProof(root, id, decodeTxProof(bytes));
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    return false;
  }
}

function expectMalformed(bytes: Uint8Array): void {
  expect(() => decodeTxProof(bytes)).toThrow(expect.objectContaining({ code: 'MALFORMED' }));
}
