/**
 * Owns the choice of the inbound link that makes room for a new one: a pure function of what is known of them, after
 * Bitcoin Core's `node/eviction.cpp`. Each kind of usefulness protects a few, so that an attacker who wants all
 * slots would have to be the best in every respect at once. It holds no state.
 */
import type { Peer } from '../peer.ts';

export type Candidate = Pick<
  Peer,
  'link' | 'openedAtMs' | 'pingMs' | 'lastTransactionAtMs' | 'lastBlockAtMs'
> & {
  /** Network group of the remote host. */
  readonly group: string;
};

const PROTECTED_BY_PING = 8;
const PROTECTED_BY_TRANSACTIONS = 4;
const PROTECTED_BY_BLOCKS = 4;

/** The link to close, or `null` if all are protected. Ties go to the older link, then the lower number. */
export function chooseEviction(candidates: readonly Candidate[]): number | null {
  let left = [...candidates].sort((a, b) => a.openedAtMs - b.openedAtMs || a.link - b.link);
  left = protect(left, PROTECTED_BY_PING, (peer) => peer.pingMs);
  left = protect(left, PROTECTED_BY_TRANSACTIONS, (peer) => since(peer.lastTransactionAtMs));
  left = protect(left, PROTECTED_BY_BLOCKS, (peer) => since(peer.lastBlockAtMs));
  // Half of the rest by age: sitting there for long can't be made up for in a hurry.
  left = left.slice(Math.ceil(left.length / 2));
  const groups = new Map<string, Candidate[]>();
  for (const peer of left) groups.set(peer.group, [...(groups.get(peer.group) ?? []), peer]);
  const age = (group: readonly Candidate[]): number => left.indexOf(group.at(-1)!);
  let largest: Candidate[] = [];
  for (const group of groups.values()) {
    const younger = group.length === largest.length && age(group) > age(largest);
    if (group.length > largest.length || younger) largest = group;
  }
  return largest.at(-1)?.link ?? null;
}

/** Rank of what happened last at `atMs`, 0 for never: the later, the lower. */
const since = (atMs: number): number | null => (atMs === 0 ? null : -atMs);

/** Those left when the `count` with the lowest rank are safe; who has no rank isn't protected by it. */
function protect(peers: Candidate[], count: number, rank: (peer: Candidate) => number | null): Candidate[] {
  const ranked = peers.filter((peer) => rank(peer) !== null).sort((a, b) => rank(a)! - rank(b)!);
  const safe = new Set(ranked.slice(0, count));
  return peers.filter((peer) => !safe.has(peer));
}
