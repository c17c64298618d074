/** Owns what is known of one peer as a source of transactions. A record; its bounds are the fetcher's. */
import { Turnover } from '../../chain/turnover.ts';
import type { Peer } from '../peer.ts';
import { VainCredit } from './vain-credit.ts';

export interface FetchRequest {
  readonly keys: readonly string[];
  readonly deadlineMs: number;
}

export interface FetchState {
  readonly peer: Peer;
  /** Wanted ids that name this link as an announcer or as asked. */
  announced: number;
  /** Keys to ask this link for. */
  readonly queue: string[];
  readonly requests: Turnover<number, FetchRequest>;
  checkingBytes: number;
  readonly credit: VainCredit;
}

export function newFetchState(peer: Peer, nowMs: number): FetchState {
  const credit = new VainCredit(nowMs);
  return { peer, announced: 0, queue: [], requests: new Turnover(), checkingBytes: 0, credit };
}
