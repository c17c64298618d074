/** Owns what a cause is: one step in the story of a transaction, told in plain values so that it can be stored. */

import type { HeaderNode } from '../../chain/consensus/header-tree.ts';
import type { ErrorCode, RuleError } from '../../chain/errors.ts';
import { formatAddress } from '../../chain/format/address.ts';
import type { Way } from './events.ts';
import type { Reorg } from './reorgs.ts';

/** Who brought something: a user of this node, a peer by its node id in hex and its address, or the node itself. */
export type Origin =
  | { readonly kind: 'user' }
  | { readonly kind: 'self' }
  /** Node and address are `null` if its link was closed by the time it was looked at. */
  | { readonly kind: 'peer'; readonly node: string | null; readonly address: string | null };

/** A block as a cause names it. */
export interface BlockName {
  readonly height: number;
  readonly id: string;
  /** Address of who mined it. */
  readonly miner: string;
}

export interface Reason {
  readonly code: ErrorCode;
  readonly message: string;
}

/** `at` is the wall clock in milliseconds since 1970. */
export type Cause = { readonly at: number } /** Taken into the mempool; `from` only if it is new. */ & (
  | { readonly what: 'pending'; readonly way: Way; readonly from: Origin | null }
  /** Set aside until what it rests on is here. */
  | {
      readonly what: 'waiting';
      readonly way: Way;
      readonly from: Origin | null;
      readonly reason: Reason | null;
    }
  | { readonly what: 'mined'; readonly block: BlockName }
  /** Its block left the chain. */
  | { readonly what: 'orphaned'; readonly block: BlockName; readonly reorg: Reorg }
  /** Given up. `by` is the transaction that took its place. */
  | { readonly what: 'dropped'; readonly reason: Reason; readonly by: string | null }
  | { readonly what: 'refused'; readonly reason: Reason; readonly from: Origin }
);

/** What is remembered of a transaction, oldest first. */
export interface Story {
  readonly causes: readonly Cause[];
  /** Causes after the first that were left out to keep it short. */
  readonly left: number;
}

/** When a block came, and from whom. */
export interface Arrival {
  readonly at: number;
  readonly from: Origin;
}

/** The last reorganisation and the transactions of the blocks that it undid. */
export interface Displacement {
  readonly reorg: Reorg;
  /** Ids in hex, the oldest first; the first of them only. */
  readonly transactions: readonly string[];
  readonly count: number;
}

/** One entry of the log, as it is stored. Transactions that share a cause share an entry. */
export type Entry =
  | { readonly transactions: readonly string[]; readonly cause: Cause }
  | { readonly block: string; readonly arrival: Arrival }
  | { readonly displacement: Displacement };

export function blockName({ height, key, header }: HeaderNode): BlockName {
  return { height, id: key, miner: formatAddress(header.miner) };
}

export function reasonOf({ code, message }: RuleError): Reason {
  return { code, message };
}
