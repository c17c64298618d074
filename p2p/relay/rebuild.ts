/**
 * Owns a pushed block while it is put together: which transactions the mempool has, and which are missing. Nothing
 * that can go wrong here is anybody's fault: short ids may collide by chance or by a third party's work.
 *
 * Bounds: one list of at most `BODY_TRANSACTIONS_MAX` references; `bytes` is what the peer that pushed it is charged.
 */
import type { HeaderNode } from '../../chain/consensus/header-tree.ts';
import type { Transaction } from '../../chain/format/transaction.ts';
import type { EarlyHeader } from '../early-header.ts';
import { shortId } from './short-ids.ts';

/** Bytes counted for a place in the list, filled or not. */
const PLACE_BYTES = 16;

export class Rebuild {
  /** The block; not in the tree while it is early. */
  readonly block: HeaderNode | EarlyHeader;
  readonly bytes: number;
  readonly #places: (Transaction | Uint8Array | null)[];

  private constructor(block: HeaderNode | EarlyHeader, places: (Transaction | null)[]) {
    this.block = block;
    this.#places = places;
    this.bytes = places.length * PLACE_BYTES;
  }

  /** Starts with what the pool has; `null` if the short ids contradict each other. */
  static start(
    block: HeaderNode | EarlyHeader,
    key: Uint8Array,
    shortIds: readonly number[],
    pool: Iterable<Transaction>,
  ): Rebuild | null {
    const indexes = new Map<number, number>();
    for (const [index, id] of shortIds.entries()) indexes.set(id, index);
    if (indexes.size !== shortIds.length) return null;
    const places = new Array<Transaction | null>(shortIds.length).fill(null);
    if (shortIds.length > 0) {
      const taken = new Set<number>();
      for (const tx of pool) {
        // All found: what is left of a large pool needn't be hashed, and the header tells if one is wrong.
        if (taken.size === places.length) break;
        const index = indexes.get(shortId(key, tx.id));
        if (index === undefined) continue;
        // Two of the pool's fit: neither is taken, the peer is asked.
        places[index] = taken.has(index) ? null : tx;
        taken.add(index);
      }
    }
    return new Rebuild(block, places);
  }

  /** Places without a transaction, in order. */
  missing(): number[] {
    const indexes: number[] = [];
    for (const [index, tx] of this.#places.entries()) if (tx === null) indexes.push(index);
    return indexes;
  }

  /** Puts the bytes of the missing ones in; false if their number is another. */
  fill(encoded: readonly Uint8Array[]): boolean {
    const indexes = this.missing();
    if (indexes.length !== encoded.length) return false;
    for (const [i, index] of indexes.entries()) this.#places[index] = encoded[i]!;
    return true;
  }

  /** All transactions, once none is missing: the pool's, and the bytes of those that came. */
  parts(): (Transaction | Uint8Array)[] {
    return this.#places.filter((tx) => tx !== null);
  }
}
