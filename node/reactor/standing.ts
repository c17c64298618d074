/** Owns why a transaction of the mempool isn't mined yet: what goes before it, by the order in which miners choose. */
import { bytesInBlock, EMPTY_BLOCK_BYTES } from '../../chain/format/block.ts';
import type { Params } from '../../chain/format/params.ts';
import { signatureCount, type Transaction } from '../../chain/format/transaction.ts';
import { compareRates, rateOf } from '../../chain/pool/fee-rate.ts';
import type { Mempool } from '../../chain/pool/mempool.ts';

export interface Standing {
  /** Earlier ones of its sender that wait, and must be mined first. */
  readonly earlier: number;
  /** All that goes before it, and the bytes that takes. */
  readonly ahead: number;
  readonly bytesAhead: number;
  /** Full blocks before the one that has room for it; 0 if the next has. */
  readonly blocks: number;
  /** Planks per 1,000 bytes that decide its place: its own or, if that is less, an earlier one's of its sender. */
  readonly rate: bigint;
}

/** Looks at the whole mempool once: some ten milliseconds if it is full. `transaction` is in it. */
export function standingOf(pool: Mempool, params: Params, transaction: Transaction): Standing {
  const queue = pool.queueOf(transaction.sender).map((entry) => entry.transaction);
  const before = queue.filter(({ nonce }) => nonce < transaction.nonce);
  const slowest = before.reduce((least, tx) => (compareRates(tx, least) < 0 ? tx : least), transaction);
  const mine = new Set(before);
  let ahead = 0;
  let bytes = EMPTY_BLOCK_BYTES + bytesInBlock(transaction);
  let signatures = signatureCount(transaction);
  let here = false;
  for (const other of pool.values()) {
    if (other === transaction) here = true;
    else if (mine.has(other) || goesBefore(other, slowest, here)) {
      ahead++;
      bytes += bytesInBlock(other);
      signatures += signatureCount(other);
    }
  }
  const blocks = Math.max(
    Math.ceil(bytes / params.limits.blockBytes),
    Math.ceil(signatures / params.limits.blockSignatures),
  );
  const bytesAhead = bytes - EMPTY_BLOCK_BYTES - bytesInBlock(transaction);
  return { earlier: before.length, ahead, bytesAhead, blocks: blocks - 1, rate: rateOf(slowest) };
}

/** Of equal rates the one that came first; the mempool lists them in that order. */
function goesBefore(other: Transaction, mine: Transaction, later: boolean): boolean {
  const order = compareRates(other, mine);
  return order > 0 || (order === 0 && !later);
}
