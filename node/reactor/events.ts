/** Owns what the reactor tells its listeners: RPC subscriptions, logs, metrics and the simulator's checkers. */
import type { RuleError } from '../../chain/errors.ts';
import type { Transaction } from '../../chain/format/transaction.ts';
import type { Rejection, TipChange } from '../../chain/ledger/ledger.ts';

export type NodeEvent =
  /** The tip moved. A reorganisation if `change.disconnected` isn't empty. */
  | { readonly type: 'tip'; readonly change: TipChange }
  /** In the mempool, ready to be mined. */
  | { readonly type: 'pending'; readonly transactions: readonly Transaction[] }
  | { readonly type: 'dropped'; readonly transaction: Transaction; readonly error: RuleError }
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
