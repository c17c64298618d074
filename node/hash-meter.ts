/**
 * Owns measuring the hash rate over a sliding window, so that it goes on from one block to the next. Bounded: a mark
 * every `STEP_MS` of the last `WINDOW_MS`.
 */
const WINDOW_MS = 2_000;
const STEP_MS = 100;

export class HashMeter {
  /** Hashes counted up to a time, oldest first; the first is where the window begins. */
  readonly #marks: { readonly at: number; readonly total: number }[];
  #total = 0;

  constructor(nowMs: number) {
    this.#marks = [{ at: nowMs, total: 0 }];
  }

  count(hashes: number): void {
    this.#total += hashes;
  }

  /** Hashes a second, a whole number; 0 until a first step has passed. */
  rate(nowMs: number): number {
    const marks = this.#marks;
    if (nowMs - marks.at(-1)!.at >= STEP_MS) marks.push({ at: nowMs, total: this.#total });
    while (marks.length > 1 && nowMs - marks[1]!.at >= WINDOW_MS) marks.shift();
    const { at, total } = marks[0]!;
    return nowMs - at < STEP_MS ? 0 : Math.round(((this.#total - total) * 1000) / (nowMs - at));
  }
}
