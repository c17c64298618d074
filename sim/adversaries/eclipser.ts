/**
 * Owns an attacker with many identities and addresses who wants to be all that one node sees: it tells the node of its own
 * addresses only, takes its inbound places, answers its dials, comes back at once after each restart, and shows no block.
 * Grows with its identities.
 */
import { fromText } from '../../chain/format/bytes.ts';
import { ADDRESS_NEWS_MAX, ADDRESSES_MAX } from '../../p2p/limits.ts';
import type { SimNode } from '../node.ts';
import type { Actor, ActorWorld } from './actor.ts';
import { RawPeer } from './raw-peer.ts';

export interface EclipseSize {
  readonly identities: number;
  /** Network groups their hosts are spread over. */
  readonly groups: number;
}

/** Small enough for a life with much else in it. */
export const SMALL_ECLIPSE: EclipseSize = { identities: 24, groups: 6 };
const REDIAL_MS = 1_000;
/** Dials of one identity without a link: a node that is down for long is left alone until the next act. */
const TRIES = 20;
const DIALS_PER_ACT = 8;

export class Eclipser implements Actor {
  readonly peers: readonly RawPeer[];
  readonly #world: ActorWorld;
  readonly #urls: readonly Uint8Array[];
  /** Whom it is after, from its first deed on. */
  #target: { readonly address: string; readonly chainId: Uint8Array } | null = null;
  readonly #tries = new Map<RawPeer, number>();
  #stopped = false;

  constructor(world: ActorWorld, { identities, groups }: EclipseSize) {
    this.#world = world;
    const { index, network, random, sign } = world;
    this.peers = Array.from({ length: identities }, (_, i) => {
      const host = `44.${i % groups}.${1 + Math.floor(i / groups)}.1`;
      return new RawPeer(index, network, random.fork(`identity ${i}`), { host, sign });
    });
    this.#urls = this.peers.map(({ address }) => fromText(address));
    for (const peer of this.peers) this.#teach(peer);
  }

  /** Takes this node for its victim; `known`, which is up, tells of the ledger. */
  aim(victim: SimNode, known = victim): void {
    this.#target = { address: victim.address, chainId: known.reactor!.ledger.chainId };
    for (const peer of this.peers) peer.listen(this.#target.chainId);
  }

  async act(victims: readonly SimNode[]): Promise<void> {
    if (this.#target === null) this.aim(this.#world.random.pick(victims));
    this.#tries.clear();
    for (const peer of this.peers.filter(({ links }) => links.length === 0).slice(0, DIALS_PER_ACT))
      this.#dial(peer);
    for (const peer of this.peers) {
      if (peer.links.length === 0) continue;
      peer.shout('addresses', { urls: this.#sample(ADDRESS_NEWS_MAX) });
      this.#world.note('gossip');
    }
  }

  stop(): void {
    this.#stopped = true;
    for (const peer of this.peers) peer.hangUp();
  }

  #teach(peer: RawPeer): void {
    peer.heard = (message, link) => {
      if (message.name !== 'getAddresses') return false;
      peer.say(link, 'addresses', { urls: this.#sample(ADDRESSES_MAX) });
      this.#world.note('answer');
      return true;
    };
    peer.linked = () => this.#world.note('link');
    peer.ended = () => this.#world.schedule.after(REDIAL_MS, () => this.#dial(peer));
  }

  #dial(peer: RawPeer): void {
    const tries = this.#tries.get(peer) ?? 0;
    if (this.#stopped || this.#target === null || peer.links.length > 0 || tries >= TRIES) return;
    this.#tries.set(peer, tries + 1);
    peer.dial(this.#target.address, this.#target.chainId);
  }

  #sample(count: number): Uint8Array[] {
    return this.#world.random.shuffle(this.#urls).slice(0, count);
  }
}
