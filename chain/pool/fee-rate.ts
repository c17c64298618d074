/**
 * Owns fee rates: what transactions pay a byte, compared and counted exactly for every fee and price there can be. A fee
 * is below 2^53 and a transaction has less than 2^14 bytes, so their products need more than a number holds. Holds no
 * state.
 */
import type { Transaction } from '../format/transaction.ts';

/** Rates are told in planks per so many bytes. */
const RATE_BYTES = 1_000n;

/** What decides a rate. */
export type Paying = Pick<Transaction, 'fee' | 'bytes'>;

/** Less than 0 if `a` pays less a byte than `b`, more than 0 if it pays more, 0 if both pay the same. */
export function compareRates(a: Paying, b: Paying): number {
  const left = a.fee * b.bytes.length;
  const right = b.fee * a.bytes.length;
  // Rounding keeps the order of two products, but may make them equal.
  if (left !== right || left <= Number.MAX_SAFE_INTEGER) return left - right;
  return Number(BigInt(a.fee) * BigInt(b.bytes.length) - BigInt(b.fee) * BigInt(a.bytes.length));
}

/** Planks per 1,000 bytes, rounded down. */
export function rateOf({ fee, bytes }: Paying): bigint {
  return (BigInt(fee) * RATE_BYTES) / BigInt(bytes.length);
}

/** Planks per 1,000 bytes at a price of planks a byte. */
export function rateOfPrice(feePerByte: number): bigint {
  return BigInt(feePerByte) * RATE_BYTES;
}

/** The least whole price a byte that pays a rate. */
export function priceOfRate(rate: bigint): bigint {
  return (rate + RATE_BYTES - 1n) / RATE_BYTES;
}

/** True if the transaction pays at least `rate` planks per 1,000 bytes. */
export function paysRate({ fee, bytes }: Paying, rate: bigint): boolean {
  return BigInt(fee) * RATE_BYTES >= rate * BigInt(bytes.length);
}
