/**
 * Owns the transactions of the newest blocks. Peers that rebuild such a block ask for those they miss. Only the bytes are
 * kept, in one piece for each block: decoded transactions take ten times as much memory.
 *
 * Bounds: `RECENT_BLOCKS` blocks, each with the ledger's limit of bytes and four bytes more for each transaction.
 */
import type { Transaction } from '../../chain/format/transaction.ts';
import * as limits from '../limits.ts';

export class RecentBlocks {
  /** Oldest first. */
  readonly #all: RecentBlock[] = [];

  get size(): number {
    return this.#all.length;
  }

  add(key: string, transactions: readonly Transaction[]): void {
    this.#all.push(new RecentBlock(key, transactions));
    if (this.#all.length > limits.RECENT_BLOCKS) this.#all.shift();
  }

  find(wanted: string): RecentBlock | undefined {
    return this.#all.find(({ key }) => key === wanted);
  }
}

class RecentBlock {
  readonly key: string;
  readonly #bytes: Uint8Array;
  /** Where each transaction ends in the bytes. */
  readonly #ends: Uint32Array;

  constructor(key: string, transactions: readonly Transaction[]) {
    this.key = key;
    let length = 0;
    this.#ends = Uint32Array.from(transactions, ({ bytes }) => (length += bytes.length));
    this.#bytes = new Uint8Array(length);
    for (const [i, { bytes }] of transactions.entries()) this.#bytes.set(bytes, this.#ends[i - 1] ?? 0);
  }

  /** The encoded transaction at a place in the block, a view; undefined after the last. */
  transaction(index: number): Uint8Array | undefined {
    const end = this.#ends[index];
    return end === undefined ? undefined : this.#bytes.subarray(this.#ends[index - 1] ?? 0, end);
  }
}
