import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RuleError } from '../../../chain/errors.ts';
import { MAX_AMOUNT } from '../../../chain/format/amount.ts';
import { TRANSACTION_BYTES_MAX, type Transaction } from '../../../chain/format/transaction.ts';
import { compareRates, type Paying, paysRate, priceOfRate, rateOf } from '../../../chain/pool/fee-rate.ts';
import { Mempool } from '../../../chain/pool/mempool.ts';
import { checkFee } from '../../../chain/state/execute.ts';
import { TEST_PARAMS } from '../builder.ts';

const paying = (fee: number, bytes: number): Paying => ({ fee, bytes: new Uint8Array(bytes) });

/** Any amount, as likely of many digits as of few. */
const amount = fc
  .tuple(fc.integer({ min: 0, max: 53 }), fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }))
  .map(([bits, part]) => Math.min(MAX_AMOUNT, Math.floor(2 ** bits * (1 + part) - 1)));
const bytes = fc.integer({ min: 1, max: TRANSACTION_BYTES_MAX });

describe('rates', () => {
  test('are compared as fractions are', () => {
    const close = fc.tuple(amount, bytes, bytes, fc.integer({ min: -2, max: 2 })).map(([fee, a, b, off]) => {
      // The fee that comes nearest to the same rate, and its neighbours.
      const near = Number((BigInt(fee) * BigInt(b)) / BigInt(a)) + off;
      return [fee, a, Math.max(0, Math.min(MAX_AMOUNT, near)), b] as const;
    });
    fc.assert(
      fc.property(fc.oneof(close, fc.tuple(amount, bytes, amount, bytes)), ([fee, a, other, b]) => {
        const exact = BigInt(fee) * BigInt(b) - BigInt(other) * BigInt(a);
        const found = compareRates(paying(fee, a), paying(other, b));
        expect(Math.sign(found)).toBe(exact > 0n ? 1 : exact < 0n ? -1 : 0);
      }),
      { numRuns: 2_000 },
    );
  });

  test('are told apart where the products of a number are not', () => {
    const [left, right] = [paying(2 ** 45 + 1, 4096), paying(2 ** 45 + 1, 4095)];
    expect(compareRates(left, right)).toBeLessThan(0);
    const [more, less] = [paying(MAX_AMOUNT, 3001), paying(MAX_AMOUNT - 1, 3001)];
    expect(MAX_AMOUNT * 3001 === (MAX_AMOUNT - 1) * 3001).toBe(true);
    expect(compareRates(more, less)).toBeGreaterThan(0);
  });

  test('are paid by the price that is told for them, and by no lower one', () => {
    fc.assert(
      fc.property(amount, bytes, bytes, (fee, size, other) => {
        const rate = rateOf(paying(fee, size));
        expect(paysRate(paying(fee, size), rate)).toBe(true);
        expect(paysRate(paying(fee, size), rate + 1n)).toBe(false);
        const price = priceOfRate(rate);
        const cost = Number(price) * other;
        if (cost <= MAX_AMOUNT) expect(paysRate(paying(cost, other), rate)).toBe(true);
        if (price > 0n && cost <= MAX_AMOUNT) {
          expect(paysRate(paying((Number(price) - 1) * other, other), rate)).toBe(false);
        }
      }),
    );
  });
});

describe('the least fee', () => {
  test('is the same in the pool and in a block, whatever the price', () => {
    const size = fc.integer({ min: 161, max: TRANSACTION_BYTES_MAX });
    fc.assert(
      fc.property(amount, size, fc.integer({ min: -2, max: 2 }), amount, (feePerByte, length, off, any) => {
        const params = { ...TEST_PARAMS, prices: { ...TEST_PARAMS.prices, feePerByte } };
        const pool = new Mempool(params);
        const least = feePerByte * length;
        const fees = [any, Math.max(0, Math.min(MAX_AMOUNT, least + off)), MAX_AMOUNT];
        for (const fee of fees) {
          const tx = {
            ...paying(fee, length),
            key: 'any',
            sender: new Uint8Array(20),
            nonce: 0,
            validUntil: 9,
          };
          const inPool = codeOf(() => pool.precheck(tx as Transaction, 1));
          expect(inPool).toBe(codeOf(() => checkFee(params, tx as Transaction)));
          const pays = BigInt(fee) >= BigInt(feePerByte) * BigInt(length);
          expect(inPool).toBe(pays ? null : 'FEE_TOO_LOW');
        }
      }),
      { numRuns: 500 },
    );
  });
});

function codeOf(work: () => void): string | null {
  try {
    work();
    return null;
  } catch (error) {
    if (error instanceof RuleError) return error.code;
    throw error;
  }
}
