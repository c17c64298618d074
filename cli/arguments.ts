/** Owns reading what was typed into numbers and ids; every refusal says what would have been right. */
import { CliError } from './faults.ts';

/** A whole number from `min` to `max`, in plain digits. `name` is what it was given for, as `--nodes`. */
export function parseWhole(text: string, name: string, min: number, max: number): number {
  const value = /^(0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new CliError(
    'USAGE',
    `${name} is "${text.slice(0, 40)}"`,
    `give a whole number from ${min} to ${max}`,
  );
}

/** 64 hex digits, in lower case. `what` is 'transaction' or 'block'. */
export function parseId(text: string, what: string): string {
  if (/^[0-9a-f]{64}$/i.test(text)) return text.toLowerCase();
  const found = /^[0-9a-f]*$/i.test(text)
    ? `it has ${text.length} digits`
    : 'it has other characters than hex digits';
  throw new CliError(
    'BAD_ID',
    `not the id of a ${what}: ${found}`,
    'give all 64 hex digits; --json prints ids in full',
  );
}

/** The UTF-8 of text that is to be signed. `what` is as 'the memo'. Node has put U+FFFD in place of bytes that were none. */
export function parseText(text: string, what: string): Uint8Array {
  if (!text.includes('\ufffd')) return new TextEncoder().encode(text);
  throw new CliError(
    'NOT_UTF8',
    `${what} has bytes that are no UTF-8, or the character U+FFFD that stands for them`,
    'type it in a terminal that uses UTF-8',
  );
}

/** Numbers separated by commas or spaces, as `1,2`; each once. */
export function parseIndices(text: string): number[] {
  const parts = text.split(/[\s,]+/).filter((part) => part !== '');
  if (parts.length === 0)
    throw new CliError('USAGE', 'a group of nodes is empty', 'name groups as: "1,2" "3,4,5"');
  return parts.map((part) => parseWhole(part, 'a node', 1, 9999));
}

/** How many transactions are older, as a checked page says; what an unchecked one says is a place in its node's index. */
export function parseOlder(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (/^[0-9a-f]{16,}$/.test(text)) {
    throw new CliError('USAGE', '--before is of an unchecked page', 'add --trust');
  }
  return String(parseWhole(text, '--before', 0, 2 ** 32 - 1));
}
