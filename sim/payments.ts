/** Owns the memory of what people were told is accepted, and finds out what became of it. */
import { RuleError } from '../chain/errors.ts';
import type { Body, Transaction } from '../chain/format/transaction.ts';
import { stateRow, transactionRow } from '../chain/ledger/store-keys.ts';
import { TOTALS } from '../chain/state/entries.ts';
import { accessList, executeTransaction } from '../chain/state/execute.ts';
import { WorkingState } from '../chain/state/working-state.ts';
import type { SimNode } from './node.ts';
import type { World } from './world.ts';

export class Payments {
  readonly #world: World;
  /** By key. */
  readonly accepted = new Map<string, Transaction>();

  constructor(world: World) {
    this.#world = world;
  }

  /** A user hands a transaction to a node; what it is refused for is the user's business. */
  async send(node: SimNode, user: number, body: Body): Promise<void> {
    const { transaction, answer } = await this.#world.send(node, user, body);
    if (answer !== undefined && 'status' in answer) this.accepted.set(transaction.key, transaction);
  }

  pay(node: SimNode, from: number, to: number, amount: number): Promise<void> {
    return this.send(node, from, this.#world.users.transfer(to, amount));
  }

  /** Accepted, and in no block of the chain agreed on. */
  async unmined(): Promise<Transaction[]> {
    const all = [...this.accepted.values()];
    const rows = await this.#read(all.map(({ id }) => transactionRow(id)));
    return all.filter((_, i) => rows[i] === undefined);
  }

  /**
   * Accepted, unmined, and yet good on the tip all agree on, without any node having said that it gave it up. There are
   * none: what was accepted is mined unless another transaction, mined in its place, has made it bad.
   */
  async lost(): Promise<Transaction[]> {
    const { dropped } = this.#world.watch;
    const lost = this.#world.nodes.map(({ disk }) => disk.lost);
    const unmined = (await this.unmined())
      .filter(({ key }) => !dropped.has(key) && !lost.some((keys) => keys.has(key)))
      .sort((a, b) => a.nonce - b.nonce);
    const refs = [TOTALS, ...accessList(unmined)];
    const values = await this.#read(refs.map(({ key }) => stateRow(key)));
    const state = new WorkingState();
    state.load(
      refs,
      values.map((bytes) => bytes ?? null),
    );
    const height = this.#world.nodes[0]!.reactor!.ledger.tip.height + 1;
    return unmined.filter((transaction) => {
      try {
        executeTransaction({ params: this.#world.params, height, state }, transaction);
        return true;
      } catch (error) {
        if (error instanceof RuleError) return false;
        throw error;
      }
    });
  }

  #read(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return this.#world.nodes[0]!.disk.content.getMany(keys);
  }
}
