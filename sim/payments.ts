/**
 * Owns the memory of what people were told is accepted, and by whom, and finds out what became of it. Grows with the
 * transactions of a world.
 */
import { toHex } from '../chain/format/bytes.ts';
import type { Body, Transaction } from '../chain/format/transaction.ts';
import { transactionRow } from '../chain/ledger/store-keys.ts';
import type { SimNode } from './node.ts';
import { authKeyFor, nextNonce, standingsOf } from './standing.ts';
import type { World } from './world.ts';

interface Accepted {
  readonly transaction: Transaction;
  /** Who said so. */
  readonly nodes: Set<SimNode>;
}

export class Payments {
  readonly #world: World;
  /** By key. */
  readonly accepted = new Map<string, Accepted>();

  constructor(world: World) {
    this.#world = world;
  }

  /** People hand transactions to nodes, all at the same moment; what one is refused for is its sender's business. */
  async hand(
    orders: readonly { readonly node: SimNode; readonly transaction: Transaction }[],
  ): Promise<void> {
    const lives = orders.map(({ node }) => node.life);
    const answers = orders.map(async ({ node, transaction }) => {
      const [answer] = await this.#world.hand(node, [transaction]);
      if (answer === undefined || !('status' in answer)) return;
      const accepted = this.accepted.get(transaction.key) ?? { transaction, nodes: new Set() };
      accepted.nodes.add(node);
      this.accepted.set(transaction.key, accepted);
    });
    await this.#world.finish(Promise.all(answers), () => lives.every((isAlive) => isAlive()));
  }

  async send(node: SimNode, user: number, body: Body): Promise<void> {
    const { users, params } = this.#world;
    const [standing] = await standingsOf(node, [users.address(user)]);
    const nonce = nextNonce(standing!);
    const { chainId } = node.reactor!.ledger;
    const authKey = authKeyFor(standing!, nonce);
    const order = { chainId, nonce, feePerByte: params.prices.feePerByte, body, ...(authKey && { authKey }) };
    await this.hand([{ node, transaction: users.sign(user, order) }]);
  }

  pay(node: SimNode, from: number, to: number, amount: number): Promise<void> {
    return this.send(node, from, this.#world.users.transfer(to, amount));
  }

  /** Addresses, in hex, of who signed several transactions with one nonce: nodes may hold different ones of theirs. */
  contested(): Set<string> {
    const places = new Set<string>();
    const contested = new Set<string>();
    for (const { transaction } of this.accepted.values()) {
      const sender = toHex(transaction.sender);
      const place = `${sender} ${transaction.nonce}`;
      if (places.has(place)) contested.add(sender);
      places.add(place);
    }
    return contested;
  }

  /** Accepted, and in no block of the chain agreed on. */
  async unmined(): Promise<Transaction[]> {
    return (await this.#unmined()).map(({ transaction }) => transaction);
  }

  /**
   * Accepted, unmined, and yet one who accepted it has neither said that it gave it up nor holds it still. There are
   * none, but for those on disks that lost them.
   */
  async lost(): Promise<Transaction[]> {
    const { watch, nodes } = this.#world;
    const unmined = await this.#unmined();
    return unmined
      .filter(({ transaction: { key }, nodes: told }) => {
        if (nodes.some(({ disk }) => disk.lost.has(key))) return false;
        return [...told].some(
          (node) => !watch.hasDropped(node, key) && node.reactor?.admissions.held(key) === undefined,
        );
      })
      .map(({ transaction }) => transaction);
  }

  async #unmined(): Promise<Accepted[]> {
    const all = [...this.accepted.values()];
    const { content } = this.#world.up[0]!.disk;
    const rows = await content.getMany(all.map(({ transaction }) => transactionRow(transaction.id)));
    return all.filter((_, i) => rows[i] === undefined);
  }
}
