/**
 * Owns the blocks that came before their time, whole: when it has come, whoever pushed one may be gone, and nobody else
 * may have it. Bounds: `EARLY_BLOCKS_MAX` blocks with the work of their height, at most `EARLY_RETRY_MAX_MS` ahead; of more,
 * those whose time comes first.
 */
import type { Transaction } from '../../chain/format/transaction.ts';
import type { Now } from '../door.ts';
import type { EarlyHeader } from '../early-header.ts';
import { EARLY_BLOCKS_MAX, EARLY_RETRY_MAX_MS } from '../limits.ts';

interface EarlyBlock {
  readonly early: EarlyHeader;
  readonly transactions: Transaction[];
}

export class EarlyBlocks {
  /** The one whose time comes first is the first. */
  #blocks: EarlyBlock[] = [];

  get size(): number {
    return this.#blocks.length;
  }

  /** True if the block is worth putting together now: it is not here, and its time comes soon. */
  wants({ key, fromWallMs }: EarlyHeader, { wallMs }: Now): boolean {
    return fromWallMs - wallMs <= EARLY_RETRY_MAX_MS && !this.#blocks.some(({ early }) => early.key === key);
  }

  keep(early: EarlyHeader, transactions: Transaction[]): void {
    this.#blocks.push({ early, transactions });
    this.#blocks.sort((a, b) => a.early.fromWallMs - b.early.fromWallMs);
    this.#blocks.length = Math.min(this.#blocks.length, EARLY_BLOCKS_MAX);
  }

  /** Gives up those whose time has come. */
  take({ wallMs }: Now): EarlyBlock[] {
    const count = this.#blocks.findIndex(({ early }) => early.fromWallMs > wallMs);
    return this.#blocks.splice(0, count === -1 ? this.#blocks.length : count);
  }

  /** Monotonic time at which one is due by the clocks as they are; `null` if none is here. */
  deadline({ monotonicMs, wallMs }: Now): number | null {
    const [first] = this.#blocks;
    if (first === undefined) return null;
    return monotonicMs + Math.min(EARLY_RETRY_MAX_MS, Math.max(0, first.early.fromWallMs - wallMs));
  }
}
