/** Owns the memory of the last reorganisations, for people to look at. Bounded to `REORGS_MAX`. */
import type { TipChange } from '../../chain/ledger/tip-change.ts';

const REORGS_MAX = 100;

export interface Reorg {
  /** Milliseconds since 1970 by the local clock. */
  readonly at: number;
  /** Hex ids of the tips before and after. */
  readonly from: string;
  readonly to: string;
  /** Blocks disconnected and connected. */
  readonly depth: number;
  readonly connected: number;
  /** Height of the last block both branches share. */
  readonly forkHeight: number;
  /** Work of both branches above that block, when it happened: decimal. */
  readonly lostWork: string;
  readonly wonWork: string;
}

export class Reorgs {
  readonly #all: Reorg[] = [];

  add(change: TipChange, wallMs: number): void {
    this.#all.push(reorgOf(change, wallMs));
    if (this.#all.length > REORGS_MAX) this.#all.shift();
  }

  /** Oldest first. */
  get all(): readonly Reorg[] {
    return this.#all;
  }
}

export function reorgOf({ from, to, disconnected, connected }: TipChange, wallMs: number): Reorg {
  let fork = from;
  for (let i = 0; i < disconnected.length; i++) fork = fork.parent!;
  return {
    at: wallMs,
    from: from.key,
    to: to.key,
    depth: disconnected.length,
    connected: connected.length,
    forkHeight: fork.height,
    lostWork: String(from.work - fork.work),
    wonWork: String(to.work - fork.work),
  };
}
