/**
 * Owns a random life of a world in two phases. *Safety*: faults drawn from the seed while people pay each other, with
 * every law checked. *Liveness*: all faults end, and all nodes must come to one tip and one mempool, and all that was
 * accepted and can still be mined must be.
 */

import { CorruptStoreError } from '../chain/errors.ts';
import { toHex } from '../chain/format/bytes.ts';
import { doAgree } from './agreement.ts';
import { AuditError } from './audit-error.ts';
import { findLeftover } from './bounds.ts';
import { Faults } from './faults.ts';
import { Payments } from './payments.ts';
import { People } from './people.ts';
import type { FaultName } from './plan.ts';
import type { Random } from './random.ts';
import { auditReplay } from './retrace.ts';
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

/** What an adversary does takes so long at most; a victim that is gone keeps it waiting. */
const DEED_MS = 2_000;

/** How long it may take until all know what one was told. */
const AGREE_MS = 30_000;
/** How long what a node holds for peers may outlast the work. */
const IDLE_MS = 120_000;

export class Life {
  readonly #world: World;
  readonly #random: Random;
  readonly #options: LifeOptions;
  readonly payments: Payments;
  readonly #people: People;
  readonly #faults: Faults;

  constructor(world: World, options: LifeOptions) {
    this.#world = world;
    this.#random = world.random.fork('life');
    this.#options = options;
    this.payments = new Payments(world);
    this.#people = new People(world, this.#random.fork('people'), this.payments);
    this.#faults = new Faults(world, this.#random.fork('faults'), options.faults);
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
        await this.#people.act();
        actAt = this.#world.now + this.#random.exponential(actMs);
      }
      if (this.#world.now >= faultAt) {
        this.#faults.act();
        const deed = this.#world.gang.act(this.#world.up).catch((error) => {
          // It was reading its victim's store as that was damaged.
          if (!(error instanceof CorruptStoreError)) throw error;
        });
        const until = this.#world.now + DEED_MS;
        await this.#world.finish(deed, () => this.#world.now < until);
        faultAt = this.#world.now + this.#random.exponential(faultMs);
      }
    }
  }

  async #liveness(): Promise<void> {
    const world = this.#world;
    this.#options.progress?.('healing', world.now);
    world.gang.stop();
    this.#faults.end();
    const { livenessMs } = this.#options;
    const isThere = (): boolean => world.up.length === world.members.length;
    // Where somebody spent twice, nodes may hold different halves of it until one is mined.
    const agree = (): boolean => {
      const contested = this.payments.contested();
      return isThere() && doAgree(world.up, ({ sender }) => !contested.has(toHex(sender)));
    };
    await world.until('all nodes have one tip, and one mempool but of who spent twice', agree, livenessMs);
    const isDone = (): boolean => world.agrees && world.up[0]!.reactor!.pool.size === 0;
    await world.until('the mempools are empty', isDone, livenessMs);
    const late = await this.#people.payHonestly();
    const know = (): boolean => doAgree(world.up, ({ key }) => late.includes(key));
    await world.until('all nodes know what was paid after the heal', know, AGREE_MS);
    await world.until('the mempools are empty again', isDone, livenessMs);
    await world.demand(this.#areMined(late));
    await world.auditSame();
    const { reactor, disk } = world.up.find((node) => !node.disk.harmed) ?? world.up[0]!;
    await world.demand(auditReplay(reactor!.ledger, disk));
    await this.#baseline();
  }

  async #areMined(keys: readonly string[]): Promise<void> {
    const unmined = (await this.payments.unmined()).filter(({ key }) => keys.includes(key));
    if (unmined.length > 0)
      throw new AuditError(`${unmined.length} of ${keys.length} payments after the heal are not mined`);
  }

  /** Nobody has anything to do: each node holds, at some moment soon, what one with its links holds that never had. */
  async #baseline(): Promise<void> {
    const busy = new Set(this.#world.up);
    const leftovers = (): string[] =>
      [...busy].map(({ index, reactor }) => `node ${index}: ${findLeftover(reactor!)}`);
    const settle = (): boolean => {
      for (const node of busy) if (findLeftover(node.reactor!) === null) busy.delete(node);
      return busy.size === 0;
    };
    await this.#world.until(
      () => `memory is back to its baseline: ${leftovers().join('; ')}`,
      settle,
      IDLE_MS,
    );
  }
}
