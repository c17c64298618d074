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

  /** Everything that waits, as one batch; the overlay is empty afterwards. */
  take(): StoreWrite[] {
    const batch: StoreWrite[] = [];
    for (const { key, after } of this.#state.values()) batch.push(stateWrite(key, after?.bytes ?? null));
    for (const row of this.#rows) batch.push(row);
    this.discard();
    return batch;
  }

  discard(): void {
    this.#state.clear();
    this.#rows = [];
    this.#bytes = 0;
  }
}
