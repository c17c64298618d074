/** Owns the memory of what people were told is accepted, and finds out what became of it. */
import type { Transaction } from '../chain/format/transaction.ts';
import { stateRow, transactionRow } from '../chain/ledger/store-keys.ts';
import { accountRef, decodeAccount } from '../chain/state/entries.ts';
import type { SimNode } from './node.ts';
import type { World } from './world.ts';

export class Payments {
  readonly #world: World;
  /** By key. */
  readonly accepted = new Map<string, Transaction>();

  constructor(world: World) {
    this.#world = world;
  }

  /** One user pays another by way of a node; what it is refused for is the user's business. */
  async pay(node: SimNode, from: number, to: number, amount: number): Promise<void> {
    const { transaction, answer } = await this.#world.pay(node, from, to, amount);
    if (answer !== undefined && 'status' in answer) this.accepted.set(transaction.key, transaction);
  }

  /** Accepted, and in no block of the chain agreed on. */
  async unmined(): Promise<Transaction[]> {
    const all = [...this.accepted.values()];
    const rows = await this.#read(all.map(({ id }) => transactionRow(id)));
    return all.filter((_, i) => rows[i] === undefined);
  }

  /**
   * Accepted and unmined though their nonce is still free. There are none: what was accepted is only ever displaced by
   * another transaction of its sender.
   */
  async lost(): Promise<Transaction[]> {
    const unmined = await this.unmined();
    const accounts = await this.#read(unmined.map(({ sender }) => stateRow(accountRef(sender).key)));
    return unmined.filter(({ nonce }, i) => {
      const account = accounts[i];
      return account === undefined || decodeAccount(account).nonce <= nonce;
    });
  }

  #read(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return this.#world.nodes[0]!.disk.content.getMany(keys);
  }
}
