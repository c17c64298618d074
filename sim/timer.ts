/** Owns the one pending wake of a process. A wake that is put off costs no new event until the earlier one is due. */
import type { Timer } from '../node/ports.ts';
import type { Schedule } from './schedule.ts';

export class VirtualTimer implements Timer {
  readonly #schedule: Schedule;
  /** Virtual time at which the monotonic clock of the process was 0. */
  readonly #bootedAt: number;
  #due: number | null = null;
  #wake: () => void = () => {};
  /** Virtual times of the events under way, the earliest of which matters. */
  #pendingAt: number | null = null;
  #gone = false;

  constructor(schedule: Schedule, bootedAt: number) {
    this.#schedule = schedule;
    this.#bootedAt = bootedAt;
  }

  set(atMonotonicMs: number, wake: () => void): void {
    if (this.#gone) return;
    // A deadline may have a fraction; a wake before it would come again at once.
    this.#due = Math.max(Math.ceil(atMonotonicMs + this.#bootedAt), this.#schedule.now);
    this.#wake = wake;
    this.#arm(this.#due);
  }

  cancel(): void {
    this.#due = null;
  }

  /** The process is gone: nothing wakes it any more. */
  crash(): void {
    this.#gone = true;
    this.#due = null;
  }

  #arm(at: number): void {
    if (this.#pendingAt !== null && this.#pendingAt <= at) return;
    this.#pendingAt = at;
    this.#schedule.at(at, () => this.#fire(at));
  }

  #fire(at: number) {
    if (this.#pendingAt !== at) return;
    this.#pendingAt = null;
    if (this.#due === null) return;
    if (this.#due > this.#schedule.now) return this.#arm(this.#due);
    this.#due = null;
    this.#wake();
  }
}
