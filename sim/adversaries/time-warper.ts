/**
 * Owns a miner with a quarter of all work that gives its blocks the most extreme times the rules allow: as far ahead as
 * clocks let it, then right after the parent, turn by turn. It mines on what an honest node follows. Grows with its blocks.
 */
import { workOf } from '../../chain/consensus/difficulty.ts';
import type { SimNode } from '../node.ts';
import type { Actor, ActorWorld } from './actor.ts';
import { forgeBlock } from './forge.ts';
import { Liar } from './liar.ts';
import type { RawPeer } from './raw-peer.ts';

/** Of the honest hash rate: a third of it is a quarter of all. */
const SHARE = 1 / 3;
/** Between two looks at whether a node is at rest. */
const RETRY_MS = 200;
const HANDSHAKE_MS = 500;
const FORGE_MS = 1_000;

export class TimeWarper implements Actor {
  readonly #liar: Liar;
  readonly #world: ActorWorld;
  #blocks = 0;
  #stopped = false;

  constructor(peer: RawPeer, world: ActorWorld) {
    this.#liar = new Liar(peer);
    this.#world = world;
  }

  start(): void {
    void this.#mine();
  }

  /** It goes by its own clock. */
  async act(): Promise<void> {}

  stop(): void {
    this.#stopped = true;
    this.#liar.peer.hangUp();
  }

  async #mine(): Promise<void> {
    const { schedule, hashrate, victims } = this.#world;
    let bits = this.#world.params.difficulty.bits;
    while (!this.#stopped) {
      await schedule.wait(
        this.#liar.peer.random.exponential((Number(workOf(bits)) * 1_000) / (hashrate * SHARE)),
      );
      let victim: SimNode | undefined;
      while (victim === undefined && !this.#stopped) {
        victim = victims().find(({ atRest, disk }) => atRest && !disk.harmed);
        if (victim === undefined) await schedule.wait(RETRY_MS);
      }
      if (victim === undefined) return;
      bits = victim.reactor!.ledger.tip.header.bits;
      await this.#find(victim);
    }
  }

  async #find(victim: SimNode): Promise<void> {
    const { params, users, schedule, note } = this.#world;
    const { peer } = this.#liar;
    const { ledger, pool } = victim.reactor!;
    if (peer.links.length === 0) {
      peer.dial(victim.address, ledger.chainId);
      await schedule.wait(HANDSHAKE_MS);
    }
    const isAhead = this.#blocks++ % 2 === 0;
    const forged = forgeBlock(ledger, {
      candidates: [...pool.best()],
      miner: users.address(0),
      wallMs: isAhead ? params.time + schedule.now + params.limits.futureMs : 0,
      lie: 'honest',
    });
    // A victim that ends meanwhile never answers.
    const block = await Promise.race([forged.catch(() => null), schedule.wait(FORGE_MS).then(() => null)]);
    if (block === null) return;
    this.#liar.push(block);
    if (peer.links.length > 0) note(isAhead ? 'ahead' : 'behind');
  }
}
