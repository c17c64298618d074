/**
 * Owns the log of causes on disk: parts that are written once, in order, so that stories go on after a restart. Not
 * synced: a power cut may cost the newest.
 *
 * Bounds: `JOURNAL_BYTES_MAX` and `PARTS_MAX`, above which the oldest parts go.
 */
import { CorruptStoreError } from '../../chain/errors.ts';
import { toBigInt } from '../../chain/format/bytes.ts';
import type { Store, StoreWrite } from '../../chain/ledger/ports.ts';
import { CAUSES_ROWS, causesRow, endOf } from '../../chain/ledger/store-keys.ts';
import type { Entry } from './causes.ts';

const JOURNAL_BYTES_MAX = 4 * 1024 * 1024;
const PARTS_MAX = 4_096;
const READ_AT_ONCE = 64;

export class CauseJournal {
  readonly #store: Store;
  /** Bytes of each part in the store, oldest first. */
  readonly #parts: number[] = [];
  #first = 0;
  #bytes = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** What was written before, oldest first. Damage ends it early: what comes next is written over the damaged part. */
  async read(): Promise<Entry[]> {
    const entries: Entry[] = [];
    let from = CAUSES_ROWS;
    try {
      for (;;) {
        const rows = await this.#store.iterate({ from, to: endOf(CAUSES_ROWS), limit: READ_AT_ONCE });
        for (const [key, value] of rows) {
          entries.push(...(JSON.parse(new TextDecoder().decode(value)) as Entry[]));
          if (this.#parts.length === 0) this.#first = Number(toBigInt(key.subarray(CAUSES_ROWS.length)));
          this.#parts.push(value.length);
          this.#bytes += value.length;
        }
        if (rows.length < READ_AT_ONCE) return entries;
        from = causesRow(this.#next);
      }
    } catch (error) {
      if (error instanceof CorruptStoreError || error instanceof SyntaxError) return entries;
      throw error;
    }
  }

  async write(entries: readonly Entry[]): Promise<void> {
    const bytes = new TextEncoder().encode(JSON.stringify(entries));
    const batch: StoreWrite[] = [[causesRow(this.#next), bytes]];
    this.#parts.push(bytes.length);
    this.#bytes += bytes.length;
    while (this.#parts.length > PARTS_MAX || (this.#bytes > JOURNAL_BYTES_MAX && this.#parts.length > 1)) {
      batch.push([causesRow(this.#first++), null]);
      this.#bytes -= this.#parts.shift()!;
    }
    await this.#store.write(batch, { sync: false });
  }

  get #next(): number {
    return this.#first + this.#parts.length;
  }
}
