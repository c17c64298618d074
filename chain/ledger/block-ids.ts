/**
 * Owns the beginnings of the ids of single blocks: of the last ones from memory, of others from their bodies.
 *
 * Memory: at most `KEPT_MAX` blocks.
 */
import type { HeaderNode } from '../consensus/header-tree.ts';
import { RuleError } from '../errors.ts';
import { transactionIds } from '../format/block.ts';
import { equalBytes } from '../format/bytes.ts';
import { txRoot } from '../format/merkle.ts';
import { SEGMENT_BLOCKS, startOf } from './id-chunk.ts';
import { unlessLost } from './whole-rows.ts';

const KEPT_MAX = 2 * SEGMENT_BLOCKS;

/** Bytes that a question may still read. */
export interface Budget {
  bytes: number;
}

export type ReadBody = (block: HeaderNode) => Promise<Uint8Array | null>;

export class BlockIds {
  readonly #readBody: ReadBody;
  /** By height. */
  readonly #kept = new Map<number, { readonly block: HeaderNode; readonly starts: Float64Array }>();

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
    if (body === null) return null;
    budget.bytes -= body.length;
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
