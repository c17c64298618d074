/**
 * Owns the key table of the database. A key is a prefix byte and what identifies the row; integers are big-endian so
 * that rows sort by height.
 *
 *   m name                        → see META                                     one row each
 *   h id(32)                      → header(181)                                  every header whose body is stored
 *   b id(32)                      → body                                         its transactions
 *   u id(32)                      → undo                                         what connecting it overwrote
 *   s key(32)                     → entry                                        the state at the tip
 *   p depth path                  → page of the state tree (state/page-path.ts)  the tree at the tip
 *   t txid(32)                    → height(4) index(4)                           where a transaction was mined
 *   a address(20) height(4) index(4) → txid(32)                                  what touched an account, in order
 *   r record(32) height(4) index(4)  → txid(32)                                  what touched a record, in order
 *   o owner(20) record(32)        → nothing                                      which records an account owns now
 *   q txid(32)                    → transaction                                  acknowledged, not mined yet
 *   c sequence(4)                 → part of the log of causes, JSON              why transactions came and went
 */
import { concat, u32 } from '../format/bytes.ts';

const prefix = (letter: string): Uint8Array => Uint8Array.of(letter.charCodeAt(0));
const HEADER = prefix('h');
const BODY = prefix('b');
const UNDO = prefix('u');
const STATE = prefix('s');
const TRANSACTION = prefix('t');
const TOUCH = prefix('a');
const RECORD_TOUCH = prefix('r');
const OWNED = prefix('o');
const QUEUED = prefix('q');
const CAUSES = prefix('c');

const meta = (name: string): Uint8Array => Uint8Array.from(`m${name}`, (c) => c.charCodeAt(0));

export const META = {
  /** Version of this table, 4 bytes. */
  format: meta('format'),
  /** Chain id: whose ledger this is. */
  chain: meta('chain'),
  /** Id of the tip that the state belongs to. */
  tip: meta('tip'),
  /** Present while the state must be made again from the blocks. */
  rebuild: meta('rebuild'),
} as const;

/** Rows that are made from blocks, and go when the state is rebuilt. */
export const DERIVED_PREFIXES: readonly Uint8Array[] = [
  STATE,
  prefix('p'),
  UNDO,
  TRANSACTION,
  TOUCH,
  RECORD_TOUCH,
  OWNED,
];

export const headerRow = (id: Uint8Array): Uint8Array => rowOf(HEADER, id);
export const bodyRow = (id: Uint8Array): Uint8Array => rowOf(BODY, id);
export const undoRow = (id: Uint8Array): Uint8Array => rowOf(UNDO, id);
export const stateRow = (key: Uint8Array): Uint8Array => rowOf(STATE, key);
export const transactionRow = (id: Uint8Array): Uint8Array => rowOf(TRANSACTION, id);
export const queuedRow = (id: Uint8Array): Uint8Array => rowOf(QUEUED, id);
export const causesRow = (sequence: number): Uint8Array => rowOf(CAUSES, u32(sequence));
export const touchRow = (address: Uint8Array, height: number, index: number): Uint8Array =>
  placedRow(TOUCH, address, height, index);

export const recordTouchRow = (record: Uint8Array, height: number, index: number): Uint8Array =>
  placedRow(RECORD_TOUCH, record, height, index);

export const ownedRow = (owner: Uint8Array, record: Uint8Array): Uint8Array => concat(OWNED, owner, record);

/** Where a transaction was mined: height u32, index u32. */
export function placeBytes(height: number, index: number): Uint8Array {
  const bytes = new Uint8Array(8);
  writeU32(bytes, 0, height);
  writeU32(bytes, 4, index);
  return bytes;
}

function rowOf(prefix: Uint8Array, id: Uint8Array): Uint8Array {
  const row = new Uint8Array(1 + id.length);
  row[0] = prefix[0]!;
  row.set(id, 1);
  return row;
}

function placedRow(prefix: Uint8Array, id: Uint8Array, height: number, index: number): Uint8Array {
  const row = new Uint8Array(9 + id.length);
  row[0] = prefix[0]!;
  row.set(id, 1);
  writeU32(row, 1 + id.length, height);
  writeU32(row, 5 + id.length, index);
  return row;
}

function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

export const HEADER_ROWS = HEADER;
export const QUEUED_ROWS = QUEUED;
export const CAUSES_ROWS = CAUSES;
/** Rows of one account's touches. */
export const touchRows = (address: Uint8Array): Uint8Array => concat(TOUCH, address);
/** Rows of one record's touches. */
export const recordTouchRows = (record: Uint8Array): Uint8Array => concat(RECORD_TOUCH, record);
/** Rows of one account's records. */
export const ownedRows = (owner: Uint8Array): Uint8Array => concat(OWNED, owner);

/** End of the range of all keys that start with `start`: the next byte string after them. */
export function endOf(start: Uint8Array): Uint8Array {
  const end = start.slice();
  for (let i = end.length - 1; i >= 0; i--) {
    if (end[i]! < 0xff) {
      end[i]! += 1;
      return end.slice(0, i + 1);
    }
  }
  return new Uint8Array(start.length + 1).fill(0xff);
}
