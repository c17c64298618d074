/**
 * Owns a store in memory, for tests, the simulator and ledgers that need not outlive their process. A map holds the
 * entries, and a sorted list of keys is brought up to date only when somebody iterates.
 */
import { assert } from '../errors.ts';
import { toText } from '../format/bytes.ts';
import type { IterateOptions, Store, StoreWrite } from './ports.ts';

interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

export class MemoryStore implements Store {
  /** By key as text. */
  #entries = new Map<string, Entry>();
  /** Names in order; may still hold deleted ones, and lacks those of `#added`. */
  #sorted: string[] = [];
  #added = new Set<string>();
  #closed = false;

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    this.#assertOpen();
    return keys.map((key) => this.#entries.get(toText(key))?.value.slice());
  }

  async write(batch: readonly StoreWrite[], _options: { readonly sync: boolean }): Promise<void> {
    this.#assertOpen();
    for (const [key, value] of batch) {
      const name = toText(key);
      if (value === null) {
        this.#entries.delete(name);
      } else {
        if (!this.#entries.has(name)) this.#added.add(name);
        this.#entries.set(name, { key: key.slice(), value: value.slice() });
      }
    }
  }

  async iterate(options: IterateOptions): Promise<[key: Uint8Array, value: Uint8Array][]> {
    this.#assertOpen();
    this.#sort();
    const start = lowerBound(this.#sorted, toText(options.from));
    const end = lowerBound(this.#sorted, toText(options.to));
    const found: [Uint8Array, Uint8Array][] = [];
    for (let i = 0; i < end - start && found.length < options.limit; i++) {
      const entry = this.#entries.get(this.#sorted[options.reverse === true ? end - 1 - i : start + i]!)!;
      found.push([entry.key.slice(), options.keysOnly === true ? new Uint8Array(0) : entry.value.slice()]);
    }
    return found;
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  /** The same content in a store of its own: what a crash leaves behind, for tests and the simulator. */
  copy(): MemoryStore {
    const copy = new MemoryStore();
    copy.#entries = new Map(this.#entries);
    copy.#added = new Set(this.#entries.keys());
    return copy;
  }

  #sort(): void {
    const kept = this.#sorted.filter((name) => this.#entries.has(name) && !this.#added.has(name));
    const added = [...this.#added].filter((name) => this.#entries.has(name)).sort();
    this.#added.clear();
    this.#sorted = mergeSorted(kept, added);
  }

  #assertOpen(): void {
    assert(!this.#closed, 'the store is closed');
  }
}

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
