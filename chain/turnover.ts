/**
 * Owns a map whose entries come and go, so that it is empty time and again. A `Map` that grows, shrinks or is cleared
 * takes another table, and V8 has the one before point to it, for iterators, with what was in it. Once a single table of
 * that chain has grown old, all later ones and what they ever held outlive their use, until the whole heap is looked
 * through. Here an empty map is a new one, and the chain ends.
 *
 * Bounded by its owner.
 */
export class Turnover<K, V> {
  #map = new Map<K, V>();

  get size(): number {
    return this.#map.size;
  }

  get(key: K): V | undefined {
    return this.#map.get(key);
  }

  has(key: K): boolean {
    return this.#map.has(key);
  }

  set(key: K, value: V): void {
    this.#map.set(key, value);
  }

  /**
   * True if it was there. Who iterates meanwhile may still come to the last entry of all, if it goes before its turn, and
   * comes to none that is added after it.
   */
  delete(key: K): boolean {
    if (this.#map.size > 1) return this.#map.delete(key);
    if (!this.#map.has(key)) return false;
    this.clear();
    return true;
  }

  clear(): void {
    if (this.#map.size > 0) this.#map = new Map();
  }

  values(): IterableIterator<V> {
    return this.#map.values();
  }

  [Symbol.iterator](): IterableIterator<[K, V]> {
    return this.#map[Symbol.iterator]();
  }
}
