/**
 * Owns the writes that wait for the next atomic batch, and lets the state be read as if they were written.
 * Bounded by the engine, which commits when `bytes` passes its limit.
 */
import { toText } from '../format/bytes.ts';
import type { HashedEntry } from '../state/entry-cache.ts';
import { Turnover } from '../turnover.ts';
import type { StoreWrite } from './ports.ts';
import { type PendingEntries, stateWrite } from './state-reader.ts';

/** A change of an entry, forward or back, with the hash of what it becomes. */
export interface HashedChange {
  readonly key: Uint8Array;
  readonly after: HashedEntry | null;
}

export class Overlay implements PendingEntries {
  /** By key as text. */
  readonly #state = new Turnover<string, HashedChange>();
  #rows: StoreWrite[] = [];
  #later: Iterable<StoreWrite>[] = [];
  #bytes = 0;

  /** Bytes of keys and values waiting. */
  get bytes(): number {
    return this.#bytes;
  }

  /** An entry as it was last changed; `undefined` if it wasn't, or is gone. */
  entryAt(key: string): HashedEntry | undefined {
    return this.#state.get(key)?.after ?? undefined;
  }

  change(change: HashedChange): void {
    this.#state.set(toText(change.key), change);
    this.#bytes += 33 + (change.after?.bytes.length ?? 0);
  }

  /** A row that nobody reads before it is written. */
  put(row: Uint8Array, value: Uint8Array | null): void {
    this.#rows.push([row, value]);
    this.#bytes += row.length + (value?.length ?? 0);
  }

  putAll(writes: readonly StoreWrite[]): void {
    for (const [row, value] of writes) this.put(row, value);
  }

  /** Rows that are made when they are written, after all rows of `put`. They take `bytes` in all, keys included. */
  putLater(rows: Iterable<StoreWrite>, bytes: number): void {
    this.#later.push(rows);
    this.#bytes += bytes;
  }

  /** Everything that waits, as one batch that is read once; the overlay is empty afterwards. */
  take(): Iterable<StoreWrite> {
    const batch = writesOf(this.#state.values(), this.#rows, this.#later);
    this.discard();
    return batch;
  }

  discard(): void {
    this.#state.clear();
    this.#rows = [];
    this.#later = [];
    this.#bytes = 0;
  }
}

function* writesOf(
  changes: Iterable<HashedChange>,
  rows: Iterable<StoreWrite>,
  later: Iterable<Iterable<StoreWrite>>,
): Generator<StoreWrite> {
  for (const { key, after } of changes) yield stateWrite(key, after?.bytes ?? null);
  yield* rows;
  for (const made of later) yield* made;
}
