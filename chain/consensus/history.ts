/**
 * Owns the Merkle mountain range over all earlier headers, whose root every header carries. Each node binds how many
 * headers it covers and their work, and the root binds both totals, so that neither can be claimed without being
 * proved. The peaks are an immutable list that grows by one node a header and shares the rest with its parent's: at
 * most 32 peaks are reachable from a header besides those of its ancestors.
 */
import { assert } from '../errors.ts';
import { u32, u256 } from '../format/bytes.ts';
import { DOMAIN, hash, ZERO_HASH } from '../format/hash.ts';

/** A header as the range sees it. */
export interface HistoryLeaf {
  /** Block id, 32 bytes. */
  readonly id: Uint8Array;
  /** Expected hashes this one header stands for. */
  readonly work: bigint;
}

/** A node over `count` headers in a row. */
export interface HistoryNode {
  readonly hash: Uint8Array;
  readonly count: number;
  readonly work: bigint;
}

/** The peaks of a range, the smallest (newest headers) first; `null` has no header. */
export type Peaks = Peak | null;
export interface Peak extends HistoryNode {
  readonly rest: Peaks;
}

/** Of a node, as the one over it hashes it. */
const NODE_BYTES = 68;
/** Two of them, while they are hashed. */
const pair = new Uint8Array(2 * NODE_BYTES);
const pairView = new DataView(pair.buffer);

/** The history of the genesis block: nothing is earlier. */
export const EMPTY_HISTORY: Peaks = null;

/** The peaks with one more header. Amortised one merge and one new peak. */
export function appendHistory(peaks: Peaks, leaf: HistoryLeaf): Peak {
  let node = leafNode(leaf);
  let rest = peaks;
  while (rest !== null && rest.count === node.count) {
    node = mergeHistory(rest, node);
    rest = rest.rest;
  }
  return { hash: node.hash, count: node.count, work: node.work, rest };
}

/** What a header commits to whose earlier headers are these: 32 bytes. */
export function historyRoot(peaks: Peaks): Uint8Array {
  if (peaks === null) return historyRootOf({ hash: ZERO_HASH, count: 0, work: 0n });
  return historyRootOf(bagPeaks(peaks));
}

/** Number of headers under the peaks. */
export function historyCount(peaks: Peaks): number {
  let count = 0;
  for (let peak = peaks; peak !== null; peak = peak.rest) count += peak.count;
  return count;
}

/** Cumulative work of the headers under the peaks. */
export function historyWork(peaks: Peaks): bigint {
  let work = 0n;
  for (let peak = peaks; peak !== null; peak = peak.rest) work += peak.work;
  return work;
}

export function leafNode(leaf: HistoryLeaf): HistoryNode {
  return { hash: leaf.id, count: 1, work: leaf.work };
}

/** The node over both; `left` covers the older headers. */
export function mergeHistory(left: HistoryNode, right: HistoryNode): HistoryNode {
  writeNode(0, left);
  writeNode(NODE_BYTES, right);
  return {
    hash: hash(DOMAIN.historyInner, pair),
    count: left.count + right.count,
    work: left.work + right.work,
  };
}

/** Hash (32), count u32, work u256. */
function writeNode(at: number, node: HistoryNode): void {
  pair.set(node.hash, at);
  pairView.setUint32(at + 32, node.count);
  pair.fill(0, at + 36, at + NODE_BYTES);
  // Each step takes the lowest 64 bits, and what is above them is mostly nothing.
  let end = at + NODE_BYTES;
  for (let rest = node.work; rest > 0n; rest >>= 64n) {
    end -= 8;
    pairView.setBigUint64(end, rest);
  }
  assert(end >= at + 36, 'the work of a node fits its field');
}

/** One node over all peaks: folded from the smallest to the largest. */
export function bagPeaks(peaks: Peak): HistoryNode {
  let bag: HistoryNode = peaks;
  for (let peak = peaks.rest; peak !== null; peak = peak.rest) bag = mergeHistory(peak, bag);
  return bag;
}

/** Root that binds the totals of `bag`, the one node over all. */
export function historyRootOf(bag: HistoryNode): Uint8Array {
  assert(bag.count < 2 ** 32 && bag.work < 1n << 256n, 'totals of a history fit their fields');
  return hash(DOMAIN.historyRoot, u32(bag.count), u256(bag.work), bag.hash);
}
