/**
 * Owns how many transactions of one peer may yet be asked for, when some of them turn out to be of no use: each asked for
 * takes one, each that isn't refused gives it back, and time brings more. They are charged to the peer, though it may be
 * honest and we behind: asked for as they come, a whole mempool would use up its budget, its next announcements be
 * dropped, and itself be closed. Bounds: two numbers.
 */
import { assert } from '../../chain/errors.ts';
import {
  BUDGET_UNITS_MAX,
  BUDGET_UNITS_PER_SECOND,
  TRANSACTIONS_MAX,
  VAIN_MAX,
  VAIN_PER_SECOND,
} from '../limits.ts';

/** Work units of looking at an announced id, and of a transaction checked in vain. */
export const ID_UNITS = 2;
export const REFUSED_UNITS = 150;

assert(
  VAIN_MAX * (REFUSED_UNITS + ID_UNITS) <= BUDGET_UNITS_MAX &&
    VAIN_PER_SECOND * (REFUSED_UNITS + ID_UNITS) <= BUDGET_UNITS_PER_SECOND,
  'what we ask for never uses up the budget of who brings it',
);

export class VainCredit {
  #credit = VAIN_MAX;
  #filledAtMs: number;

  constructor(nowMs: number) {
    this.#filledAtMs = nowMs;
  }

  /** Of so many that wait, how many may be asked for now: all, a whole request, or none. */
  allows(waiting: number, nowMs: number): number {
    this.giveBack((Math.max(0, nowMs - this.#filledAtMs) * VAIN_PER_SECOND) / 1000);
    this.#filledAtMs = nowMs;
    const wanted = Math.min(waiting, TRANSACTIONS_MAX);
    return this.#credit >= wanted ? wanted : 0;
  }

  /** When `allows` will say so. */
  readyAtMs(waiting: number): number {
    const missing = Math.max(0, Math.min(waiting, TRANSACTIONS_MAX) - this.#credit);
    return this.#filledAtMs + Math.ceil((missing * 1000) / VAIN_PER_SECOND);
  }

  take(count: number): void {
    this.#credit -= count;
  }

  giveBack(count: number): void {
    this.#credit = Math.min(VAIN_MAX, this.#credit + count);
  }
}
