/** Owns an entry of the mempool: its place in its sender's queue, its turn among others, and what may replace it. */
import { RuleError } from '../errors.ts';
import type { Transaction } from '../format/transaction.ts';
import { compareRates } from './fee-rate.ts';

/** A replacement must pay this much a byte, in per cent of what it replaces. */
const REPLACEMENT_PERCENT = 110n;

export interface PoolEntry {
  readonly transaction: Transaction;
  /** Planks it takes from its sender, fee included, as of the tip it was admitted on; anew when one before it is replaced. */
  cost: number;
  /** Order of arrival. */
  readonly sequence: number;
}

/** Where in a queue, which has no gaps, the transaction with this nonce stands; -1 if none has it. */
export function placeOf(queue: readonly PoolEntry[], nonce: number): number {
  const first = queue[0];
  if (first === undefined) return -1;
  const place = nonce - first.transaction.nonce;
  return place >= 0 && place < queue.length ? place : -1;
}

/** The order in which miners choose: the better rate first, and of equal ones what came first. */
export function goesBefore(a: PoolEntry, b: PoolEntry): boolean {
  const order = compareRates(a.transaction, b.transaction);
  return order > 0 || (order === 0 && a.sequence < b.sequence);
}

/** Exact, so that 110 % of the fee for the same bytes is enough. */
export function checkReplacement(rival: Transaction, transaction: Transaction): void {
  const offered = BigInt(transaction.fee) * BigInt(rival.bytes.length) * 100n;
  const wanted = BigInt(rival.fee) * BigInt(transaction.bytes.length) * REPLACEMENT_PERCENT;
  if (offered >= wanted && transaction.fee > rival.fee) return;
  throw new RuleError('REPLACEMENT_FEE', `${rival.key} pays ${rival.fee} planks`);
}
