/**
 * Owns a store in memory, for tests, the simulator and ledgers that need not outlive their process. Maps hold the
 * values, and keys are put in order only when somebody iterates. What the port promises is there at once, too.
 */
import { assert } from '../errors.ts';
import { fromText, toText } from '../format/bytes.ts';
import { Slab } from '../format/slab.ts';
import type { IterateOptions, Store, StoreWrite } from './ports.ts';

export class MemoryStore implements Store {
  /** By first byte of the key, the kind of a row: iterating over one kind costs nothing for the others. */
  readonly #shelves = new Map<number, Shelf>();
  #closed = false;

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return this.read(keys);
  }

  async write(batch: Iterable<StoreWrite>, _options: { readonly sync: boolean }): Promise<void> {
    this.put([...batch]);
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
    return keys.map((key) => copyOf(this.#shelves.get(kindOf(key))?.values.get(toText(key))));
  }

  /** As `iterate`. */
  scan(options: IterateOptions): [key: Uint8Array, value: Uint8Array][] {
    this.#assertOpen();
    const { from, to, limit, reverse = false, keysOnly = false } = options;
    // A range mostly ends where the next kind begins, of which it has nothing.
    const end = to.length > 1 ? kindOf(to) : kindOf(to) - 1;
    const kinds = [...this.#shelves.keys()].filter((kind) => kind >= kindOf(from) && kind <= end);
    kinds.sort((a, b) => (reverse ? b - a : a - b));
    const found: [Uint8Array, Uint8Array][] = [];
    for (const kind of kinds) {
      const shelf = this.#shelves.get(kind)!;
      const names = shelf.namesBetween(toText(from), toText(to));
      for (let i = 0; i < names.length && found.length < limit; i++) {
        const name = names[reverse ? names.length - 1 - i : i]!;
        found.push([fromText(name), copyOf(keysOnly ? '' : shelf.values.get(name)!)]);
      }
    }
    return found;
  }

  /** As `write`. */
  put(batch: readonly StoreWrite[]): void {
    this.#swap(batch, null);
  }

  /** As `write`. Gives the batch that takes it back. */
  replace(batch: readonly StoreWrite[]): StoreWrite[] {
    const before: StoreWrite[] = [];
    this.#swap(batch, (key, kept) => before.push([key, ownedBytes(kept)]));
    // Of a key that is in it twice the first counts, and is to be written last.
    return before.reverse();
  }

  /** Writes, and tells what was there before if somebody wants to know. */
  #swap(
    batch: readonly StoreWrite[],
    tell: ((key: Uint8Array, before: Kept | undefined) => void) | null,
  ): void {
    this.#assertOpen();
    const long = new Uint8Array(longBytes(batch));
    let used = 0;
    let last: Uint8Array | null = null;
    let lastText = '';
    for (const [key, value] of batch) {
      let kept: Kept | undefined;
      if (value !== null && isLong(value)) {
        long.set(value, used);
        kept = long.subarray(used, used + value.length);
        used += value.length;
      } else if (value !== null) {
        // Several rows in a row may point to the same thing.
        if (value !== last) lastText = toText(value);
        last = value;
        kept = lastText;
      }
      const shelf = this.#shelfOf(kindOf(key));
      const name = toText(key);
      if (tell !== null) tell(key, shelf.values.get(name));
      shelf.put(name, kept);
    }
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

/** The rows of one kind. */
class Shelf {
  /** By key as text. */
  readonly values: Map<string, Kept>;
  /** Names in order; may still hold deleted ones, and lacks those of `#added`. `null` until somebody iterates. */
  #sorted: string[] | null = null;
  #added: string[] = [];

  constructor(values?: ReadonlyMap<string, Kept>) {
    this.values = new Map(values);
  }

  /** Looks the row up once: most are cold, and each look waits for the memory. */
  put(name: string, value: Kept | undefined): void {
    if (value === undefined) {
      this.values.delete(name);
      return;
    }
    const { size } = this.values;
    this.values.set(name, value);
    if (this.values.size > size && this.#sorted !== null) this.#noteNew(name);
  }

  /** From the first up to, not with, the second, in order. */
  namesBetween(from: string, to: string): string[] {
    const sorted = this.#sort();
    return sorted.slice(lowerBound(sorted, from), lowerBound(sorted, to));
  }

  #noteNew(name: string): void {
    this.#added.push(name);
    if (this.#added.length <= this.values.size) return;
    // Most of them are gone again: all are put in order when there is need.
    this.#sorted = null;
    this.#added = [];
  }

  #sort(): string[] {
    if (this.#sorted === null) this.#sorted = [...this.values.keys()].sort();
    else if (this.#added.length > 0 || this.#sorted.length !== this.values.size) {
      const kept = this.#sorted.filter((name) => this.values.has(name));
      const added = this.#added.filter((name) => this.values.has(name)).sort();
      this.#sorted = mergeSorted(kept, added);
      this.#added = [];
    }
    return this.#sorted;
  }
}

/** A value: short ones as text, since an array of eight bytes takes more than two hundred. */
type Kept = string | Uint8Array;
const SHORT_BYTES_MAX = 64;

const isLong = (value: Uint8Array): boolean => value.length > SHORT_BYTES_MAX;

function ownedBytes(kept: Kept | undefined): Uint8Array | null {
  return typeof kept === 'string' ? fromText(kept) : (kept ?? null);
}

/** Bytes of all long values of a batch: they are kept in one piece of memory, of the size of the batch. */
function longBytes(batch: readonly StoreWrite[]): number {
  let bytes = 0;
  for (const [, value] of batch) if (value !== null && isLong(value)) bytes += value.length;
  return bytes;
}

/** What was read is mostly let go soon: a value that is kept keeps so much alive. */
const read = new Slab(4 * 1024);

function copyOf(kept: Kept): Uint8Array;
function copyOf(kept: Kept | undefined): Uint8Array | undefined;
function copyOf(kept: Kept | undefined): Uint8Array | undefined {
  if (kept === undefined) return undefined;
  if (typeof kept !== 'string') return read.copy(kept);
  const copy = read.take(kept.length);
  for (let i = 0; i < kept.length; i++) copy[i] = kept.charCodeAt(i);
  return copy;
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

/** Both in one, in order, each name once. */
function mergeSorted(a: readonly string[], b: readonly string[]): string[] {
  const merged: string[] = [];
  let next = 0;
  for (const name of b) {
    while (next < a.length && a[next]! < name) merged.push(a[next++]!);
    if (merged.at(-1) !== name && a[next] !== name) merged.push(name);
  }
  while (next < a.length) merged.push(a[next++]!);
  return merged;
}
