/**
 * Owns a random life of a world in two phases. *Safety*: faults drawn from the seed while people pay each other, with
 * every law checked. *Liveness*: all faults end, and all nodes must come to one tip and one mempool, and all that was
 * accepted and can still be mined must be.
 */

import type { Body } from '../chain/format/transaction.ts';
import type { SimNode } from './node.ts';
import { Payments } from './payments.ts';
import type { FaultName } from './plan.ts';
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
  readonly faults: readonly FaultName[];
  /** Told now and then how far it is. */
  readonly progress?: (phase: string, nowMs: number) => void;
}

/** A crashed node is down for up to so long. */
const DOWN_MS = 60_000;
const LAG_MS = 2_000;
/** What an adversary does takes so long at most; a victim that is gone keeps it waiting. */
const DEED_MS = 2_000;

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
      this.#options.progress?.('faults', this.#world.now);
      await this.#world.run(Math.max(0, Math.min(faultAt, actAt, end) - this.#world.now));
      if (this.#world.now >= actAt) {
        await this.#act();
        actAt = this.#world.now + this.#random.exponential(actMs);
      }
      if (this.#world.now >= faultAt) {
        this.#fault();
        const deed = this.#world.gang.act(this.#world.up);
        const until = this.#world.now + DEED_MS;
        await this.#world.finish(deed, () => this.#world.now < until);
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

  #fault() {
    const { network, watch } = this.#world;
    const { faults } = this.#options;
    // Now and then all is well for a while, or one broken world would hide the next.
    if (this.#random.chance(1, 6)) {
      watch.note('fault heal');
      network.heal();
      for (const node of this.#world.nodes) node.disk.full = false;
    }
    if (faults.length === 0) return;
    const fault = this.#random.pick(faults);
    // What every disk has lost is lost: only those of a minority are damaged.
    const { nodes } = this.#world;
    const reach = fault === 'flip' ? Math.max(1, (nodes.length - 1) >> 1) : nodes.length;
    const node = nodes[this.#random.below(reach)]!;
    watch.note(`fault ${fault}`);
    switch (fault) {
      case 'cut':
      case 'stall':
        return network.split(this.#groups(), fault === 'cut');
      case 'lag':
        return network.lag(node.index, this.#random.chance(1, 2) ? 0 : this.#random.below(LAG_MS));
      case 'full':
        node.disk.full = true;
        this.#world.after(this.#random.exponential(DOWN_MS / 4), () => {
          node.disk.full = false;
          node.start();
        });
        break;
      default:
        this.#end(node, fault);
    }
  }

  #groups(): number[][] {
    const nodes = this.#random.shuffle(this.#world.nodes.map(({ index }) => index));
    const at = this.#random.between(1, nodes.length - 1);
    return [nodes.slice(0, at), nodes.slice(at)];
  }

  /** Ends a node, and has it start again later. */
  #end(node: SimNode, fault: 'crash' | 'stop' | 'power' | 'flip') {
    if (!node.isUp) return;
    if (fault === 'stop') node.stop();
    else if (fault === 'power') void node.cutPower();
    else if (fault === 'crash') node.crash();
    else {
      void node.disk.flip();
      // Damage to what is read now is found while it runs, other damage when it starts.
      if (this.#random.chance(1, 2)) return;
      node.crash();
    }
    this.#world.after(this.#random.exponential(DOWN_MS / 4), () => node.start());
  }

  async #liveness(): Promise<void> {
    const world = this.#world;
    this.#options.progress?.('healing', world.now);
    world.gang.stop();
    world.network.heal();
    for (const node of world.nodes) {
      node.disk.full = false;
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
