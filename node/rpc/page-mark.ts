/**
 * Owns the text that says where the next page of a history begins: how many transactions are older, and the history hash
 * of these, so that a page is checked against the one before it. Clients only hand it back.
 */
import { fromHex, toHex } from '../../chain/format/bytes.ts';
import type { Touches } from '../../chain/state/entries.ts';
import { badParams } from './faults.ts';

const COUNT_DIGITS = 12;
const HASH_DIGITS = 64;
export const MARK_LENGTH = COUNT_DIGITS + HASH_DIGITS;

export function writeMark({ history, historyCount }: Touches): string {
  return historyCount.toString(16).padStart(COUNT_DIGITS, '0') + toHex(history);
}

/** Throws `RpcFault` for what `writeMark` can't have written. */
export function readMark(text: string): Touches {
  if (!/^[0-9a-f]{76}$/.test(text) || /^0{12}/.test(text)) {
    throw badParams('before must be the next of an earlier page');
  }
  return {
    historyCount: parseInt(text.slice(0, COUNT_DIGITS), 16),
    history: fromHex(text.slice(COUNT_DIGITS)),
  };
}
