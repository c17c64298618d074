/**
 * Owns the rows of the history index. The row of an entry's touch n has the touch's place and the entry's history hash
 * before it, so that from the entry in the state downwards each row proves the next: none can be missing, of another
 * branch, or in another order. The first has no hash before it and leaves that out.
 */
import { CorruptStoreError } from '../errors.ts';
import { toText } from '../format/bytes.ts';
import { DOMAIN, hash, ZERO_HASH } from '../format/hash.ts';
import type { Transaction } from '../format/transaction.ts';
import { accountRef, decodeEntry, recordRef, type Touches } from '../state/entries.ts';
import { accountsOf, recordOf } from '../state/execute.ts';
import type { Touch } from '../state/working-state.ts';
import { type Place, placeBytes, readPlace } from './place.ts';
import type { StoreWrite } from './ports.ts';
import { touchRow } from './store-keys.ts';

const NOTHING = new Uint8Array(0);
const PLACE_BYTES = 8;
/** A row and its key take no more. */
export const TOUCH_BYTES = 27 + PLACE_BYTES + 32;

/** Row of the touch at a place; `before` is what the entry had before it. */
export function touchWrite(key: Uint8Array, place: Place, before: Touches): StoreWrite {
  const rest = before.historyCount === 0 ? NOTHING : before.history;
  return [touchRow(key, before.historyCount), placeBytes(place, rest)];
}

/** The rows of a block's touches. */
export function* touchWrites(touches: Iterable<Touch>, height: number): Generator<StoreWrite> {
  for (const { key, index, before } of touches) yield touchWrite(key, { height, index }, before);
}

/** What a row says; `null` if no such row is ever written. */
export function readTouch(row: Uint8Array, ordinal: number): { place: Place; before: Touches } | null {
  const place = readPlace(row);
  if (place === null || row.length !== PLACE_BYTES + (ordinal === 0 ? 0 : 32)) return null;
  const history = ordinal === 0 ? ZERO_HASH : row.slice(PLACE_BYTES);
  return { place, before: { history, historyCount: ordinal } };
}

/** An entry's history after one more transaction. */
export function touchedBy(before: Touches, id: Uint8Array): Touches {
  return {
    history: hash(DOMAIN.history, before.history, id),
    historyCount: before.historyCount + 1,
  };
}

/** Keys of the entries that a transaction touches, each once: its accounts, and its record. */
export function touchedKeys(tx: Transaction): Uint8Array[] {
  const accounts = new Map(
    accountsOf(tx)
      .map(accountRef)
      .map(({ name, key }) => [name, key]),
  );
  const keys = [...accounts.values()];
  const record = recordOf(tx);
  if (record !== null) keys.push(recordRef(record).key);
  return keys;
}

/**
 * The touches of a block by its transactions, given the entries as they were before it, in the order of execution.
 * `CorruptStoreError` if `before` lacks one that is touched.
 */
export function* touchesOf(
  transactions: readonly Transaction[],
  before: Iterable<readonly [key: Uint8Array, bytes: Uint8Array | null]>,
): Generator<Touch> {
  const entries = new Map<string, Uint8Array | null>();
  for (const [key, bytes] of before) entries.set(toText(key), bytes);
  const touched = new Map<string, Touches>();
  for (const [index, tx] of transactions.entries()) {
    for (const key of touchedKeys(tx)) {
      const text = toText(key);
      const bytes = entries.get(text);
      if (bytes === undefined) throw new CorruptStoreError('an undo record lacks an entry of its block');
      const touches = touched.get(text) ?? historyIn(bytes);
      yield { key, index, before: touches };
      touched.set(text, touchedBy(touches, tx.id));
    }
  }
}

function historyIn(bytes: Uint8Array | null): Touches {
  const entry = bytes === null ? null : decodeEntry(bytes);
  if (entry?.TAG === 'account' || entry?.TAG === 'record') return entry.data;
  return { history: ZERO_HASH, historyCount: 0 };
}
