/**
 * Owns a random life of a world in two phases. *Safety*: faults drawn from the seed while people pay each other, with
 * every law checked. *Liveness*: all faults end, and all nodes must come to one tip and one mempool, and all that was
 * accepted and can still be mined must be.
 */

import type { Body } from '../chain/format/transaction.ts';
import type { SimNode } from './node.ts';
import { Payments } from './payments.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

export interface LifeOptions {
  /** Length of the first phase, ms. */
  readonly safetyMs: number;
  /** Between two faults, on average. */
  readonly faultMs: number;
  /** Between two transactions of users, on average. */
  readonly actMs: number;
  /** How long the nodes may take to agree once the faults are over. */
  readonly livenessMs: number;
}

/** A crashed node is down for up to so long. */
const DOWN_MS = 60_000;
const LAG_MS = 2_000;

export class Life {
  readonly #world: World;
  readonly #random: Random;
  readonly #options: LifeOptions;
  readonly payments: Payments;

  constructor(world: World, options: LifeOptions) {
    this.#world = world;
    this.#random = world.random.fork('life');
    this.#options = options;
    this.payments = new Payments(world);
  }

  async run(): Promise<void> {
    await this.#safety();
    await this.#liveness();
  }

  async #safety(): Promise<void> {
    const { safetyMs, faultMs, actMs } = this.#options;
    const end = this.#world.now + safetyMs;
    let faultAt = this.#world.now + this.#random.exponential(faultMs);
    let actAt = this.#world.now + this.#random.exponential(actMs);
    while (this.#world.now < end) {
      await this.#world.run(Math.max(0, Math.min(faultAt, actAt, end) - this.#world.now));
      if (this.#world.now >= actAt) {
        await this.#act();
        actAt = this.#world.now + this.#random.exponential(actMs);
      }
      if (this.#world.now >= faultAt) {
        this.#fault();
        faultAt = this.#world.now + this.#random.exponential(faultMs);
      }
    }
  }

  async #act(): Promise<void> {
    const { up } = this.#world;
    if (up.length === 0) return;
    const user = this.#random.below(this.#world.users.all.length);
    await this.payments.send(this.#random.pick(up), user, this.#draft(user));
  }

  /** Mostly payments, and records that change hands. Much of it is refused: that's life. */
  #draft(user: number): Body {
    const { users } = this.#world;
    const other = this.#random.below(users.all.length);
    const creator = this.#random.chance(2, 3) ? user : other;
    const name = this.#random.below(2);
    switch (this.#random.below(8)) {
      case 0:
      case 1:
        return users.put(creator, name, this.#random.bytes(this.#random.below(64)));
      case 2:
        return users.give(creator, name, other);
      case 3:
        return users.drop(creator, name);
      default:
        return users.transfer(other, this.#random.between(1, users.isFunded(user) ? 1_000_000 : 100_000));
    }
  }

  #fault(): void {
    const { network, watch } = this.#world;
    const node = this.#random.pick(this.#world.nodes);
    switch (this.#random.below(6)) {
      case 0:
      case 1: {
        const cut = this.#random.chance(1, 2);
        watch.note(cut ? 'fault cut' : 'fault stall');
        network.split(this.#groups(), cut);
        break;
      }
      case 2:
        watch.note('fault heal');
        network.heal();
        break;
      case 3:
        watch.note('fault lag');
        network.lag(node.index, this.#random.chance(1, 2) ? 0 : this.#random.below(LAG_MS));
        break;
      default:
        this.#restart(node);
    }
  }

  #groups(): number[][] {
    const nodes = this.#random.shuffle(this.#world.nodes.map(({ index }) => index));
    const at = this.#random.between(1, nodes.length - 1);
    return [nodes.slice(0, at), nodes.slice(at)];
  }

  #restart(node: SimNode): void {
    if (!node.isUp) return;
    if (this.#random.chance(1, 4)) {
      this.#world.watch.note('fault stop');
      node.stop();
    } else {
      this.#world.watch.note('fault crash');
      node.crash();
    }
    this.#world.after(this.#random.exponential(DOWN_MS / 4), () => node.start());
  }

  async #liveness(): Promise<void> {
    const world = this.#world;
    world.network.heal();
    for (const node of world.nodes) {
      world.network.lag(node.index, 0);
      node.start();
    }
    const { livenessMs } = this.#options;
    await world.until(
      'all nodes agree',
      () => world.up.length === world.nodes.length && world.agrees,
      livenessMs,
    );
    await world.until(
      'the mempools are empty',
      () => world.agrees && world.up[0]!.reactor!.pool.size === 0,
      livenessMs,
    );
    await world.auditSame();
  }
}
