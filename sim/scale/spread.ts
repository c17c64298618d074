/** Owns how one thing spread: when each node first had it, of those that were there when it began. */
export class Spread {
  readonly #beganAt: number;
  /** 1 for each node, by index, that was there when it began, 2 once it has it. */
  readonly #nodes: Uint8Array;
  readonly #count: number;
  readonly #delays: number[] = [];

  /** `present` has a 1 for each of the `count` nodes that are there; it is kept. */
  constructor(beganAt: number, present: Uint8Array, count: number) {
    this.#beganAt = beganAt;
    this.#nodes = present;
    this.#count = count;
  }

  /** True if the node was there when it began. */
  counts(node: number): boolean {
    return this.#nodes[node]! > 0;
  }

  /** It is at this node now, if it wasn't before. */
  reached(node: number, now: number): void {
    if (this.#nodes[node] !== 1) return;
    this.#nodes[node] = 2;
    this.#delays.push(now - this.#beganAt);
  }

  /** Nodes it has reached. */
  get count(): number {
    return this.#delays.length;
  }

  /** Share of the nodes it has reached. */
  get coverage(): number {
    return this.#delays.length / this.#count;
  }

  /** Milliseconds until this many of 100 nodes had it; infinite if they never did. */
  percentile(percent: number): number {
    // Nodes tell of it in the order of time.
    return this.#delays[Math.ceil((this.#count * percent) / 100) - 1] ?? Number.POSITIVE_INFINITY;
  }

  /** Mean of the milliseconds until a node had it. */
  get meanMs(): number {
    return this.#delays.reduce((sum, delay) => sum + delay, 0) / Math.max(1, this.#delays.length);
  }
}

/** The middle of some numbers, or what `share` in 100 of them don't exceed. */
export function quantile(numbers: readonly number[], share = 50): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((sorted.length * share) / 100) - 1)] ?? Number.NaN;
}
