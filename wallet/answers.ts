/**
 * Owns reading a node's answers: every field that is used is checked, others are ignored. A reader throws
 * `WalletError('BAD_ANSWER')` naming the field, which makes the client ask another node.
 */

import { RuleError } from '../chain/errors.ts';
import { parseAddress } from '../chain/format/address.ts';
import { parsePlanks } from '../chain/format/amount.ts';
import { fromHex, toHex } from '../chain/format/bytes.ts';
import { showBytes, showText } from '../chain/format/text.ts';
import { WalletError } from './errors.ts';

/** Longest string that is read: the longest memo is a quarter of it. */
const TEXT_MAX = 1_024;

/** Turns a JSON value into a `T`; `where` is its place in the answer. */
export type Reader<T> = (value: unknown, where: string) => T;
export type Read<R> = R extends Reader<infer T> ? T : never;

function bad(where: string, expected: string): WalletError {
  return new WalletError('BAD_ANSWER', `${where} must be ${expected}`);
}

/** An object with at least these fields. */
export function object<F extends Record<string, Reader<unknown>>>(
  fields: F,
): Reader<{ [K in keyof F]: Read<F[K]> }> {
  return (value, where) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad(where, 'an object');
    const read: Record<string, unknown> = {};
    for (const [name, reader] of Object.entries(fields)) {
      read[name] = reader(
        Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined,
        `${where}.${name}`,
      );
    }
    return read as { [K in keyof F]: Read<F[K]> };
  };
}

/** A list, bounded by the size of the answer. */
export function list<T>(item: Reader<T>): Reader<T[]> {
  return (value, where) => {
    if (!Array.isArray(value)) throw bad(where, 'a list');
    return value.map((each, i) => item(each, `${where}[${i}]`));
  };
}

/** Absent or null becomes null. */
export function maybe<T>(reader: Reader<T>): Reader<T | null> {
  return (value, where) => (value === undefined || value === null ? null : reader(value, where));
}

export function oneOf<const T extends string>(...values: readonly T[]): Reader<T> {
  return (value, where) => {
    if (!values.includes(value as T)) throw bad(where, values.join(' or '));
    return value as T;
  };
}

/** A string as the node gave it: to be read, never to be shown. */
export const exactText: Reader<string> = (value, where) => {
  if (typeof value !== 'string' || value.length > TEXT_MAX)
    throw bad(where, `a string of at most ${TEXT_MAX} characters`);
  return value;
};

/** A string that is fit to be shown, whatever the node wrote into it. */
export const text: Reader<string> = (value, where) => showText(exactText(value, where));

/**
 * An object whose fields of these names hold bytes that somebody chose: `memoHex` is what they are, and `memo` becomes how
 * they are shown, which is not left to the node. A node of an earlier version gives the text alone, where it is text.
 */
export function chosenBytes<K extends string, T extends Record<K | `${K}Hex`, string | null>>(
  reader: Reader<T>,
  ...names: readonly K[]
): Reader<T> {
  return (value, where) => {
    const read = reader(value, where);
    const shown: Record<string, string | null> = {};
    for (const name of names) {
      const alone = read[name] === null ? null : toHex(new TextEncoder().encode(read[name]));
      const bytes = read[`${name}Hex`] ?? alone;
      shown[name] = bytes === null ? null : showBytes(fromHex(bytes));
      shown[`${name}Hex`] = bytes;
    }
    return { ...read, ...shown };
  };
}

export const flag: Reader<boolean> = (value, where) => {
  if (typeof value !== 'boolean') throw bad(where, 'true or false');
  return value;
};

/** Heights, counts, milliseconds. */
export const whole: Reader<number> = (value, where) => {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw bad(where, 'a whole number');
  return value as number;
};

/** Rates and durations: not counted, so not whole. */
export const measure: Reader<number> = (value, where) => {
  if (!Number.isFinite(value) || (value as number) < 0) throw bad(where, 'a number, not negative');
  return value as number;
};

/** 32 bytes as hex. */
export const id: Reader<string> = (value, where) => {
  if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value)) throw bad(where, '64 hex digits');
  return value;
};

export const hex: Reader<string> = (value, where) => {
  if (typeof value !== 'string' || !/^(?:[0-9a-f]{2})*$/.test(value)) throw bad(where, 'hex');
  return value;
};

/** Planks, as a number. */
export const planks: Reader<number> = (value, where) => {
  try {
    return parsePlanks(value as string);
  } catch (error) {
    throw error instanceof RuleError ? bad(where, 'planks as a decimal string') : error;
  }
};

/** Planks that may be negative: what an account gained or lost. */
export const signedPlanks: Reader<number> = (value, where) => {
  if (typeof value !== 'string' || !value.startsWith('-')) return planks(value, where);
  const size = planks(value.slice(1), where);
  if (size === 0) throw bad(where, 'planks as a decimal string');
  return -size;
};

/** Work: too large for a number, kept as its decimal string. */
export const decimal: Reader<string> = (value, where) => {
  if (typeof value !== 'string' || !/^(?:0|[1-9][0-9]{0,79})$/.test(value))
    throw bad(where, 'a decimal string');
  return value;
};

/** An address, kept as text. */
export const address: Reader<string> = (value, where) => {
  try {
    parseAddress(value as string);
  } catch (error) {
    throw error instanceof RuleError ? bad(where, 'an address') : error;
  }
  return value as string;
};
