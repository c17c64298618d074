/**
 * Owns the beginnings of the ids of blocks: of the last ones from memory, of others from their bodies. Reading a whole
 * segment takes several questions. Each goes on where the one before stopped.
 *
 * Memory: the ids of at most `KEPT_MAX` blocks and of one segment that is being read, 8 bytes each.
 */
import type { HeaderNode } from '../consensus/header-tree.ts';
import { RuleError } from '../errors.ts';
import { transactionIds } from '../format/block.ts';
import { equalBytes } from '../format/bytes.ts';
import { txRoot } from '../format/merkle.ts';
import { SEGMENT_BLOCKS, startOf } from './id-chunk.ts';
import { unlessLost } from './whole-rows.ts';

const KEPT_MAX = 2 * SEGMENT_BLOCKS;
/** Segments that are known to lack a block. */
const LOST_MAX = 4_096;
/** Bytes that a read counts at least. */
export const READ_LEAST = 1_024;

/** Bytes that a question may still read to make chunks. A read may begin while this is above 0, and then ends. */
export interface Budget {
  bytes: number;
}

export type ReadBody = (block: HeaderNode) => Promise<Uint8Array | null>;

export class BlockIds {
  readonly #readBody: ReadBody;
  /** By height. */
  readonly #kept = new Map<number, { readonly block: HeaderNode; readonly starts: Float64Array }>();
  /** The segment that is being read, from its last block down. `at` is the next block. */
  #begun: { readonly last: HeaderNode; at: HeaderNode; readonly places: Float64Array[] } | null = null;
  /** By the key of a segment's last block, the block that was lost when the segment was read. */
  readonly #lost = new Map<string, HeaderNode>();

  constructor(readBody: ReadBody) {
    this.#readBody = readBody;
  }

  /** Keeps the ids of a block in place of those of another branch and of blocks far below. */
  keep(block: HeaderNode, ids: readonly Uint8Array[]): void {
    this.#keep(block, startsOf(ids));
  }

  forget(block: HeaderNode): void {
    this.#kept.delete(block.height);
  }

  /** The beginnings of a block's ids, in order, if they are kept. */
  kept(block: HeaderNode): Float64Array | null {
    const known = this.#kept.get(block.height);
    return known?.block === block ? known.starts : null;
  }

  /** The same, also from its body; `null` if that is lost. */
  async read(block: HeaderNode, budget: Budget): Promise<Float64Array | null> {
    const known = this.kept(block);
    if (known !== null) return known;
    const body = await unlessLost(this.#readBody(block));
    budget.bytes -= Math.max(READ_LEAST, body?.length ?? 0);
    if (body === null) return null;
    const ids = idsOf(block, body);
    return ids === null ? null : startsOf(ids);
  }

  /** The same of one of the last blocks, which is kept; `null` also if the budget is used up. */
  async readLast(block: HeaderNode, budget: Budget): Promise<Float64Array | null> {
    const known = this.kept(block);
    if (known !== null) return known;
    const starts = budget.bytes > 0 ? await this.read(block, budget) : null;
    if (starts !== null) this.#keep(block, starts);
    return starts;
  }

  /** Last block of the segment that is being read. */
  get begun(): HeaderNode | null {
    return this.#begun?.last ?? null;
  }

  /** Gives up the segment that is being read. */
  drop(): void {
    this.#begun = null;
  }

  /**
   * The beginnings of the ids of each block of a segment of level 0, lowest block first. `null` if a block is lost, or if
   * the budget is used up; then the next call for this segment goes on. Must not be called before the last call has ended.
   */
  async readSegment(last: HeaderNode, budget: Budget): Promise<Float64Array[] | null> {
    const lost = this.#lost.get(last.key);
    if (lost !== undefined) {
      if ((await this.read(lost, budget)) === null) return null;
      this.#lost.delete(last.key);
    }
    if (this.#begun?.last !== last) this.#begun = { last, at: last, places: [] };
    const begun = this.#begun;
    for (; begun.places.length < SEGMENT_BLOCKS; begun.at = begun.at.parent!) {
      const starts = budget.bytes > 0 ? await this.read(begun.at, budget) : null;
      if (starts === null && budget.bytes <= 0) return null;
      if (starts === null) {
        this.#begun = null;
        this.#noteLost(last, begun.at);
        return null;
      }
      begun.places.push(starts);
    }
    this.#begun = null;
    return begun.places.reverse();
  }

  #noteLost(last: HeaderNode, block: HeaderNode): void {
    const [oldest] = this.#lost.keys();
    if (this.#lost.size >= LOST_MAX) this.#lost.delete(oldest!);
    this.#lost.set(last.key, block);
  }

  #keep(block: HeaderNode, starts: Float64Array): void {
    this.#kept.set(block.height, { block, starts });
    this.#kept.delete(block.height - KEPT_MAX);
  }
}

function startsOf(ids: readonly Uint8Array[]): Float64Array {
  return Float64Array.from(ids.map(startOf)).sort();
}

/** The ids in a body, or `null` if it isn't that of its block. */
function idsOf({ header }: HeaderNode, body: Uint8Array): Uint8Array[] | null {
  try {
    const ids = transactionIds(body);
    return equalBytes(txRoot(ids), header.txRoot) ? ids : null;
  } catch (error) {
    if (error instanceof RuleError) return null;
    throw error;
  }
}
