/**
 * Owns what the people of a life do: they pay each other, make records, give and drop them, change their keys, set up who
 * may recover an account, recover it, stop that, or give it up. They pay more for what waits, spend the same money
 * twice, and sign what is soon too late. Much of it is refused: that's life.
 */
import { equalBytes } from '../chain/format/bytes.ts';
import type { Body } from '../chain/format/transaction.ts';
import { recoveryAt } from '../chain/state/effect.ts';
import { proveKey } from '../wallet/sign.ts';
import type { SimNode } from './node.ts';
import type { Payments } from './payments.ts';
import type { Random } from './random.ts';
import { authKeyFor, nextNonce, type Standing, standingsOf } from './standing.ts';
import type { Order } from './users.ts';
import type { World } from './world.ts';

const OUTPUTS_MAX = 4;
const MEMO_BYTES_MAX = 40;
/** Blocks that a recovery waits. */
const DELAY_MAX = 4;
const RECORD_NAMES = 2;
const HONEST_PLANKS = 10_000;

/** Somebody about to act, with all accounts as the node shows them. */
interface Scene {
  readonly node: SimNode;
  readonly user: number;
  readonly standings: readonly Standing[];
}

export class People {
  readonly #world: World;
  readonly #random: Random;
  readonly #payments: Payments;

  constructor(world: World, random: Random, payments: Payments) {
    this.#world = world;
    this.#random = random;
    this.#payments = payments;
  }

  /** Somebody does something. */
  async act(): Promise<void> {
    const { up, users } = this.#world;
    if (up.length === 0) return;
    const node = this.#random.pick(up);
    const standings = await standingsOf(
      node,
      users.all.map(({ address }) => address),
    );
    const scene = { node, user: this.#random.below(users.all.length), standings };
    const what = this.#random.below(10);
    if (what === 0) return this.#payMore(scene);
    if (what === 1) return this.#spendTwice(scene);
    const nonce = nextNonce(standings[scene.user]!);
    const body = what < 4 ? this.#keyBody(scene, nonce) : this.#body(scene);
    await this.#payments.hand([{ node, transaction: this.#sign(scene, nonce, body) }]);
  }

  /** Everybody who can pays once, by way of one node after the other, and nobody does anything else. Their keys. */
  async payHonestly(): Promise<string[]> {
    const { up, users, params } = this.#world;
    const standings = await standingsOf(
      up[0]!,
      users.all.map(({ address }) => address),
    );
    const able = standings.flatMap(({ account }, user) =>
      account !== null && !account.locked && account.balance > 2 * HONEST_PLANKS ? [user] : [],
    );
    const keys: string[] = [];
    for (const [i, user] of able.entries()) {
      const to = able[(i + 1) % able.length]!;
      const { account } = standings[user]!;
      const transaction = users.sign(user, {
        chainId: up[0]!.reactor!.ledger.chainId,
        nonce: account!.nonce,
        feePerByte: params.prices.feePerByte,
        body: users.transfer(to, HONEST_PLANKS),
        ...(account!.authKey && { authKey: account!.authKey }),
      });
      await this.#payments.hand([{ node: up[i % up.length]!, transaction }]);
      keys.push(transaction.key);
    }
    return keys;
  }

  #sign({ node, user, standings }: Scene, nonce: number, body: Body, terms: Partial<Order> = {}) {
    const { ledger } = node.reactor!;
    const authKey = authKeyFor(standings[user]!, nonce);
    return this.#world.users.sign(user, {
      chainId: ledger.chainId,
      nonce,
      feePerByte: this.#world.params.prices.feePerByte,
      body,
      ...(this.#random.chance(1, 8) && { validUntil: ledger.tip.height + this.#random.below(4) }),
      ...(authKey && { authKey }),
      ...terms,
    });
  }

  /** Something else with the nonce of what waits, for more or hardly more. */
  async #payMore(scene: Scene): Promise<void> {
    const { queue } = scene.standings[scene.user]!;
    if (queue.length === 0) return;
    const rival = this.#random.pick(queue);
    const fee = Math.ceil((rival.fee * this.#random.between(105, 150)) / 100);
    const body = this.#random.chance(1, 2) ? rival.body : this.#transfer(scene.user);
    const transaction = this.#sign(scene, rival.nonce, body, { fee });
    await this.#payments.hand([{ node: scene.node, transaction }]);
  }

  /** Two transactions with one nonce for two nodes at the same moment. */
  async #spendTwice(scene: Scene): Promise<void> {
    const others = this.#world.up.filter((node) => node !== scene.node);
    if (others.length === 0) return;
    const nonce = nextNonce(scene.standings[scene.user]!);
    const [one, two] = [0, 1].map(() => this.#sign(scene, nonce, this.#transfer(scene.user)));
    await this.#payments.hand([
      { node: scene.node, transaction: one! },
      { node: this.#random.pick(others), transaction: two! },
    ]);
  }

  #body({ user }: Scene): Body {
    const { users } = this.#world;
    const other = this.#random.below(users.all.length);
    const creator = this.#random.chance(2, 3) ? user : other;
    const name = this.#random.below(RECORD_NAMES);
    switch (this.#random.below(8)) {
      case 0:
      case 1:
        return users.put(creator, name, this.#random.bytes(this.#random.below(64)));
      case 2:
        return users.give(creator, name, other);
      case 3:
        return users.drop(creator, name);
      default:
        return this.#transfer(user);
    }
  }

  /** To one or several, oneself perhaps, with or without a memo. */
  #transfer(user: number): Body {
    const { users } = this.#world;
    const most = users.isFunded(user) ? 1_000_000 : 100_000;
    const count = this.#random.chance(1, 4) ? this.#random.between(2, OUTPUTS_MAX) : 1;
    const outputs = Array.from({ length: count }, () => ({
      to: users.address(this.#random.below(users.all.length)),
      amount: this.#random.between(1, most),
    }));
    return users.transferMany(outputs, this.#random.bytes(this.#random.below(MEMO_BYTES_MAX)));
  }

  /** Something about keys that makes sense as things stand. */
  #keyBody({ node, user, standings }: Scene, nonce: number): Body {
    const { users } = this.#world;
    const { ledger } = node.reactor!;
    const height = ledger.tip.height + 1;
    const sender = users.address(user);
    const proof = { chainId: ledger.chainId, sender, nonce };
    const bodies: (() => Body)[] = [() => ({ TAG: 'rotate', data: proveKey(users.newKey(user), proof) })];
    const { account } = standings[user]!;
    const recovery = account === null ? null : recoveryAt(account, height).recovery;
    const set = (): Body => ({ TAG: 'setRecovery', data: { recovery: this.#recovery() } });
    if (recovery === null) bodies.push(set, set);
    else bodies.push(set, () => ({ TAG: 'revoke', data: {} }));
    const veto = (target: Uint8Array): (() => Body)[] =>
      Array.from({ length: 4 }, () => () => ({ TAG: 'veto', data: { target } }));
    if (account?.pendingRecovery) bodies.push(...veto(sender));
    standings.forEach(({ account: ward }, other) => {
      if (ward === null) return;
      const now = recoveryAt(ward, height);
      const target = users.address(other);
      if (now.recovery === null || !equalBytes(now.recovery.account, sender)) return;
      const data = { target };
      if (now.pendingChange !== null) bodies.push(...veto(target));
      const prove = () => proveKey(users.newKey(other), { ...proof, target });
      const next: () => Body =
        ward.pendingRecovery === null
          ? () => ({ TAG: 'recover', data: { ...data, ...prove() } })
          : () => ({ TAG: 'claim', data });
      bodies.push(next, next, ...(ward.locked ? [next, next] : []));
    });
    return this.#random.pick(bodies)();
  }

  #recovery(): { account: Uint8Array; delay: number } | null {
    const { users } = this.#world;
    if (this.#random.chance(1, 5)) return null;
    const account = users.address(this.#random.below(users.all.length));
    return { account, delay: this.#random.between(1, DELAY_MAX) };
  }
}
