/**
 * Owns the log of causes on disk: parts that are written once, in order, so that stories go on after a restart. One is
 * written a block, and one with each user's transactions. Not synced: a power cut may cost the newest.
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

interface Part {
  readonly sequence: number;
  readonly bytes: number;
}

export class CauseJournal {
  readonly #store: Store;
  /** What the store holds, oldest first. A power cut may have left gaps. */
  readonly #parts: Part[] = [];
  #bytes = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** What was written before, oldest first. Parts that are damaged are passed over. */
  async read(): Promise<Entry[]> {
    const entries: Entry[] = [];
    let from = CAUSES_ROWS;
    for (;;) {
      const rows = await this.#readSome(from);
      for (const [key, value] of rows) {
        entries.push(...decodePart(value));
        this.#add(Number(toBigInt(key.subarray(CAUSES_ROWS.length))), value?.length ?? 0);
      }
      if (rows.length < READ_AT_ONCE) return entries;
      from = causesRow(this.#next);
    }
  }

  async write(entries: readonly Entry[]): Promise<void> {
    await this.#store.write(this.rowsFor(entries), { sync: false });
  }

  /** The rows of another part, which must be written: for who writes something with it. */
  rowsFor(entries: readonly Entry[]): StoreWrite[] {
    const bytes = new TextEncoder().encode(JSON.stringify(entries));
    const batch: StoreWrite[] = [[causesRow(this.#next), bytes]];
    this.#add(this.#next, bytes.length);
    while (this.#parts.length > PARTS_MAX || (this.#bytes > JOURNAL_BYTES_MAX && this.#parts.length > 1)) {
      const oldest = this.#parts.shift()!;
      batch.push([causesRow(oldest.sequence), null]);
      this.#bytes -= oldest.bytes;
    }
    return batch;
  }

  #add(sequence: number, bytes: number): void {
    this.#parts.push({ sequence, bytes });
    this.#bytes += bytes;
  }

  /** Some parts in order, with `undefined` for those that can't be read. */
  async #readSome(from: Uint8Array): Promise<[Uint8Array, Uint8Array | undefined][]> {
    const range = { from, to: endOf(CAUSES_ROWS), limit: READ_AT_ONCE };
    try {
      return await this.#store.iterate(range);
    } catch (error) {
      if (!(error instanceof CorruptStoreError)) throw error;
    }
    const rows: [Uint8Array, Uint8Array | undefined][] = [];
    for (const [key] of await this.#store.iterate({ ...range, keysOnly: true }))
      rows.push([key, await this.#readOne(key)]);
    return rows;
  }

  async #readOne(key: Uint8Array): Promise<Uint8Array | undefined> {
    try {
      return (await this.#store.getMany([key]))[0];
    } catch (error) {
      if (error instanceof CorruptStoreError) return undefined;
      throw error;
    }
  }

  get #next(): number {
    const last = this.#parts.at(-1);
    return last === undefined ? 0 : last.sequence + 1;
  }
}

function decodePart(value: Uint8Array | undefined): Entry[] {
  if (value === undefined) return [];
  try {
    return JSON.parse(new TextDecoder().decode(value)) as Entry[];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}
