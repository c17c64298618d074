/** Owns what the reactor tells its listeners: RPC subscriptions, logs, metrics, the log of causes, the simulator's checkers. */
import type { HeaderNode } from '../../chain/consensus/header-tree.ts';
import type { RuleError } from '../../chain/errors.ts';
import type { Transaction } from '../../chain/format/transaction.ts';
import type { Rejection, TipChange } from '../../chain/ledger/tip-change.ts';

/**
 * How transactions come to the mempool: from outside, after waiting for what they rest on, out of a displaced block, or
 * from the disk at start.
 */
export type Way = 'new' | 'waited' | 'displaced' | 'restart';

export type NodeEvent =
  /** A block came whole over a link, or was mined here (`null`). */
  | { readonly type: 'block'; readonly node: HeaderNode; readonly link: number | null }
  /** The tip moved. A reorganisation if `change.disconnected` isn't empty. */
  | { readonly type: 'tip'; readonly change: TipChange }
  /** In the mempool, ready to be mined. `link` brought them; `null` for a user, or where the way isn't 'new'. */
  | {
      readonly type: 'pending';
      readonly transactions: readonly Transaction[];
      readonly link: number | null;
      readonly way: Way;
    }
  /** Neither in the mempool nor given up: it rests on what isn't here, or, without an error, was taken back. */
  | {
      readonly type: 'waiting';
      readonly transaction: Transaction;
      readonly error: RuleError | null;
      readonly link: number | null;
      readonly way: Way;
    }
  /** Not taken, and it was never here. */
  | {
      readonly type: 'refused';
      readonly transaction: Transaction;
      readonly error: RuleError;
      readonly link: number | null;
    }
  /** It was here and was given up. */
  | {
      readonly type: 'dropped';
      readonly transaction: Transaction;
      readonly error: RuleError;
      readonly replacedBy?: string;
    }
  | { readonly type: 'invalidBlock'; readonly rejection: Rejection }
  /** An event of the protocol machine; names in p2p/events.ts. */
  | {
      readonly type: 'network';
      readonly name: string;
      readonly fields: Readonly<Record<string, string | number | boolean>>;
    };

export type Listener = (event: NodeEvent) => void;

export class Listeners {
  readonly #all = new Set<Listener>();

  /** Returns the way to stop listening. */
  add(listener: Listener): () => void {
    this.#all.add(listener);
    return () => this.#all.delete(listener);
  }

  tell(event: NodeEvent): void {
    for (const listener of this.#all) listener(event);
  }
}
