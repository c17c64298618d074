/** Owns what a benchmark hands back. Each `test/bench/NAME.bench.ts` exports one `Measure` as its default. */

/** One line of the table. The median of the samples is held against the goal. */
export interface Figure {
  /** What was measured, as a noun: `empty blocks synced`. */
  readonly name: string;
  /** Of samples and goal: `ms`, `tx/s`, `MB`. */
  readonly unit: string;
  /** One for each run, in any order; at least one. */
  readonly samples: readonly number[];
  /** `atMost` for what should be small, `atLeast` for what should be large; neither where there is only a wish to know. */
  readonly goal?: { readonly atMost: number } | { readonly atLeast: number };
}

export interface BenchContext {
  /** Folder of the built programs (`cli.js`, `node.js`, `miner-worker.js`) as a `file:` URL that ends with a slash. */
  readonly bundle: string;
  /** Folder of what `test/bench/programs/` was built to, likewise: work for processes that aren't measured. */
  readonly programs: string;
  /** What followed the name on the command line. */
  readonly options: readonly string[];
}

/** Runs alone in a process of its own, so memory figures are its own; may reject, which fails the run. */
export type Measure = (context: BenchContext) => Promise<readonly Figure[]>;
