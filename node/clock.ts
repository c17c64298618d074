/** Owns the process's two clocks and its one timer. */
import type { Clock, Timer } from './ports.ts';

/** The longest wait that `setTimeout` takes. */
const MAX_DELAY_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
};

/**
 * One pending wake. It is put off with nearly every message, so a later time only is noted: the `setTimeout` under way
 * runs, finds that it is too early, and waits for the rest.
 */
export class SystemTimer implements Timer {
  #pending: { readonly at: number; readonly timeout: NodeJS.Timeout } | null = null;
  #due: { readonly at: number; readonly wake: () => void } | null = null;

  set(atMonotonicMs: number, wake: () => void): void {
    this.#due = { at: atMonotonicMs, wake };
    if (this.#pending === null || atMonotonicMs < this.#pending.at) this.#arm(atMonotonicMs);
  }

  cancel(): void {
    this.#due = null;
    if (this.#pending !== null) clearTimeout(this.#pending.timeout);
    this.#pending = null;
  }

  #arm(at: number): void {
    if (this.#pending !== null) clearTimeout(this.#pending.timeout);
    const delay = Math.min(MAX_DELAY_MS, Math.max(0, Math.ceil(at - systemClock.monotonicMs())));
    this.#pending = { at, timeout: setTimeout(() => this.#fire(), delay) };
  }

  #fire(): void {
    this.#pending = null;
    const due = this.#due;
    if (due === null) return;
    if (systemClock.monotonicMs() < due.at) {
      this.#arm(due.at);
      return;
    }
    this.#due = null;
    due.wake();
  }
}
