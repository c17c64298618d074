/**
 * Owns the key table of the database. A key is a prefix byte and what identifies the row; integers are big-endian so
 * that rows sort by height.
 *
 *   m name                        → see META                                     one row each
 *   u id(32)                      → undo                                         what connecting it overwrote
 *   s key(32)                     → entry                                        the state at the tip
 *   p depth path                  → page of the state tree (state/page-path.ts)  the tree at the tip
 *   t txid(32)                    → height(4) index(4) block(8)                  where a transaction was mined
 *   a entry(20) ordinal(6)        → height(4) index(4) before(32)                the touches of an entry, in order
 *   o owner(20) record(32)        → nothing                                      which records an account owns now
 *   i level chunk(4) last(4) id(32) → hash(32) and ids (ledger/id-chunk.ts)      which ids some blocks hold
 *
 * LevelDB may lose a row, bring back an older version of one, or leave one out of an iteration, without a word. So each
 * kind that answers a question is bound to something that a header commits to:
 *
 *   row  content                          presence                          absence                     age
 *   s    hash in its leaf of the tree     its leaf                          no leaf                     the tip's state root
 *   p    hash in its parent page          its parent page                   its parent page             the tip's state root
 *   u    gives the parent's state root    needed for every block            never believed              its key is a block's id
 *   t    the body it points to has it     that body                         the segments and the body   block id in the row
 *   a    with the transaction, the hash   the entry's count, and the hash   ordinal over the count      the entry's history
 *        of touches in the entry          of the touch above it                                         hash in the state
 *   o    the record names the owner       sum of the account's deposits     the same sum                the same sum
 *   i    hash before the ids              made again from the level below   likewise; level 0 from      its key is a block's id
 *                                                                           the bodies
 *   m    tip: its state root must match; chain and format are compared
 *
 * Blocks are in files of their own (`block-files.ts`), and so is what no block tells (`journal-entries.ts`). Up to format 4
 * they were rows: `h id` → header, `b id` → body, `q txid` → acknowledged transaction, `c sequence` → log of causes.
 */
import { concat, u32 } from '../format/bytes.ts';
import { Slab } from '../format/slab.ts';

/** Memory of rows' keys, which are let go once they are read or written. */
const keys = new Slab(8 * 1024);

const prefix = (letter: string): Uint8Array => Uint8Array.of(letter.charCodeAt(0));
const HEADER = prefix('h');
const BODY = prefix('b');
const UNDO = prefix('u');
const STATE = prefix('s');
const TRANSACTION = prefix('t');
const TOUCH = prefix('a');
const OWNED = prefix('o');
const SEGMENT = prefix('i');
const QUEUED = prefix('q');
const CAUSES = prefix('c');

/** Of an entry's key: as strong as an address. */
const TOUCHED_BYTES = 20;

const meta = (name: string): Uint8Array => Uint8Array.from(`m${name}`, (c) => c.charCodeAt(0));

export const META = {
  /** Version of this table, 4 bytes. */
  format: meta('format'),
  /** Chain id: whose ledger this is. */
  chain: meta('chain'),
  /** Id of the tip that the state belongs to. */
  tip: meta('tip'),
  /** How far the journal was synced when the tip was written, 8 bytes (`Journal.synced`). */
  journal: meta('journal'),
} as const;

/** Rows that are made from blocks, and go when the state is rebuilt. */
export const DERIVED_PREFIXES: readonly Uint8Array[] = [STATE, prefix('p'), UNDO, TRANSACTION, TOUCH, OWNED];

/** Prefixes of optional rows: a cache that can be made again, and rows of earlier versions. Audits pass over them. */
export const SPARE_PREFIXES: readonly Uint8Array[] = [SEGMENT, prefix('r')];

/** Up to format 4. */
export const oldHeaderRow = (id: Uint8Array): Uint8Array => rowOf(HEADER, id);
/** Up to format 4. */
export const oldBodyRow = (id: Uint8Array): Uint8Array => rowOf(BODY, id);
export const undoRow = (id: Uint8Array): Uint8Array => rowOf(UNDO, id);
export const stateRow = (key: Uint8Array): Uint8Array => rowOf(STATE, key);
export const transactionRow = (id: Uint8Array): Uint8Array => rowOf(TRANSACTION, id);
/** Row of the touch with this ordinal, from 0, of the entry with this key in the state tree. */
export function touchRow(entry: Uint8Array, ordinal: number): Uint8Array {
  const row = keys.take(1 + TOUCHED_BYTES + 6);
  row[0] = TOUCH[0]!;
  for (let i = 0; i < TOUCHED_BYTES; i++) row[1 + i] = entry[i]!;
  row[1 + TOUCHED_BYTES] = Math.floor(ordinal / 2 ** 40);
  row[2 + TOUCHED_BYTES] = Math.floor(ordinal / 2 ** 32);
  writeU32(row, 3 + TOUCHED_BYTES, ordinal);
  return row;
}

/** Row of a chunk of a segment, which ends with the block of this id, the last of the 256 × `last` first blocks. */
export const chunkRow = (level: number, chunk: number, last: number, id: Uint8Array): Uint8Array =>
  concat(SEGMENT, Uint8Array.of(level), u32(chunk), u32(last), id);

/** Row of a segment of level 0 in the first version of format 5: `i last(4) id(32)`. It is deleted, and never read. */
export const oldSegmentRow = (last: number, id: Uint8Array): Uint8Array => concat(SEGMENT, u32(last), id);

export const ownedRow = (owner: Uint8Array, record: Uint8Array): Uint8Array => concat(OWNED, owner, record);

function rowOf(prefix: Uint8Array, id: Uint8Array): Uint8Array {
  const row = keys.take(1 + id.length);
  row[0] = prefix[0]!;
  row.set(id, 1);
  return row;
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

export const OLD_HEADER_ROWS = HEADER;
export const OLD_BODY_ROWS = BODY;
export const OLD_QUEUED_ROWS = QUEUED;
export const OLD_CAUSES_ROWS = CAUSES;
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
