/**
 * Owns money as numbers and as text. An amount is a whole number of planks, at most 2^53-1 in all, so a JS number
 * holds it exactly. Text has two forms: PIER with up to six decimals (what people type) and planks (the RPC).
 */
import { RuleError } from '../errors.ts';

/** The largest amount, and the largest sum of amounts, in planks. */
export const MAX_AMOUNT = Number.MAX_SAFE_INTEGER;
/** Planks in one PIER. */
export const PLANKS_PER_PIER = 1_000_000;

const DECIMALS = 6;
const MAX_PLANKS_DIGITS = 16;
/** Longest text that is looked at: the digits of the largest PIER amount, its point, its decimals, and slack. */
const MAX_TEXT = 40;

/** True for a whole number of planks from 0 to `MAX_AMOUNT`; -0 is not one, since it would print and compare oddly. */
export function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0);
}

/** a + b in planks; `RuleError('BAD_AMOUNT')` above `MAX_AMOUNT`. Both must be amounts. */
export function addAmounts(a: number, b: number): number {
  // Compared by subtraction: the sum itself may round.
  if (a > MAX_AMOUNT - b) throw new RuleError('BAD_AMOUNT', `${a} + ${b} planks`);
  return a + b;
}

/** a - b in planks; `RuleError('OVERSPEND')` below zero. Both must be amounts. */
export function subAmounts(a: number, b: number): number {
  if (b > a) throw new RuleError('OVERSPEND', `${b} planks are needed, ${a} are there`);
  return a - b;
}

/**
 * Planks of an amount in PIER as people write it: `100`, `0.5`, `0.000001`. `RuleError('BAD_AMOUNT')` for signs,
 * exponents, hex, spaces, leading zeros, a bare point, more than six decimals, or more than there can be.
 */
export function parsePier(text: string): number {
  refuseOddText(text, 'PIER', '100 or 0.25');
  const [whole = '', decimals] = text.split('.');
  if (!/^[0-9]+(?:\.[0-9]*)?$/.test(text)) refuse(text, 'write digits and at most one point, as 100 or 0.25');
  if (decimals === '') refuse(text, `leave out the point: ${whole}`);
  if (whole.length > 1 && whole.startsWith('0')) refuse(text, 'leave out the leading zeros');
  if (decimals !== undefined && decimals.length > DECIMALS) {
    refuse(text, `use at most six decimals: the smallest amount is 0.000001 PIER`);
  }
  const planks = BigInt(whole) * BigInt(PLANKS_PER_PIER) + BigInt((decimals ?? '').padEnd(DECIMALS, '0'));
  if (planks > BigInt(MAX_AMOUNT)) refuse(text, `use at most ${formatPier(MAX_AMOUNT)} PIER`);
  return Number(planks);
}

/** The sum of amounts that nobody has checked together: it may be more than there can be. */
export function sumOf(amounts: Iterable<number>): bigint {
  let sum = 0n;
  for (const amount of amounts) sum += BigInt(amount);
  return sum;
}

/** The amount, or the sum of amounts, in PIER without trailing zeros: `100`, `0.25`. The inverse of `parsePier`. */
export function formatPier(planks: number | bigint): string {
  const whole = BigInt(planks) / BigInt(PLANKS_PER_PIER);
  const decimals = String(BigInt(planks) % BigInt(PLANKS_PER_PIER))
    .padStart(DECIMALS, '0')
    .replace(/0+$/, '');
  return decimals === '' ? String(whole) : `${whole}.${decimals}`;
}

/**
 * Planks of their canonical decimal string, as the RPC carries them. `RuleError('BAD_AMOUNT')` for anything that
 * `formatPlanks` would not have written.
 */
export function parsePlanks(text: string): number {
  refuseOddText(text, 'planks', '1000000');
  if (!/^[0-9]+$/.test(text)) refuse(text, 'planks are whole: write digits only, as 1000000');
  if (text.length > 1 && text.startsWith('0')) refuse(text, 'leave out the leading zeros');
  // With at most 16 digits the conversion is off by less than 2, and MAX_AMOUNT + 1 and + 2 are both above it.
  if (text.length > MAX_PLANKS_DIGITS || Number(text) > MAX_AMOUNT)
    refuse(text, `use at most ${MAX_AMOUNT} planks`);
  return Number(text);
}

/** Canonical decimal string of the planks. */
export function formatPlanks(planks: number): string {
  return String(planks);
}

/** What both forms refuse, each with what to do about it. */
function refuseOddText(text: unknown, unit: string, example: string): asserts text is string {
  if (typeof text !== 'string')
    throw new RuleError('BAD_AMOUNT', `expected a decimal string, as "${example}"`);
  if (text === '') throw new RuleError('BAD_AMOUNT', `nothing given: write the ${unit}, as ${example}`);
  if (/\s/.test(text)) refuse(text, 'leave out the spaces');
  if (text.startsWith('-')) refuse(text, 'amounts are never negative');
  if (text.startsWith('+')) refuse(text, 'leave out the sign');
  if (/^0x/i.test(text)) refuse(text, `write it in decimal, as ${example}`);
  if (/^[0-9.]+e[0-9+-]/i.test(text)) refuse(text, 'write it without an exponent');
  if (text.includes(',')) refuse(text, 'use a point for decimals and nothing between thousands');
  if (text.startsWith('.')) refuse(text, `write a zero before the point: 0${clip(text)}`);
  if (text.length > MAX_TEXT) refuse(text, 'too many digits');
}

function refuse(text: string, what: string): never {
  throw new RuleError('BAD_AMOUNT', `"${clip(text)}": ${what}`);
}

/** Enough of it to be recognised: error texts end in logs. */
function clip(text: string): string {
  return text.length <= 24 ? text : `${text.slice(0, 24)}…`;
}
