/**
 * Owns what is known of one peer's headers: whether it may have some we lack, the walk along them, and its turn. A fixed
 * record; the low-work walk in it has bounds of its own.
 */
import type { HeaderNode, HeaderTree } from '../../chain/consensus/header-tree.ts';
import type { Header } from '../../chain/format/header.ts';
import type { Now } from '../door.ts';
import * as limits from '../limits.ts';
import type { Peer } from '../peer.ts';
import type { LowWorkWalk } from './low-work-walk.ts';

export interface HeaderState {
  readonly peer: Peer;
  /** It may have headers we lack. */
  ask: boolean;
  request: { readonly id: number; readonly sentAtMs: number } | null;
  /** Last header of the batch before, while it is being walked. */
  from: HeaderNode | null;
  walk: LowWorkWalk | null;
  /** Bytes of the walk that are counted to the peer. */
  walkBytes: number;
  /** When its turn began. */
  turnAtMs: number | null;
  /** When to ask again for a header that was too early, and which one. */
  retryAtMs: number | null;
  early: Header | null;
  /** Headers it brought whose bodies haven't come. */
  unproven: number;
}

/** Of a peer that has just become ready: it is asked once whatever it claims. */
export function newHeaderState(peer: Peer): HeaderState {
  return {
    peer,
    ask: true,
    request: null,
    from: null,
    walk: null,
    walkBytes: 0,
    turnAtMs: null,
    retryAtMs: null,
    early: null,
    unproven: 0,
  };
}

/** Notes that a header of the peer is too early, and when it will not be. */
export function retryLater(state: HeaderState, header: Header, futureMs: number, now: Now): void {
  const waitMs = header.time - futureMs - now.wallMs;
  state.retryAtMs =
    now.monotonicMs + Math.min(limits.EARLY_RETRY_MAX_MS, Math.max(limits.EARLY_RETRY_MIN_MS, waitMs));
  state.early = header;
}

/** Room for one more batch under the cap; the gap keeps a paused walk from asking again for every single body. */
export function hasRoom({ unproven }: HeaderState): boolean {
  return unproven <= limits.UNPROVEN_HEADERS_MAX - 2 * limits.HEADERS_MAX;
}

/** Until when a peer's walk keeps others from theirs: shorter while it lets us wait for an answer. */
export function turnEndOf({ turnAtMs, request }: HeaderState): number | null {
  if (turnAtMs === null) return null;
  const endsAtMs = turnAtMs + limits.HEADERS_TURN_MS;
  return request === null ? endsAtMs : Math.min(endsAtMs, request.sentAtMs + limits.HEADERS_PATIENCE_MS);
}

/** Where its next answer is to begin. */
export function locatorOf({ walk, from }: HeaderState, headers: HeaderTree): Uint8Array[] {
  if (walk?.counting) return [walk.last, ...headers.locator(walk.start).slice(0, limits.LOCATOR_MAX - 1)];
  if (from !== null) return headers.locator(from);
  if (walk !== null) return headers.locator(walk.start);
  // From the parent of our best header, so that a peer with the same tip still shows that it has it.
  const best = headers.best();
  return headers.locator(best.parent ?? best);
}
