/**
 * Owns the probing of idle links: a ping whenever nothing has come for a while, and now and then for the round trip
 * that its pong tells; and the end of a link that doesn't answer. Bounds: one ping outstanding a link.
 */
import { equalBytes } from '../../chain/format/bytes.ts';
import type { Census } from '../census.ts';
import { PING_INTERVAL_MS, PING_MEASURE_MS, PING_TIMEOUT_MS } from '../limits.ts';
import type { Peer } from '../peer.ts';
import { earlier, type Wire } from '../wire.ts';

interface State {
  readonly peer: Peer;
  /** When the round trip is to be measured, whatever comes. */
  measureAtMs: number;
  sent: { readonly nonce: Uint8Array; readonly atMs: number } | null;
}

export class KeepAlive {
  readonly #wire: Wire;
  readonly #random: () => number;
  readonly #states = new Map<number, State>();
  /** Nothing is due before this; something may be then. */
  #dueAtMs: number | null = null;

  constructor(wire: Wire, random: () => number) {
    this.#wire = wire;
    this.#random = random;
  }

  ready(peer: Peer): void {
    this.#states.set(peer.link, { peer, measureAtMs: this.#wire.nowMs, sent: null });
    this.#dueAtMs = this.#wire.nowMs;
  }

  pingReceived(peer: Peer, nonce: Uint8Array): void {
    this.#wire.send(peer, 'pong', { nonce });
  }

  /** A pong that isn't the one waited for is late or made up: legal, and means nothing. */
  pongReceived(peer: Peer, nonce: Uint8Array): void {
    const state = this.#states.get(peer.link);
    if (state?.sent == null || !equalBytes(state.sent.nonce, nonce)) return;
    const tookMs = this.#wire.nowMs - state.sent.atMs;
    // The least ever seen is the distance; later ones measure load.
    peer.pingMs = peer.pingMs === null ? tookMs : Math.min(peer.pingMs, tookMs);
    state.sent = null;
    state.measureAtMs = this.#wire.nowMs + PING_MEASURE_MS;
    this.#dueAtMs = earlier(this.#dueAtMs, dueAtMs(state));
  }

  /** Tells what it holds and waits for. */
  census(census: Census): void {
    census.holds('keepAlive.peers', this.#states.size);
    for (const { sent } of this.#states.values())
      if (sent !== null) census.awaits('pong', sent.atMs + PING_TIMEOUT_MS);
  }

  drop(peer: Peer): void {
    this.#states.delete(peer.link);
    if (this.#states.size === 0) this.#dueAtMs = null;
  }

  tick(): void {
    const { nowMs } = this.#wire;
    if (this.#dueAtMs === null || nowMs < this.#dueAtMs) return;
    for (const state of this.#states.values()) {
      if (nowMs < dueAtMs(state)) continue;
      if (state.sent !== null) this.#wire.close(state.peer, 'PING_TIMEOUT');
      else {
        const nonce = new Uint8Array(8);
        new DataView(nonce.buffer).setUint32(0, this.#random());
        new DataView(nonce.buffer).setUint32(4, this.#random());
        state.sent = { nonce, atMs: nowMs };
        this.#wire.send(state.peer, 'ping', { nonce });
      }
    }
    this.#dueAtMs = null;
    for (const state of this.#states.values()) this.#dueAtMs = earlier(this.#dueAtMs, dueAtMs(state));
  }

  deadline(): number | null {
    return this.#dueAtMs;
  }
}

/** When a ping is to be sent, or the one sent has had its time. */
function dueAtMs({ peer, sent, measureAtMs }: State): number {
  if (sent !== null) return sent.atMs + PING_TIMEOUT_MS;
  return Math.min(measureAtMs, peer.heardAtMs + PING_INTERVAL_MS);
}
