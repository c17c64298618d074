/** Owns reading rows of a store some of which are damaged. */
import { compareBytes, u64 } from '../format/bytes.ts';
import type { Store } from './ports.ts';
import { endOf } from './store-keys.ts';
import { readWhole, unlessDamaged } from './whole-rows.ts';

/** Rows read at once. */
const ROWS_PER_STEP = 2_000;
/** Ranges that can't be read and are read in halves: each costs an attempt. */
const HALVES_MAX = 1_000;
/** Bytes of a key that tell halves apart: the prefix, and the beginning of an id or number. */
const HALVED_BYTES = 5;

interface Range {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

export interface FoundRows {
  /** In the order of the keys. */
  readonly rows: readonly (readonly [key: Uint8Array, value: Uint8Array])[];
  /** False if there may be others, which can't be read. */
  readonly isWhole: boolean;
}

/**
 * All rows of a prefix that can be read. A range in which the store's iterator fails is read in halves, the wide ones first.
 * Rows whose value is damaged are deleted.
 */
export async function readRows(store: Store, prefix: Uint8Array): Promise<FoundRows> {
  const rows: [Uint8Array, Uint8Array][] = [];
  let isWhole = true;
  let halves = HALVES_MAX;
  const ranges: Range[] = [{ from: prefix, to: endOf(prefix) }];
  for (let range = ranges.shift(); range !== undefined; range = ranges.shift()) {
    const step = await unlessDamaged(readStep(store, range));
    if (step === null) {
      const middle = halves-- > 0 ? middleOf(range) : null;
      if (middle === null) isWhole = false;
      else ranges.push({ from: range.from, to: middle }, { from: middle, to: range.to });
      continue;
    }
    for (const [key, value] of step) {
      if (value !== undefined) rows.push([key, value]);
      else isWhole = false;
    }
    if (step.length === ROWS_PER_STEP)
      ranges.unshift({ from: Uint8Array.of(...step.at(-1)![0], 0), to: range.to });
  }
  rows.sort(([a], [b]) => compareBytes(a, b));
  return { rows, isWhole };
}

/** Deletes all rows of a prefix, some at a time. */
export async function deleteRows(store: Store, prefix: Uint8Array): Promise<void> {
  for (;;) {
    const range = { from: prefix, to: endOf(prefix), limit: ROWS_PER_STEP, keysOnly: true };
    const step = await store.iterate(range);
    if (step.length === 0) return;
    // Synced, each: LevelDB may lose what it wrote to an earlier log though a later write was synced.
    await store.write(
      step.map(([key]) => [key, null]),
      { sync: true },
    );
  }
}

async function readStep(
  store: Store,
  { from, to }: Range,
): Promise<(readonly [key: Uint8Array, value: Uint8Array | undefined])[]> {
  const range = { from, to, limit: ROWS_PER_STEP };
  const step = await unlessDamaged(store.iterate(range));
  if (step !== null) return step;
  const keys = (await store.iterate({ ...range, keysOnly: true })).map(([key]) => key);
  const values = await readWhole(store, keys);
  const damaged = keys.filter((_, i) => values[i] === undefined);
  await store.write(
    damaged.map((key) => [key, null]),
    { sync: false },
  );
  return keys.map((key, i) => [key, values[i]]);
}

/** A key about half-way between the ends of a range; `null` if there is none. */
function middleOf({ from, to }: Range): Uint8Array | null {
  const [low, high] = [numberOf(from), numberOf(to)];
  if (high - low < 2) return null;
  const middle = Math.floor((low + high) / 2);
  return u64(middle).subarray(8 - HALVED_BYTES);
}

/** The first bytes of a key as a number. */
function numberOf(key: Uint8Array): number {
  let number = 0;
  for (let i = 0; i < HALVED_BYTES; i++) number = number * 256 + (key[i] ?? 0);
  return number;
}
