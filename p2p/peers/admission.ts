/**
 * Owns which inbound links may stay: none of hosts that were false, few in their handshake, and a number that are ready,
 * of which the least useful one makes room. A link in its handshake takes no place of one that is ready.
 *
 * Bounds: `INBOUND_GREETING_RUSH` links in their handshake; the table of links is bounded by what this part admits.
 */
import { hostOf, parseRemote } from '../addresses/peer-url.ts';
import type { Census } from '../census.ts';
import * as limits from '../limits.ts';
import type { Peer } from '../peer.ts';
import type { Wire } from '../wire.ts';
import type { Discouraged } from './discouraged.ts';
import { type Candidate, chooseEviction } from './eviction.ts';
import { originOf, Places } from './places.ts';

export class Admission {
  readonly #wire: Wire;
  readonly #discouraged: Discouraged;
  readonly #readyMax: number;
  readonly #greeting = new Places<Peer>({
    places: limits.INBOUND_GREETING_MAX,
    rush: limits.INBOUND_GREETING_RUSH,
    graceMs: limits.INBOUND_GREETING_GRACE_MS,
    // The handshake has a time-out of its own.
    patienceMs: null,
  });

  constructor(wire: Wire, discouraged: Discouraged, readyMax: number) {
    this.#wire = wire;
    this.#discouraged = discouraged;
    this.#readyMax = readyMax;
  }

  /** A new link: closes it if its host was false to us. */
  opened(peer: Peer): void {
    if (!peer.inbound) return;
    const { address, loopback } = peer;
    const host = hostOf(address);
    if (!loopback && this.#discouraged.has(host, this.#wire.nowMs)) {
      this.#wire.close(peer, 'DISCOURAGED');
      return;
    }
    this.#greeting.enter(peer, originOf(address, host, groupOf(peer), loopback), this.#wire.nowMs);
  }

  /** It is through its handshake: closes another in its favour if there are too many, or itself if none can go. */
  ready(peer: Peer): void {
    this.#greeting.leave(peer);
    if (!peer.inbound) return;
    const others = this.#wire.ready.filter((other) => other.inbound && other !== peer);
    if (others.length < this.#readyMax) return;
    const link = chooseEviction(others.map(candidateOf));
    if (link === null) this.#wire.close(peer, 'INBOUND_FULL');
    else this.#wire.close(this.#wire.peers.get(link)!, 'EVICTED');
  }

  /** Tells what it holds. */
  census(census: Census): void {
    census.holds('admission.greeting', this.#greeting.size);
  }

  drop(peer: Peer): void {
    this.#greeting.leave(peer);
  }

  tick(): void {
    for (const peer of this.#greeting.surplus(this.#wire.nowMs))
      this.#wire.close(peer, 'INBOUND_FULL', 'too many handshakes at once');
  }

  deadline(): number | null {
    return this.#greeting.deadline();
  }
}

function candidateOf(peer: Peer): Candidate {
  const { link, openedAtMs, pingMs, lastTransactionAtMs, lastBlockAtMs } = peer;
  return { link, openedAtMs, pingMs, lastTransactionAtMs, lastBlockAtMs, group: groupOf(peer) };
}

/** Programs of this machine aren't one crowd: each link of theirs is a group of its own. */
function groupOf({ address, loopback }: Peer): string {
  return loopback ? address : (parseRemote(address)?.group ?? hostOf(address));
}
