/** Owns a map of bounded size: what was put there longest ago goes. */

export class Recent<T> {
  readonly #values = new Map<string, T>();
  readonly #max: number;
  /**
   * Stands before the oldest while one after the other goes: each new iterator has to pass all the places that are empty
   * by now. Any other change lets go of it, since it keeps every table that the map has outgrown meanwhile.
   */
  #oldest: Iterator<[string, T]> | null = null;

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
    if (this.#values.delete(key)) this.#oldest = null;
  }

  /** Puts a value behind all others. Returns the one that had to go for it. */
  put(key: string, value: T): T | null {
    this.delete(key);
    this.#values.set(key, value);
    if (this.#values.size <= this.#max) return null;
    this.#oldest ??= this.#values.entries();
    const [oldest, gone] = this.#oldest.next().value!;
    this.#values.delete(oldest);
    return gone;
  }
}
