/**
 * Owns the trying of addresses while all outbound links are in place: now and then one of the book is dialled, found to
 * answer, and left again, so that the book knows good addresses when they are needed (Heilman et al. 2015). One that
 * claims more work than our tip has is kept for a while: if it shows it, our other links have kept it from us, and it
 * stays. So who holds all our links can't hold us for long; and when no block comes for long, that may be why, and
 * addresses are tried more often.
 *
 * Bounds: one feeler at a time, `FEELER_TRIALS_MAX` on trial, `EXTRA_OUTBOUND_MAX` that stay. They compete with each other only: the
 * links of the outbound target are never given up for them.
 */
import type { Census } from '../census.ts';
import * as limits from '../limits.ts';
import type { Peer } from '../peer.ts';
import { earlier, type Wire } from '../wire.ts';

export interface FeelerDials {
  feel(): void;
  isFeeler(peer: Peer): boolean;
  keepFeeler(): void;
}

export class Feeler {
  readonly #wire: Wire;
  readonly #dials: FeelerDials;
  readonly #tipWork: () => bigint;
  readonly #random: () => number;
  readonly #target: number;
  readonly #extras = new Set<Peer>();
  /** With the work we had when it came; in the order of their ends. */
  readonly #trials = new Map<Peer, { readonly work: bigint; readonly untilMs: number }>();
  #nextMs: number | null = null;
  readonly #staleMs: number;
  #tip: { readonly work: bigint; readonly atMs: number } = { work: 0n, atMs: 0 };

  /** `blockMs` is the time that a block takes, `target` the links of our own. */
  constructor(
    wire: Wire,
    dials: FeelerDials,
    tip: { readonly work: () => bigint; readonly blockMs: number },
    random: () => number,
    target: number,
  ) {
    this.#wire = wire;
    this.#dials = dials;
    this.#tipWork = tip.work;
    this.#staleMs = limits.STALE_TIP_BLOCKS * tip.blockMs;
    this.#random = random;
    this.#target = target;
  }

  ready(peer: Peer): void {
    if (!this.#dials.isFeeler(peer)) return;
    const work = this.#tipWork();
    if (peer.hello!.work <= work || this.#trials.size >= limits.FEELER_TRIALS_MAX) {
      this.#wire.close(peer, 'FEELER');
      return;
    }
    this.#dials.keepFeeler();
    this.#trials.set(peer, { work, untilMs: this.#wire.nowMs + limits.FEELER_TRIAL_MS });
  }

  drop(peer: Peer): void {
    this.#extras.delete(peer);
    this.#trials.delete(peer);
  }

  tick(): void {
    const { nowMs } = this.#wire;
    if (this.#trials.size > 0) this.#endTrials();
    const work = this.#tipWork();
    if (work !== this.#tip.work) this.#tip = { work, atMs: nowMs };
    if (this.#wire.readyOutbound < this.#target) {
      this.#nextMs = null;
      return;
    }
    this.#nextMs ??= this.#next();
    if (nowMs < this.#nextMs) return;
    this.#nextMs = this.#next();
    this.#dials.feel();
  }

  deadline(): number | null {
    if (this.#trials.size === 0) return this.#nextMs;
    const [first] = this.#trials.values();
    return earlier(this.#nextMs, first?.untilMs ?? null);
  }

  census(census: Census): void {
    census.holds('feeler.trials', this.#trials.size);
    census.holds('feeler.extras', this.#extras.size);
  }

  /** Half to one and a half of the interval: when it comes is nobody's to know. */
  #next(): number {
    const { nowMs } = this.#wire;
    const isStale = nowMs >= this.#tip.atMs + this.#staleMs;
    const intervalMs = isStale ? limits.FEELER_STALE_INTERVAL_MS : limits.FEELER_INTERVAL_MS;
    return nowMs + intervalMs / 2 + (this.#random() % intervalMs);
  }

  #endTrials(): void {
    const { nowMs } = this.#wire;
    for (const [peer, { work, untilMs }] of this.#trials) if (nowMs >= untilMs) this.#judge(peer, work);
  }

  #judge(peer: Peer, work: bigint): void {
    this.#trials.delete(peer);
    if (shown(peer) > work) this.#extras.add(peer);
    else this.#wire.close(peer, 'FEELER', 'it did not show the work it claimed');
    if (this.#extras.size <= limits.EXTRA_OUTBOUND_MAX) return;
    let least = peer;
    for (const extra of this.#extras) if (shown(extra) < shown(least)) least = extra;
    this.#wire.close(least, 'FEELER', 'others show more work');
  }
}

function shown({ best }: Peer): bigint {
  return best?.work ?? 0n;
}
