import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  appendHistory,
  EMPTY_HISTORY,
  type HistoryLeaf,
  historyCount,
  historyRoot,
  historyWork,
  mergeHistory,
  type Peaks,
} from '../../../chain/consensus/history.ts';
import {
  decodeHistoryProof,
  encodeHistoryProof,
  HISTORY_SIBLINGS_MAX,
  nodesFromLeaves,
  nodesFromPeaks,
  proveHistory,
  verifyHistoryProof,
  workOfProof,
} from '../../../chain/consensus/history-proof.ts';
import { RuleError } from '../../../chain/errors.ts';
import { concat, toHex, u32, u256 } from '../../../chain/format/bytes.ts';
import { DOMAIN, hash, ZERO_HASH } from '../../../chain/format/hash.ts';
import { flipBit, vectorId } from '../vector-ids.ts';
import vectors from './vectors/history-roots.json' with { type: 'json' };

const leafAt = (i: number): HistoryLeaf => ({ id: vectorId(i), work: BigInt(i * i + 1) << BigInt(i % 200) });

/** Peaks after 0, 1, 2… headers. */
function peaksUpTo(count: number): Peaks[] {
  const all: Peaks[] = [EMPTY_HISTORY];
  for (let i = 0; i < count; i++) all.push(appendHistory(all[i]!, leafAt(i)));
  return all;
}
const PEAKS = peaksUpTo(300);

/** The definition, spelled out: perfect subtrees by the bits of the count, folded from the right. */
function naiveRoot(leaves: readonly HistoryLeaf[]): Uint8Array {
  type Node = [Uint8Array, number, bigint];
  const merge = (l: Node, r: Node): Node => [
    hash(DOMAIN.historyInner, l[0], u32(l[1]), u256(l[2]), r[0], u32(r[1]), u256(r[2])),
    l[1] + r[1],
    l[2] + r[2],
  ];
  const perfect = (run: readonly HistoryLeaf[]): Node => {
    if (run.length === 1) return [run[0]!.id, 1, run[0]!.work];
    return merge(perfect(run.slice(0, run.length / 2)), perfect(run.slice(run.length / 2)));
  };
  const fold = (run: readonly HistoryLeaf[]): Node => {
    let size = 1;
    while (size * 2 <= run.length) size *= 2;
    return size === run.length ? perfect(run) : merge(perfect(run.slice(0, size)), fold(run.slice(size)));
  };
  const [top, count, work] = leaves.length === 0 ? ([ZERO_HASH, 0, 0n] as Node) : fold(leaves);
  return hash(DOMAIN.historyRoot, u32(count), u256(work), top);
}

describe('the history root', () => {
  test.each(vectors.roots)('of $count headers is frozen', ({ count, root }) => {
    let peaks: Peaks = EMPTY_HISTORY;
    for (let i = 0; i < count; i++) peaks = appendHistory(peaks, leafAt(i));
    expect(toHex(historyRoot(peaks))).toBe(root);
  });

  test('is what the definition says, for any ids and work', () => {
    const leaf = fc.record({
      id: fc.uint8Array({ minLength: 32, maxLength: 32 }),
      work: fc.bigInt({ min: 0n, max: 1n << 240n }),
    });
    fc.assert(
      fc.property(fc.array(leaf, { maxLength: 70 }), (leaves) => {
        let peaks: Peaks = EMPTY_HISTORY;
        for (const one of leaves) peaks = appendHistory(peaks, one);
        expect(historyRoot(peaks)).toEqual(naiveRoot(leaves));
        expect(historyCount(peaks)).toBe(leaves.length);
        expect(historyWork(peaks)).toBe(leaves.reduce((sum, one) => sum + one.work, 0n));
      }),
      { seed: 2, numRuns: 200 },
    );
  });

  test('of more work than a node has room for is a fault of ours, not another hash', () => {
    const node = (work: bigint) => ({ hash: new Uint8Array(32), count: 1, work });
    expect(() => mergeHistory(node(2n ** 256n), node(1n))).toThrow('invariant');
    expect(() => mergeHistory(node(1n), node(2n ** 256n))).toThrow('invariant');
    expect(mergeHistory(node(2n ** 256n - 1n), node(1n)).hash).toHaveLength(32);
  });

  test('of one parent grows into branches that share its peaks and leave it as it was', () => {
    const parent = PEAKS[6]!;
    const before = historyRoot(parent);
    const a = appendHistory(parent, leafAt(100));
    const b = appendHistory(parent, leafAt(101));
    expect(a.rest).toBe(parent);
    expect(b.rest).toBe(parent);
    expect(historyRoot(a)).not.toEqual(historyRoot(b));
    expect(historyRoot(parent)).toEqual(before);
  });

  test('changes with the work of any header', () => {
    const leaves = Array.from({ length: 13 }, (_, i) => leafAt(i));
    const roots = leaves.map((_, changed) =>
      toHex(naiveRoot(leaves.map((leaf, i) => (i === changed ? { ...leaf, work: leaf.work + 1n } : leaf)))),
    );
    expect(new Set([...roots, toHex(naiveRoot(leaves))]).size).toBe(14);
  });

  test('refuses totals that have no field to go in', () => {
    const heavy = appendHistory(EMPTY_HISTORY, { id: ZERO_HASH, work: 1n << 256n });
    expect(() => historyRoot(heavy)).toThrow('invariant');
  });
});

describe('a proof of history', () => {
  test('holds for each header of each count, from leaves and from peaks alike, and survives its codec', () => {
    const fromLeaves = nodesFromLeaves(leafAt);
    const fromPeaks = nodesFromPeaks(leafAt, (count) => PEAKS[count]!);
    for (const count of [1, 2, 3, 4, 5, 6, 7, 8, 11, 16, 23, 31, 32, 33, 47]) {
      const root = historyRoot(PEAKS[count]!);
      for (let height = 0; height < count; height++) {
        const proof = proveHistory(fromLeaves, count, height);
        expect(proveHistory(fromPeaks, count, height)).toEqual(proof);
        expect(decodeHistoryProof(encodeHistoryProof(proof))).toEqual(proof);
        expect(verifyHistoryProof(root, { ...leafAt(height), height }, proof)).toBe(true);
        expect(workOfProof(leafAt(height), proof)).toBe(historyWork(PEAKS[count]!));
        for (let other = 0; other <= count; other++) {
          if (other === height) continue;
          expect(verifyHistoryProof(root, { ...leafAt(height), height: other }, proof)).toBe(false);
          expect(verifyHistoryProof(root, { ...leafAt(other), height }, proof)).toBe(false);
        }
        for (const wrong of [count - 1, count + 1, count + 64]) {
          expect(verifyHistoryProof(root, { ...leafAt(height), height }, { ...proof, count: wrong })).toBe(
            false,
          );
        }
      }
    }
  });

  test('fails with any bit changed, in the proof, the header or the root', () => {
    const nodes = nodesFromLeaves(leafAt);
    for (const [count, height] of [
      [1, 0],
      [3, 2],
      [7, 4],
      [13, 9],
      [64, 17],
    ] as const) {
      const root = historyRoot(PEAKS[count]!);
      const leaf = { ...leafAt(height), height };
      const bytes = encodeHistoryProof(proveHistory(nodes, count, height));
      for (let bit = 0; bit < 8 * bytes.length; bit++) {
        expect(isAccepted(root, leaf, flipBit(bytes, bit))).toBe(false);
      }
      for (let bit = 0; bit < 256; bit++) {
        expect(isAccepted(flipBit(root, bit), leaf, bytes)).toBe(false);
        expect(isAccepted(root, { ...leaf, id: flipBit(leaf.id, bit) }, bytes)).toBe(false);
        expect(isAccepted(root, { ...leaf, work: leaf.work ^ (1n << BigInt(bit)) }, bytes)).toBe(false);
      }
    }
  });

  test('has no more siblings than its codec takes, however long the history', () => {
    const nodes = (_: number, count: number) => ({ hash: ZERO_HASH, count, work: BigInt(count) });
    let most = 0;
    for (const count of [2 ** 32 - 1, 2 ** 31, 2 ** 31 + 1, 2 ** 31 - 1, 3_000_000_019]) {
      for (const height of [0, 1, 2 ** 30, 2 ** 31 - 2, Math.floor(count / 3), count - 2, count - 1]) {
        const proof = proveHistory(nodes, count, height);
        most = Math.max(most, proof.siblings.length);
        expect(decodeHistoryProof(encodeHistoryProof(proof))).toEqual(proof);
      }
    }
    expect(most).toBe(HISTORY_SIBLINGS_MAX);
  });

  test('is refused when cut, extended or out of bounds', () => {
    const bytes = encodeHistoryProof(proveHistory(nodesFromLeaves(leafAt), 7, 3));
    for (let length = 0; length < bytes.length; length++) expectRefused(bytes.slice(0, length));
    expectRefused(concat(bytes, Uint8Array.of(0)));
    expectRefused(concat(u32(0), Uint8Array.of(0)));
    const long = HISTORY_SIBLINGS_MAX + 1;
    expectRefused(concat(u32(2 ** 32 - 1), Uint8Array.of(long), new Uint8Array(64 * long)));
  });

  test('of work that is over what a node can carry is refused and nothing is thrown', () => {
    const proof = proveHistory(nodesFromLeaves(leafAt), 2, 0);
    const most = (1n << 256n) - 1n;
    const heavy = { count: 2, siblings: [{ hash: proof.siblings[0]!.hash, work: most }] };
    const root = historyRoot(PEAKS[2]!);
    expect(verifyHistoryProof(root, { ...leafAt(0), height: 0 }, heavy)).toBe(false);
    expect(verifyHistoryProof(root, { id: vectorId(0), work: -1n, height: 0 }, proof)).toBe(false);
    expect(verifyHistoryProof(root, { id: vectorId(0), work: most + 1n, height: 0 }, proof)).toBe(false);
  });
});

function isAccepted(root: Uint8Array, leaf: HistoryLeaf & { height: number }, bytes: Uint8Array): boolean {
  try {
    return verifyHistoryProof(root, leaf, decodeHistoryProof(bytes));
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    return false;
  }
}

function expectRefused(bytes: Uint8Array): void {
  expect(() => decodeHistoryProof(bytes)).toThrow(RuleError);
}
