/**
 * Owns a peer that lies about headers, bodies and work: it claims more than anybody has from its first word on, shows
 * false headers with and without work, true headers with other bodies, blocks with work whose own transactions are
 * malformed or falsely signed, and better branches whose bodies never come. Grows with what it has forged.
 */
import type { SimNode } from '../node.ts';
import type { Actor, ActorWorld } from './actor.ts';
import { growBranch } from './branch.ts';
import {
  BODY_LIES,
  type BodyLie,
  type ForgedBlock,
  forgeBlock,
  HEADER_LIES,
  type HeaderLie,
  idle,
  spoilBody,
} from './forge.ts';
import { Liar } from './liar.ts';
import type { RawPeer } from './raw-peer.ts';
import { mutate } from './tamper.ts';

/** Blocks of a branch without bodies. */
const BRANCH_BLOCKS = 4;
/** Whoever asks for what it showed asks before. */
const FORGET_MS = 5_000;
const KINDS = ['idle', 'push', 'tell', 'branch', 'body'] as const;

export class Lies implements Actor {
  readonly #liar: Liar;
  readonly #world: ActorWorld;
  #acts = 0;

  constructor(peer: RawPeer, world: ActorWorld) {
    peer.work = 2n ** 250n;
    peer.height = 2 ** 31;
    this.#liar = new Liar(peer, { body: (transactions) => mutate(transactions, peer.random) });
    this.#world = world;
  }

  async act(victims: readonly SimNode[]): Promise<void> {
    const { peer } = this.#liar;
    const victim = peer.random.pick(victims);
    // It reads the victim's own store, which may be damaged.
    if (peer.links.length === 0 || !victim.atRest || victim.disk.harmed) return;
    const kind = KINDS[this.#acts++ % KINDS.length]!;
    if (kind === 'branch') this.#branch(victim);
    else await this.#lie(victim, kind);
    this.#world.note(kind);
    this.#world.schedule.after(FORGET_MS, () => this.#liar.forget());
  }

  stop(): void {
    this.#liar.peer.hangUp();
  }

  async #lie(victim: SimNode, kind: Exclude<(typeof KINDS)[number], 'branch'>): Promise<void> {
    const { ledger, pool } = victim.reactor!;
    const { params, users, schedule } = this.#world;
    const block = await forgeBlock(ledger, {
      candidates: [...pool.best()],
      miner: users.address(0),
      wallMs: params.time + schedule.now,
      lie: kind === 'body' ? 'honest' : this.#liar.peer.random.pick(Object.keys(HEADER_LIES) as HeaderLie[]),
    });
    if (kind === 'idle') this.#liar.tell({ ...block, header: idle(block.header) });
    else if (kind === 'body') this.#pushSpoilt(block);
    else this.#liar[kind](block);
  }

  #pushSpoilt(block: ForgedBlock): void {
    const lie = this.#liar.peer.random.pick(Object.keys(BODY_LIES) as BodyLie[]);
    if (block.transactions.length > 0) this.#liar.push(spoilBody(block, lie));
  }

  #branch(victim: SimNode): void {
    const { params, schedule } = this.#world;
    const { tip } = victim.reactor!.ledger;
    const first = Math.max(params.time + schedule.now, tip.header.time + 1);
    const times = Array.from(
      { length: 1 + this.#liar.peer.random.below(BRANCH_BLOCKS) },
      (_, i) => first + i,
    );
    this.#liar.claim(growBranch(params, tip, times, this.#liar.peer.random.below(256)));
  }
}
