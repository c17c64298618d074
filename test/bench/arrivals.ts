/** Owns when something arrived at each of several nodes: the first and the last time. Holds all it was told of. */

interface Arrival {
  readonly firstMs: number;
  lastMs: number;
  count: number;
}

export class Arrivals {
  readonly #nodes: number;
  readonly #all = new Map<string, Arrival>();
  #changed: () => void = () => undefined;

  constructor(nodes: number) {
    this.#nodes = nodes;
  }

  note(id: string, atMs: number): void {
    const known = this.#all.get(id) ?? { firstMs: atMs, lastMs: atMs, count: 0 };
    known.lastMs = atMs;
    known.count += 1;
    this.#all.set(id, known);
    this.#changed();
  }

  /** When it was everywhere. */
  last(id: string): Promise<number> {
    return this.#until(() => {
      const found = this.#all.get(id);
      return found?.count === this.#nodes ? found.lastMs : null;
    });
  }

  /** Milliseconds between the first and the last, of all that is everywhere, once so many are. */
  spreads(count: number): Promise<number[]> {
    return this.#until(() => {
      const whole = [...this.#all.values()].filter((arrival) => arrival.count === this.#nodes);
      return whole.length < count ? null : whole.map(({ firstMs, lastMs }) => lastMs - firstMs);
    });
  }

  #until<T>(read: () => T | null): Promise<T> {
    return new Promise((resolve) => {
      this.#changed = () => {
        const value = read();
        if (value === null) return;
        this.#changed = () => undefined;
        resolve(value);
      };
      this.#changed();
    });
  }
}
