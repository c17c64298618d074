/** Owns reading rows of a store some of which are damaged. */
import type { IterateOptions, Store } from './ports.ts';
import { endOf } from './store-keys.ts';
import { readWhole, unlessDamaged } from './whole-rows.ts';

/** Rows read at once. */
const ROWS_PER_STEP = 2_000;

/** All rows of a prefix but those whose value is damaged, which are deleted. */
export async function readRows(store: Store, prefix: Uint8Array): Promise<[Uint8Array, Uint8Array][]> {
  const rows: [Uint8Array, Uint8Array][] = [];
  let from = prefix;
  for (;;) {
    const range = { from, to: endOf(prefix), limit: ROWS_PER_STEP };
    const step = (await unlessDamaged(store.iterate(range))) ?? (await readWholeRows(store, range));
    for (const [key, value] of step) if (value !== undefined) rows.push([key, value]);
    if (step.length < ROWS_PER_STEP) return rows;
    from = Uint8Array.from([...step.at(-1)![0], 0]);
  }
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

async function readWholeRows(
  store: Store,
  range: IterateOptions,
): Promise<[Uint8Array, Uint8Array | undefined][]> {
  const keys = (await store.iterate({ ...range, keysOnly: true })).map(([key]) => key);
  const values = await readWhole(store, keys);
  const damaged = keys.filter((_, i) => values[i] === undefined);
  await store.write(
    damaged.map((key) => [key, null]),
    { sync: false },
  );
  return keys.map((key, i) => [key, values[i]]);
}
