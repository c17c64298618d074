/**
 * Owns how long work rests: it is cut into slices of a few milliseconds, and other work runs between them. A slice is a
 * count of items, never a time, so the same work always rests at the same places. Work of less than a slice never rests.
 */

/** Lets other work run; awaited between slices of a long computation. */
export type Pause = () => Promise<void>;

/** Entries handled between two rests. One is read, hashed, encoded or written in 1 to 10 µs. */
export const ENTRIES_A_SLICE = 1_000;

/** Runs a computation that yields where it may rest. */
export async function runSliced<T>(work: Generator<void, T>, pause: Pause): Promise<T> {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
    await pause();
  }
}

/** Calls `work` with each item in order, and rests after each `ENTRIES_A_SLICE` but the last. */
export function forEachSliced<T>(
  items: Iterable<T>,
  pause: Pause,
  work: (item: T, index: number) => void,
): Promise<void> {
  return runSliced(
    eachWeighed(items, () => 1, work),
    pause,
  );
}

/** Calls `work` with each item in order, and yields before the next once the weights come to a slice. */
export function* eachWeighed<T>(
  items: Iterable<T>,
  weightOf: (item: T) => number,
  work: (item: T, index: number) => void,
  slice = ENTRIES_A_SLICE,
): Generator<void, void> {
  let index = 0;
  let weight = 0;
  for (const item of items) {
    if (weight >= slice) {
      weight = 0;
      yield;
    }
    work(item, index++);
    weight += weightOf(item);
  }
}

/** Calls `work` with the bounds of each slice of `count` items in order, and rests between them. */
export async function forEachRange(
  count: number,
  pause: Pause,
  work: (from: number, to: number) => void | Promise<void>,
): Promise<void> {
  for (let from = 0; from < count; from += ENTRIES_A_SLICE) {
    if (from > 0) await pause();
    await work(from, Math.min(count, from + ENTRIES_A_SLICE));
  }
}
