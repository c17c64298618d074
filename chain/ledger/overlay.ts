/**
 * Owns the writes that wait for the next atomic batch, and lets the state be read as if they were written.
 * Bounded by the engine, which commits when `bytes` passes its limit.
 */
import { toText } from '../format/bytes.ts';
import type { Change } from '../state/working-state.ts';
import { Turnover } from '../turnover.ts';
import type { RowReader, StoreWrite } from './ports.ts';
import { stateRow } from './store-keys.ts';

export class Overlay {
  readonly #store: RowReader;
  /** By key as text. */
  readonly #state = new Turnover<string, StoreWrite>();
  #rows: StoreWrite[] = [];
  #bytes = 0;

  constructor(store: RowReader) {
    this.#store = store;
  }

  /** Bytes of keys and values waiting. */
  get bytes(): number {
    return this.#bytes;
  }

  /** State entries at these keys; `null` where there is none. */
  async entries(keys: readonly Uint8Array[]): Promise<(Uint8Array | null)[]> {
    if (this.#state.size === 0) return nullable(await this.#store.getMany(keys.map(stateRow)));
    const found = keys.map((key) => this.#state.get(toText(key)));
    const missing = keys.filter((_, i) => found[i] === undefined);
    const stored = missing.length === 0 ? [] : await this.#store.getMany(missing.map(stateRow));
    let next = 0;
    return found.map((write) => (write === undefined ? (stored[next++] ?? null) : write[1]));
  }

  /** A change of a state entry, forward or back. */
  change({ key, after }: Change): void {
    this.#state.set(toText(key), [stateRow(key), after]);
    this.#bytes += 33 + (after?.length ?? 0);
  }

  /** A row that nobody reads before it is written. */
  put(row: Uint8Array, value: Uint8Array | null): void {
    this.#rows.push([row, value]);
    this.#bytes += row.length + (value?.length ?? 0);
  }

  /** Everything that waits, as one batch; the overlay is empty afterwards. */
  take(): StoreWrite[] {
    const batch = [...this.#state.values(), ...this.#rows];
    this.discard();
    return batch;
  }

  discard(): void {
    this.#state.clear();
    this.#rows = [];
    this.#bytes = 0;
  }
}

const nullable = (values: readonly (Uint8Array | undefined)[]): (Uint8Array | null)[] =>
  values.map((value) => value ?? null);
