/**
 * Owns a peer that asks and tells as much as it can, all of it well formed and most of it worthless: one kind of flood
 * after the other. Grows with the transactions of one gush.
 */

import { first48, fromText } from '../../chain/format/bytes.ts';
import { encodeHeader, type Header } from '../../chain/format/header.ts';
import type { SimNode } from '../node.ts';
import type { Actor, ActorWorld } from './actor.ts';
import { work } from './forge.ts';
import { Forger } from './forger.ts';
import type { RawPeer } from './raw-peer.ts';

const IDS = 1_024;
const URLS = 64;
const REQUESTS = 20;
const ORPHANS = 40;
/** Blocks after which an orphan transaction expires, so that the world is clean some time after it. */
const ORPHAN_BLOCKS = 3;

export const FLOODS = ['ids', 'addresses', 'headers', 'bodies', 'blocks', 'gaps'] as const;
export type Flood = (typeof FLOODS)[number];

export class Flooder implements Actor {
  readonly #peer: RawPeer;
  readonly #world: ActorWorld;
  readonly #forger: Forger;
  #next: number;

  constructor(peer: RawPeer, world: ActorWorld) {
    this.#peer = peer;
    this.#world = world;
    this.#forger = new Forger(peer);
    this.#next = peer.random.below(FLOODS.length);
  }

  async act([victim]: readonly SimNode[]): Promise<void> {
    if (this.#peer.links.length === 0) return;
    const flood = FLOODS[this.#next++ % FLOODS.length]!;
    this.gush(flood, victim!);
    this.#world.note(flood);
  }

  stop(): void {
    this.#peer.hangUp();
  }

  /** One gush of a kind to every link; the victim's ledger tells what is an orphan to it. */
  gush(flood: Flood, victim: SimNode): void {
    const { random } = this.#peer;
    const ids = (count: number): Uint8Array[] => Array.from({ length: count }, () => random.bytes(32));
    const many = (count: number, say: (i: number) => void): void => {
      for (let i = 0; i < count; i++) say(i);
    };
    const floods: Record<Flood, () => void> = {
      ids: () => this.#peer.shout('announce', { ids: ids(IDS) }),
      addresses: () =>
        this.#peer.shout('addresses', { urls: Array.from({ length: URLS }, () => this.#url()) }),
      headers: () =>
        many(REQUESTS, (request) => this.#peer.shout('getHeaders', { request, locator: ids(1) })),
      bodies: () => many(REQUESTS, (request) => this.#peer.shout('getBodies', { request, ids: ids(16) })),
      blocks: () => many(ORPHANS, () => this.#orphanBlock(victim)),
      gaps: () => this.#gaps(victim),
    };
    floods[flood]();
  }

  #url(): Uint8Array {
    const { random } = this.#peer;
    const parts = [10, 200 + random.below(50), random.below(256), random.below(256)];
    return fromText(`ws://${parts.join('.')}:9000`);
  }

  /** With real work for the easiest target, after a block that nobody knows. */
  #orphanBlock(victim: SimNode): void {
    const { random } = this.#peer;
    const { params, tip } = victim.reactor!.ledger;
    const { header } = tip;
    const orphan: Header = {
      ...header,
      height: header.height + 2 + random.below(1_000),
      previous: random.bytes(32),
      bits: params.difficulty.floorBits,
    };
    const encoded = encodeHeader(work(orphan));
    if (random.chance(1, 2)) this.#peer.shout('tip', { header: encoded });
    else this.#peer.shout('block', { header: encoded, shortIds: [first48(random.bytes(6))] });
  }

  /** Payments with good signatures, each far ahead of its sender's nonce. */
  #gaps(victim: SimNode): void {
    const { users } = this.#world;
    const { random } = this.#peer;
    const { chainId, tip } = victim.reactor!.ledger;
    const from = random.below(users.all.length);
    const first = 1_000_000 + random.below(1_000_000);
    const body = users.transfer(0, 1_000);
    const validUntil = tip.height + ORPHAN_BLOCKS;
    const gaps = Array.from({ length: ORPHANS }, (_, i) =>
      users.sign(from, { chainId, nonce: first + i, feePerByte: 1, body, validUntil }),
    );
    this.#forger.announce(...gaps);
  }
}
