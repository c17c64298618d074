/**
 * Owns a store in memory, for tests, the simulator and ledgers that need not outlive their process. Maps hold the
 * values, and keys are put in order only when somebody iterates. What the port promises is there at once, too.
 */
import { assert } from '../errors.ts';
import { fromText, toText } from '../format/bytes.ts';
import type { IterateOptions, Store, StoreWrite } from './ports.ts';

export class MemoryStore implements Store {
  /** By first byte of the key, the kind of a row: iterating over one kind costs nothing for the others. */
  readonly #shelves = new Map<number, Shelf>();
  #closed = false;

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return this.read(keys);
  }

  async write(batch: readonly StoreWrite[], _options: { readonly sync: boolean }): Promise<void> {
    this.#assertOpen();
    for (const [key, value] of batch) this.#shelfOf(kindOf(key)).put(toText(key), value);
  }

  async iterate(options: IterateOptions): Promise<[key: Uint8Array, value: Uint8Array][]> {
    return this.scan(options);
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  /** As `getMany`. */
  read(keys: readonly Uint8Array[]): (Uint8Array | undefined)[] {
    this.#assertOpen();
    return keys.map((key) => this.#shelves.get(kindOf(key))?.get(toText(key)));
  }

  /** As `iterate`. */
  scan(options: IterateOptions): [key: Uint8Array, value: Uint8Array][] {
    this.#assertOpen();
    const { from, to, limit, reverse = false, keysOnly = false } = options;
    const kinds = [...this.#shelves.keys()].filter((kind) => kind >= kindOf(from) && kind <= kindOf(to));
    kinds.sort((a, b) => (reverse ? b - a : a - b));
    const found: [Uint8Array, Uint8Array][] = [];
    for (const kind of kinds) {
      const shelf = this.#shelves.get(kind)!;
      const names = shelf.namesBetween(toText(from), toText(to));
      for (let i = 0; i < names.length && found.length < limit; i++) {
        const name = names[reverse ? names.length - 1 - i : i]!;
        found.push([fromText(name), keysOnly ? new Uint8Array(0) : shelf.get(name)!]);
      }
    }
    return found;
  }

  /** As `write`. Gives the batch that takes it back. */
  replace(batch: readonly StoreWrite[]): StoreWrite[] {
    this.#assertOpen();
    const before = batch.map(
      ([key, value]): StoreWrite => [key, this.#shelfOf(kindOf(key)).put(toText(key), value)],
    );
    // Of a key that is in it twice the first counts, and is to be written last.
    return before.reverse();
  }

  /** The same content in a store of its own: what a crash leaves behind, for tests and the simulator. */
  copy(): MemoryStore {
    const copy = new MemoryStore();
    for (const [kind, shelf] of this.#shelves) copy.#shelves.set(kind, new Shelf(shelf.values));
    return copy;
  }

  #shelfOf(kind: number): Shelf {
    let shelf = this.#shelves.get(kind);
    if (shelf === undefined) {
      shelf = new Shelf();
      this.#shelves.set(kind, shelf);
    }
    return shelf;
  }

  #assertOpen(): void {
    assert(!this.#closed, 'the store is closed');
  }
}

/**
 * A value: a copy, or up to so many bytes as text, since an array of eight bytes takes more than two hundred.
 */
type Kept = string | Uint8Array;
const TEXT_BYTES_MAX = 64;

/** The rows of one kind. */
class Shelf {
  /** By key as text. */
  readonly values: Map<string, Kept>;
  /** Names in order; `null` since there are others. */
  #sorted: string[] | null = null;

  constructor(values?: ReadonlyMap<string, Kept>) {
    this.values = new Map(values);
  }

  /** Bytes of the caller's own. */
  get(name: string): Uint8Array | undefined {
    const kept = this.values.get(name);
    return typeof kept === 'string' ? fromText(kept) : kept?.slice();
  }

  /** What was there before. */
  put(name: string, value: Uint8Array | null): Uint8Array | null {
    const before = this.values.get(name);
    if (value === null) this.values.delete(name);
    else this.values.set(name, value.length > TEXT_BYTES_MAX ? value.slice() : toText(value));
    if ((before === undefined) !== (value === null)) this.#sorted = null;
    return typeof before === 'string' ? fromText(before) : (before ?? null);
  }

  /** From the first up to, not with, the second, in order. */
  namesBetween(from: string, to: string): string[] {
    this.#sorted ??= [...this.values.keys()].sort();
    return this.#sorted.slice(lowerBound(this.#sorted, from), lowerBound(this.#sorted, to));
  }
}

const kindOf = (key: Uint8Array): number => key[0] ?? 0;

/** Index of the first name that is not below `name`. */
function lowerBound(sorted: readonly string[], name: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < name) low = middle + 1;
    else high = middle;
  }
  return low;
}
