import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RuleError } from '../../../chain/errors.ts';
import {
  addAmounts,
  formatPier,
  formatPlanks,
  isAmount,
  MAX_AMOUNT,
  parsePier,
  parsePlanks,
  subAmounts,
  sumOf,
} from '../../../chain/format/amount.ts';

const amounts = fc.oneof(fc.maxSafeNat(), fc.integer({ min: 0, max: 3_000_000 }), fc.constant(MAX_AMOUNT));

function faultOf(action: () => unknown): RuleError {
  try {
    action();
  } catch (error) {
    if (error instanceof RuleError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

test('sums of amounts that nobody checked are exact, and shown so', () => {
  const outputs = Array.from({ length: 255 }, () => MAX_AMOUNT);
  expect(sumOf(outputs)).toBe(255n * (2n ** 53n - 1n));
  expect(formatPier(sumOf(outputs))).toBe('2296835809958.952705');
  expect(formatPier(sumOf([]))).toBe('0');
});

describe('sums', () => {
  test('are exact up to the largest amount and refused above it', () => {
    expect(addAmounts(MAX_AMOUNT - 1, 1)).toBe(MAX_AMOUNT);
    expect(addAmounts(0, MAX_AMOUNT)).toBe(MAX_AMOUNT);
    for (const [a, b] of [
      [MAX_AMOUNT, 1],
      [1, MAX_AMOUNT],
      [MAX_AMOUNT, MAX_AMOUNT],
      [2 ** 52, 2 ** 52],
    ] as const) {
      expect(faultOf(() => addAmounts(a, b)).code).toBe('BAD_AMOUNT');
    }
  });

  test('agree with bigints', () => {
    fc.assert(
      fc.property(amounts, amounts, (a, b) => {
        const sum = BigInt(a) + BigInt(b);
        if (sum > BigInt(MAX_AMOUNT)) expect(faultOf(() => addAmounts(a, b)).code).toBe('BAD_AMOUNT');
        else expect(BigInt(addAmounts(a, b))).toBe(sum);
        if (b > a) expect(faultOf(() => subAmounts(a, b)).code).toBe('OVERSPEND');
        else expect(BigInt(subAmounts(a, b))).toBe(BigInt(a) - BigInt(b));
      }),
    );
  });

  test('differences stop at zero', () => {
    expect(subAmounts(5, 5)).toBe(0);
    expect(faultOf(() => subAmounts(5, 6)).code).toBe('OVERSPEND');
  });

  test('only whole non-negative safe numbers are amounts', () => {
    for (const value of [0, 1, MAX_AMOUNT]) expect(isAmount(value)).toBe(true);
    for (const value of [-1, -0, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, '1', 1n, null]) {
      expect(isAmount(value)).toBe(false);
    }
  });
});

describe('PIER as text', () => {
  test.each([
    ['0', 0],
    ['100', 100_000_000],
    ['0.000001', 1],
    ['0.1', 100_000],
    ['1.50', 1_500_000],
    ['0.0', 0],
    ['9007199254.740991', MAX_AMOUNT],
  ])('%s is %d planks', (text, planks) => {
    expect(parsePier(text)).toBe(planks);
  });

  test.each([
    ['-1', 'never negative'],
    ['1e3', 'without an exponent'],
    ['1E3', 'without an exponent'],
    ['0x10', 'decimal'],
    ['01', 'leading zeros'],
    ['00.5', 'leading zeros'],
    ['1.0000001', 'at most six decimals'],
    ['9007199254740993', 'at most 9007199254.740991'],
    ['9007199254.740992', 'at most 9007199254.740991'],
    ['', 'nothing given'],
    [' 1', 'spaces'],
    ['1 ', 'spaces'],
    ['1\n', 'spaces'],
    ['+1', 'sign'],
    ['1.', 'leave out the point: 1'],
    ['.5', '0.5'],
    ['1,5', 'point'],
    ['1_000', 'digits'],
    ['1.2.3', 'digits'],
    ['١', 'digits'],
    ['Infinity', 'digits'],
    ['NaN', 'digits'],
    ['1'.repeat(1000), 'too many digits'],
  ])('%j is refused and says what to do', (text, advice) => {
    const fault = faultOf(() => parsePier(text));
    expect(fault.code).toBe('BAD_AMOUNT');
    expect(fault.detail).toContain(advice);
    expect(fault.detail.length).toBeLessThan(140);
  });

  test('anything but a string is refused', () => {
    for (const value of [1, null, undefined, {}, ['1']]) {
      expect(faultOf(() => parsePier(value as string)).code).toBe('BAD_AMOUNT');
      expect(faultOf(() => parsePlanks(value as string)).code).toBe('BAD_AMOUNT');
    }
  });

  test('what is formatted parses back to the same amount', () => {
    fc.assert(fc.property(amounts, (planks) => void expect(parsePier(formatPier(planks))).toBe(planks)));
    expect(formatPier(MAX_AMOUNT)).toBe('9007199254.740991');
    expect(formatPier(1)).toBe('0.000001');
    expect(formatPier(100_000_000)).toBe('100');
    expect(formatPier(1_500_000)).toBe('1.5');
  });

  test('no text is read as two amounts, and any that is read is an amount', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789.-+eEx ,'), maxLength: 20 }), (text) => {
        let planks: number;
        try {
          planks = parsePier(text);
        } catch (error) {
          expect((error as RuleError).code).toBe('BAD_AMOUNT');
          return;
        }
        expect(isAmount(planks)).toBe(true);
        expect(text).toMatch(/^(0|[1-9][0-9]*)(\.[0-9]{1,6})?$/);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('planks as text', () => {
  test.each(['0', '1', '1000000', '9007199254740991'])('%s is read', (text) => {
    expect(parsePlanks(text)).toBe(Number(text));
    expect(formatPlanks(parsePlanks(text))).toBe(text);
  });

  test.each([
    '-1',
    '-0',
    '1e3',
    '0x10',
    '01',
    '00',
    '1.0',
    '1.0000001',
    '9007199254740992',
    '9007199254740993',
    '9999999999999999',
    '10000000000000000',
    '',
    ' 1',
    '1 ',
    '+1',
    '1.',
    '.5',
    '1n',
    '1'.repeat(5000),
  ])('%j is refused', (text) => {
    expect(faultOf(() => parsePlanks(text)).code).toBe('BAD_AMOUNT');
  });

  test('only canonical strings are read', () => {
    fc.assert(fc.property(amounts, (planks) => void expect(parsePlanks(formatPlanks(planks))).toBe(planks)));
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789.-+ex'), maxLength: 18 }), (text) => {
        try {
          expect(formatPlanks(parsePlanks(text))).toBe(text);
        } catch (error) {
          expect((error as RuleError).code).toBe('BAD_AMOUNT');
        }
      }),
      { numRuns: 2000 },
    );
  });
});
