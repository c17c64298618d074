/**
 * Owns the order in which a peer's frames are taken: a token bucket of work for each peer, one for the requests of all
 * together, and the requests that wait because a bucket is empty or the link is congested.
 *
 * Bounds, for each peer: `DEFERRED_FRAMES_MAX` frames and `DEFERRED_BYTES_MAX` bytes wait, above which it is closed;
 * pushes are dropped while the bucket is empty, and a debt of `DEBT_UNITS_MAX` closes it.
 */
import type { Census } from './census.ts';
import * as limits from './limits.ts';
import { MESSAGES, nameOfFrame } from './messages.ts';
import type { Peer } from './peer.ts';
import { earlier, type Wire } from './wire.ts';

/** Work units (about a microsecond) of looking at any frame, and of a KiB of it. */
const FRAME_UNITS = 10;
const KIB_UNITS = 5;

interface State {
  readonly peer: Peer;
  units: number;
  filledAtMs: number;
  waiting: Uint8Array[];
  waitingBytes: number;
}

export class Intake {
  readonly #wire: Wire;
  /** Who was served last comes last. */
  readonly #states = new Map<number, State>();
  /** What requests of all peers may take now: many peers' bursts at once would hold up everything else. */
  #units = limits.SERVING_UNITS_MAX;
  #filledAtMs = 0;
  /** Frames that wait, of all peers. */
  #waiting = 0;
  /** The frame that is being handled is a request. */
  #serves = false;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** Another input: what it costs isn't a request's until it turns out to be one. */
  begin(): void {
    this.#serves = false;
  }

  /** Takes work from the peer's budget, about a microsecond a unit. */
  charge(peer: Peer, units: number): void {
    this.#take(this.#stateOf(peer), units);
  }

  /** True if the frame is to be handled now; a request may be kept for later, a push dropped. */
  admits(peer: Peer, frame: Uint8Array): boolean {
    const state = this.#stateOf(peer);
    const name = nameOfFrame(frame);
    const role = name === null ? 'push' : MESSAGES[name].role;
    this.#serves = role === 'request';
    if (this.#serves && this.#waits(state)) {
      this.#defer(state, frame);
      return false;
    }
    this.#take(state, FRAME_UNITS + (frame.length / 1024) * KIB_UNITS);
    // The handshake is limited by its own rules; an answer was asked for, and one that wasn't is charged for.
    return peer.phase !== 'closing' && (role !== 'push' || state.units > 0);
  }

  /** The next request that has waited and may go on now, of any peer. */
  next(): { peer: Peer; frame: Uint8Array } | null {
    if (this.#waiting === 0 || !this.#hasUnits()) return null;
    for (const state of this.#states.values()) {
      if (state.waiting.length === 0 || state.peer.congested) continue;
      this.#refill(state);
      if (state.units <= 0) continue;
      this.#states.delete(state.peer.link);
      this.#states.set(state.peer.link, state);
      this.#serves = true;
      const frame = state.waiting.shift()!;
      this.#waiting--;
      state.waitingBytes -= frame.length;
      state.peer.release(frame.length);
      this.#take(state, FRAME_UNITS + (frame.length / 1024) * KIB_UNITS);
      return { peer: state.peer, frame };
    }
    return null;
  }

  /** Tells what it holds and waits for. */
  census(census: Census): void {
    census.holds('intake.peers', this.#states.size);
    for (const { waiting, waitingBytes } of this.#states.values()) {
      census.holds('intake.waiting', waiting.length);
      census.holds('intake.waitingBytes', waitingBytes);
    }
  }

  drop(peer: Peer): void {
    const state = this.#states.get(peer.link);
    if (state === undefined) return;
    peer.release(state.waitingBytes);
    this.#waiting -= state.waiting.length;
    this.#states.delete(peer.link);
  }

  /** When the budget of a peer whose requests wait is positive again. */
  deadline(): number | null {
    let at: number | null = null;
    if (this.#waiting === 0) return at;
    for (const state of this.#states.values()) {
      if (state.waiting.length === 0 || state.peer.congested) continue;
      const missing = Math.max(0, 1 - state.units);
      at = earlier(at, state.filledAtMs + Math.ceil((missing * 1000) / limits.BUDGET_UNITS_PER_SECOND));
    }
    if (at === null) return null;
    const missing = Math.max(0, 1 - this.#units);
    return Math.max(at, this.#filledAtMs + Math.ceil((missing * 1000) / limits.SERVING_UNITS_PER_SECOND));
  }

  /** True if a request of that peer can't be handled now. */
  #waits({ peer, units, waiting }: State): boolean {
    return peer.congested || units <= 0 || waiting.length > 0 || !this.#hasUnits();
  }

  #take(state: State, units: number): void {
    state.units -= units;
    if (this.#serves) this.#units -= units;
    if (state.units < -limits.DEBT_UNITS_MAX) this.#wire.close(state.peer, 'FLOOD', 'over its budget');
  }

  #defer(state: State, frame: Uint8Array): void {
    const bytes = state.waitingBytes + frame.length;
    if (state.waiting.length >= limits.DEFERRED_FRAMES_MAX || bytes > limits.DEFERRED_BYTES_MAX) {
      this.#wire.close(state.peer, 'FLOOD', `${state.waiting.length + 1} requests wait`);
      return;
    }
    state.waiting.push(frame);
    this.#waiting++;
    state.waitingBytes = bytes;
    state.peer.hold(frame.length);
  }

  #stateOf(peer: Peer): State {
    let state = this.#states.get(peer.link);
    if (state === undefined) {
      state = {
        peer,
        units: limits.BUDGET_UNITS_MAX,
        filledAtMs: this.#wire.nowMs,
        waiting: [],
        waitingBytes: 0,
      };
      this.#states.set(peer.link, state);
    }
    this.#refill(state);
    return state;
  }

  #hasUnits(): boolean {
    const elapsedMs = Math.max(0, this.#wire.nowMs - this.#filledAtMs);
    const units = this.#units + (elapsedMs * limits.SERVING_UNITS_PER_SECOND) / 1000;
    this.#units = Math.min(limits.SERVING_UNITS_MAX, units);
    this.#filledAtMs = this.#wire.nowMs;
    return this.#units > 0;
  }

  #refill(state: State): void {
    if (this.#wire.nowMs === state.filledAtMs) return;
    const elapsedMs = Math.max(0, this.#wire.nowMs - state.filledAtMs);
    const units = state.units + (elapsedMs * limits.BUDGET_UNITS_PER_SECOND) / 1000;
    state.units = Math.min(limits.BUDGET_UNITS_MAX, units);
    state.filledAtMs = this.#wire.nowMs;
  }
}
