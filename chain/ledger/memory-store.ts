/**
 * Owns a store in memory, for tests, the simulator and ledgers that need not outlive their process. Maps hold the
 * entries, and sorted lists of keys are brought up to date only when somebody iterates.
 */
import { assert } from '../errors.ts';
import { toText } from '../format/bytes.ts';
import type { IterateOptions, Store, StoreWrite } from './ports.ts';

interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

export class MemoryStore implements Store {
  /** By first byte of the key, the kind of a row: iterating over one kind costs nothing for the others. */
  #shelves = new Map<number, Shelf>();
  #closed = false;

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    this.#assertOpen();
    return keys.map((key) => this.#shelves.get(kindOf(key))?.entries.get(toText(key))?.value.slice());
  }

  async write(batch: readonly StoreWrite[], _options: { readonly sync: boolean }): Promise<void> {
    this.#assertOpen();
    for (const [key, value] of batch) this.#shelfOf(kindOf(key)).put(key, value);
  }

  async iterate(options: IterateOptions): Promise<[key: Uint8Array, value: Uint8Array][]> {
    this.#assertOpen();
    const { from, to, limit, reverse = false, keysOnly = false } = options;
    const kinds = [...this.#shelves.keys()].filter((kind) => kind >= kindOf(from) && kind <= kindOf(to));
    kinds.sort((a, b) => (reverse ? b - a : a - b));
    const found: [Uint8Array, Uint8Array][] = [];
    for (const kind of kinds) {
      const shelf = this.#shelves.get(kind)!;
      const names = shelf.namesBetween(toText(from), toText(to));
      for (let i = 0; i < names.length && found.length < limit; i++) {
        const entry = shelf.entries.get(names[reverse ? names.length - 1 - i : i]!)!;
        found.push([entry.key.slice(), keysOnly ? new Uint8Array(0) : entry.value.slice()]);
      }
    }
    return found;
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  /** The same content in a store of its own: what a crash leaves behind, for tests and the simulator. */
  copy(): MemoryStore {
    const copy = new MemoryStore();
    for (const [kind, shelf] of this.#shelves) copy.#shelves.set(kind, shelf.copy());
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
  entries = new Map<string, Entry>();
  /** Names in order; may still hold deleted ones, and lacks those of `#added`. */
  #sorted: string[] = [];
  #added = new Set<string>();

  put(key: Uint8Array, value: Uint8Array | null): void {
    const name = toText(key);
    if (value === null) {
      this.entries.delete(name);
    } else {
      if (!this.entries.has(name)) this.#added.add(name);
      this.entries.set(name, { key: key.slice(), value: value.slice() });
    }
  }

  /** From the first up to, not with, the second, in order. */
  namesBetween(from: string, to: string): string[] {
    this.#sort();
    return this.#sorted.slice(lowerBound(this.#sorted, from), lowerBound(this.#sorted, to));
  }

  copy(): Shelf {
    const copy = new Shelf();
    copy.entries = new Map(this.entries);
    copy.#added = new Set(this.entries.keys());
    return copy;
  }

  #sort(): void {
    if (this.#added.size === 0 && this.#sorted.length === this.entries.size) return;
    const kept = this.#sorted.filter((name) => this.entries.has(name) && !this.#added.has(name));
    const added = [...this.#added].filter((name) => this.entries.has(name)).sort();
    this.#added.clear();
    this.#sorted = mergeSorted(kept, added);
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

function mergeSorted(a: readonly string[], b: readonly string[]): string[] {
  if (b.length === 0) return [...a];
  const merged: string[] = [];
  let next = 0;
  for (const name of b) {
    while (next < a.length && a[next]! < name) merged.push(a[next++]!);
    merged.push(name);
  }
  while (next < a.length) merged.push(a[next++]!);
  return merged;
}
