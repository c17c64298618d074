/**
 * Owns a cache bounded by bytes: the value used longest ago goes first. Each value counts with what its owner says it
 * costs; all together never cost more than the bound.
 *
 * The order of use is a list through the entries. The order of a `Map` would do, but to keep it by deleting and inserting
 * wears out a hash table every few uses, and outgrown tables keep what they held for long.
 */
interface Entry<V> {
  readonly key: string;
  value: V;
  older: Entry<V> | null;
  newer: Entry<V> | null;
}

export class ByteCache<V> {
  readonly #maxBytes: number;
  readonly #costOf: (value: V) => number;
  readonly #entries = new Map<string, Entry<V>>();
  #oldest: Entry<V> | null = null;
  #newest: Entry<V> | null = null;
  #bytes = 0;

  constructor(maxBytes: number, costOf: (value: V) => number) {
    this.#maxBytes = maxBytes;
    this.#costOf = costOf;
  }

  /** Bytes held, never over the most allowed. */
  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#renew(entry);
    return entry.value;
  }

  put(key: string, value: V): void {
    const known = this.#entries.get(key);
    if (known !== undefined) {
      this.#bytes += this.#costOf(value) - this.#costOf(known.value);
      known.value = value;
      this.#renew(known);
    } else {
      const entry: Entry<V> = { key, value, older: null, newer: null };
      this.#entries.set(key, entry);
      this.#bytes += this.#costOf(value);
      this.#append(entry);
    }
    while (this.#bytes > this.#maxBytes) this.#remove(this.#oldest!);
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) this.#remove(entry);
  }

  #remove(entry: Entry<V>): void {
    this.#unlink(entry);
    this.#entries.delete(entry.key);
    this.#bytes -= this.#costOf(entry.value);
  }

  #renew(entry: Entry<V>): void {
    if (entry === this.#newest) return;
    this.#unlink(entry);
    this.#append(entry);
  }

  #append(entry: Entry<V>): void {
    entry.older = this.#newest;
    if (this.#newest === null) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
  }

  #unlink(entry: Entry<V>): void {
    if (entry.older === null) this.#oldest = entry.newer;
    else entry.older.newer = entry.newer;
    if (entry.newer === null) this.#newest = entry.older;
    else entry.newer.older = entry.older;
    entry.older = null;
    entry.newer = null;
  }
}
