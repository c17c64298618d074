/** Owns a map of bounded size: what was put there longest ago goes. */

export class Recent<T> {
  readonly #values = new Map<string, T>();
  readonly #max: number;
  /** Stands before the oldest: a new iterator would have to pass all the places that are empty by now. */
  readonly #oldest = this.#values.entries();

  constructor(max: number) {
    this.#max = max;
  }

  get(key: string): T | undefined {
    return this.#values.get(key);
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  delete(key: string): void {
    this.#values.delete(key);
  }

  /** Puts a value behind all others. Returns the one that had to go for it. */
  put(key: string, value: T): T | null {
    this.#values.delete(key);
    this.#values.set(key, value);
    if (this.#values.size <= this.#max) return null;
    const [oldest, gone] = this.#oldest.next().value!;
    this.#values.delete(oldest);
    return gone;
  }
}
