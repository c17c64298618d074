/** Owns the process's two clocks and its one timer. */
import type { Clock, Timer } from './ports.ts';

/** The longest wait that `setTimeout` takes; a later wake is harmless, an earlier one too. */
const MAX_DELAY_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
};

/** One pending `setTimeout`. */
export class SystemTimer implements Timer {
  #pending: NodeJS.Timeout | null = null;

  set(atMonotonicMs: number, wake: () => void): void {
    this.cancel();
    const delay = Math.min(MAX_DELAY_MS, Math.max(0, Math.ceil(atMonotonicMs - systemClock.monotonicMs())));
    this.#pending = setTimeout(() => {
      this.#pending = null;
      wake();
    }, delay);
  }

  cancel(): void {
    if (this.#pending !== null) clearTimeout(this.#pending);
    this.#pending = null;
  }
}
