/**
 * Owns proofs that a header is in the history another header commits to. Which siblings a proof has, and how many
 * headers each covers, follows from the height and the count alone, so a proof carries only their hashes and work.
 * At most `HISTORY_SIBLINGS_MAX` of them. Holds no state.
 */
import { assert, RuleError } from '../errors.ts';
import { equalBytes } from '../format/bytes.ts';
import { type Codec, decode, encode, fixed, list, struct, u32, u256 } from '../format/codec.ts';
import {
  type HistoryLeaf,
  type HistoryNode,
  historyRootOf,
  leafNode,
  mergeHistory,
  type Peaks,
} from './history.ts';

/** A leaf under a peak of 2^k headers has k siblings in it, a bag, and at most 31 - k larger peaks. */
export const HISTORY_SIBLINGS_MAX = 32;

export interface HistorySibling {
  readonly hash: Uint8Array;
  readonly work: bigint;
}

export interface HistoryProof {
  /** Headers under the root: the height of the header that carries it. */
  readonly count: number;
  /** From the leaf up to its peak, then the bag of all smaller peaks, then the larger peaks, the smallest first. */
  readonly siblings: readonly HistorySibling[];
}

/** The perfect subtree over headers `start` to `start + count - 1`; `count` is a power of two that divides `start`. */
export type HistoryNodes = (start: number, count: number) => HistoryNode;

/** Subtrees hashed afresh from the headers: costs as many hashes as they cover. */
export function nodesFromLeaves(leafAt: (height: number) => HistoryLeaf): HistoryNodes {
  const nodeOver: HistoryNodes = (start, count) =>
    count === 1
      ? leafNode(leafAt(start))
      : mergeHistory(nodeOver(start, count / 2), nodeOver(start + count / 2, count / 2));
  return nodeOver;
}

/**
 * Subtrees taken from the peaks that headers have: costs at most 32 hashes each. `peaksAt(count)` gives the peaks after
 * the first `count` headers. A left subtree was once the smallest peak; a right one was merged when it was completed,
 * so it is put together again from its own left part and the rest.
 */
export function nodesFromPeaks(
  leafAt: (height: number) => HistoryLeaf,
  peaksAt: (count: number) => Peaks,
): HistoryNodes {
  const nodeOver: HistoryNodes = (start, count) => {
    if ((start / count) % 2 === 0) {
      const peak = peaksAt(start + count);
      assert(peak !== null && peak.count === count, 'a left subtree was the smallest peak once');
      return peak;
    }
    if (count === 1) return leafNode(leafAt(start));
    return mergeHistory(nodeOver(start, count / 2), nodeOver(start + count / 2, count / 2));
  };
  return nodeOver;
}

/** Proof that the header at `height` is among the first `count`. */
export function proveHistory(nodes: HistoryNodes, count: number, height: number): HistoryProof {
  assert(isPlace(height, count), 'the header is one of the first `count`');
  const siblings = placesOf(height, count).map(({ start, count: size, bag }): HistorySibling => {
    const node = bag ? bagOver(nodes, start, size) : nodes(start, size);
    return { hash: node.hash, work: node.work };
  });
  return { count, siblings };
}

/** True if `proof` shows that the header is at `height` of the history under `root`. Never throws. */
export function verifyHistoryProof(
  root: Uint8Array,
  leaf: HistoryLeaf & { readonly height: number },
  proof: HistoryProof,
): boolean {
  if (leaf.id.length !== 32 || !isWork(leaf.work) || !isPlace(leaf.height, proof.count)) return false;
  const places = placesOf(leaf.height, proof.count);
  if (places.length !== proof.siblings.length) return false;
  let node = leafNode(leaf);
  for (const [i, place] of places.entries()) {
    const { hash, work } = proof.siblings[i]!;
    if (hash.length !== 32 || !isWork(work) || !isWork(work + node.work)) return false;
    const sibling = { hash, count: place.count, work };
    node = place.start > leaf.height ? mergeHistory(node, sibling) : mergeHistory(sibling, node);
  }
  return equalBytes(historyRootOf(node), root);
}

/** Cumulative work of the whole history, as a verified proof binds it. */
export function workOfProof(leaf: HistoryLeaf, proof: HistoryProof): bigint {
  return proof.siblings.reduce((work, sibling) => work + sibling.work, leaf.work);
}

/** Of that, the work of the headers below `height`, which the proof is for. */
export function workBelow(height: number, proof: HistoryProof): bigint {
  return placesOf(height, proof.count).reduce(
    (work, { start }, i) => (start < height ? work + proof.siblings[i]!.work : work),
    0n,
  );
}

/**
 * Peaks of the history below `height`, which the header there commits to itself: the siblings on the left are just
 * those. The proof must have been verified.
 */
export function peaksBefore(height: number, proof: HistoryProof): Peaks {
  let peaks: Peaks = null;
  for (const [i, { start, count }] of [...placesOf(height, proof.count).entries()].reverse()) {
    if (start < height) peaks = { ...proof.siblings[i]!, count, rest: peaks };
  }
  return peaks;
}

const PROOF: Codec<{ count: number; siblings: HistorySibling[] }> = struct({
  count: u32,
  siblings: list(HISTORY_SIBLINGS_MAX, struct<HistorySibling>({ hash: fixed(32), work: u256 })),
});

/** count u32, number of siblings u8, then hash (32) and work (32) of each. */
export function encodeHistoryProof(proof: HistoryProof): Uint8Array {
  return encode(PROOF, { count: proof.count, siblings: [...proof.siblings] });
}

/** The proof of its one encoding; `RuleError` ('MALFORMED' or 'OVERSIZE') for anything else. */
export function decodeHistoryProof(bytes: Uint8Array): HistoryProof {
  const proof = decode(PROOF, bytes);
  if (proof.count === 0) throw new RuleError('MALFORMED', 'nothing is in an empty history');
  return proof;
}

/** A run of headers whose node is a sibling on the way up; `bag`: all peaks smaller than the leaf's, folded. */
interface Place {
  readonly start: number;
  readonly count: number;
  readonly bag: boolean;
}

function placesOf(height: number, count: number): Place[] {
  const places: Place[] = [];
  const larger: Place[] = [];
  let start = 0;
  let size = largestPowerUpTo(count);
  while (start + size <= height) {
    larger.push({ start, count: size, bag: false });
    start += size;
    size = largestPowerUpTo(count - start);
  }
  for (let width = 1; width < size; width *= 2) {
    const own = height - ((height - start) % width);
    const sibling = ((own - start) / width) % 2 === 0 ? own + width : own - width;
    places.push({ start: sibling, count: width, bag: false });
  }
  const after = start + size;
  if (after < count) places.push({ start: after, count: count - after, bag: true });
  return [...places, ...larger.reverse()];
}

/** The smaller peaks from `start` on, folded as `bagPeaks` folds them. */
function bagOver(nodes: HistoryNodes, start: number, count: number): HistoryNode {
  const size = largestPowerUpTo(count);
  const first = nodes(start, size);
  return size === count ? first : mergeHistory(first, bagOver(nodes, start + size, count - size));
}

const largestPowerUpTo = (count: number): number => 2 ** (31 - Math.clz32(count));
const isWork = (work: bigint): boolean => work >= 0n && work < 1n << 256n;
const isPlace = (height: number, count: number): boolean =>
  Number.isInteger(count) && count < 2 ** 32 && Number.isInteger(height) && height >= 0 && height < count;
