/**
 * Owns the two walks along a branch that has too little work so far to be stored. The first counts its work and keeps
 * one id a batch; once the work suffices, the second asks for the same headers again, and each batch that ends in the
 * kept id may be stored, since the chain of hashes then leads to that work.
 *
 * Bounds: one header context and 32 bytes a batch, `PRESYNC_BATCHES_MAX` batches.
 */
import { workOf } from '../../chain/consensus/difficulty.ts';
import { type HeaderContext, validateHeader } from '../../chain/consensus/header-rules.ts';
import type { HeaderNode } from '../../chain/consensus/header-tree.ts';
import { equalBytes } from '../../chain/format/bytes.ts';
import type { Params } from '../../chain/format/params.ts';
import { HEADERS_MAX, LOW_WORK_BLOCKS, PRESYNC_BATCHES_MAX } from '../limits.ts';
import type { HeaderBatch } from './header-batch.ts';

/** Work that a branch must reach to be stored at once, beside this tip. */
export function enoughWork(tip: HeaderNode): bigint {
  const margin = workOf(tip.header.bits) * BigInt(LOW_WORK_BLOCKS);
  return tip.work > margin ? tip.work - margin : 0n;
}

export class LowWorkWalk {
  /** Where the branch leaves what we have. */
  readonly start: HeaderNode;
  readonly #params: Params;
  /** End of the first walk so far; `null` in the second. */
  #context: HeaderContext | null;
  /** Last id of each batch. */
  readonly #commitments: Uint8Array[] = [];
  /** Headers in the last batch; all others are full. */
  #lastCount = HEADERS_MAX;
  #batch = 0;

  constructor(params: Params, start: HeaderNode) {
    this.#params = params;
    this.start = start;
    this.#context = start;
  }

  /** Bytes it holds. */
  get bytes(): number {
    return 32 * this.#commitments.length;
  }

  get counting(): boolean {
    return this.#context !== null;
  }

  /** Id the next batch follows: put at the head of the locator. */
  get last(): Uint8Array {
    return this.#context === null ? this.start.id : this.#context.id;
  }

  /**
   * First walk: validates a batch in order. True once the branch has `enough` work and the second walk has begun; throws
   * the `RuleError` of the first bad header, and nothing of the batch counts then.
   */
  count({ headers, ids }: HeaderBatch, enough: bigint, wallMs: number): boolean {
    let context = this.#context!;
    for (const [i, header] of headers.entries()) {
      context = validateHeader(this.#params, context, header, wallMs, ids[i]);
    }
    this.#commitments.push(context.id);
    this.#context = context;
    this.#lastCount = headers.length;
    if (context.work < enough) return false;
    this.#context = null;
    return true;
  }

  /** True while another batch fits. */
  get hasRoom(): boolean {
    return this.#commitments.length < PRESYNC_BATCHES_MAX;
  }

  /** Second walk: true if these ids (a batch, in order) are those of the first. `done` tells when it was the last. */
  matches(ids: readonly Uint8Array[]): boolean {
    const last = this.#batch === this.#commitments.length - 1;
    const commitment = this.#commitments[this.#batch];
    // The branch may have grown behind the last header that was counted.
    const id = ids[(last ? this.#lastCount : HEADERS_MAX) - 1];
    if (commitment === undefined || id === undefined || !equalBytes(id, commitment)) return false;
    this.#batch++;
    return true;
  }

  get done(): boolean {
    return this.#context === null && this.#batch === this.#commitments.length;
  }
}
