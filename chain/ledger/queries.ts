/** Owns what can be asked of the ledger. Each answer is of one snapshot and names the tip it belongs to. */

import type { HeaderNode } from '../consensus/header-tree.ts';
import { assert, RuleError } from '../errors.ts';
import { concat, equalBytes, toBigInt, toHex, u32 } from '../format/bytes.ts';
import type { Transaction } from '../format/transaction.ts';
import {
  type Account,
  accountRef,
  decodeAccount,
  decodeRecord,
  decodeTotals,
  type EntryRef,
  type LedgerRecord,
  recordRef,
  TOTALS,
  type Totals,
} from '../state/entries.ts';
import { encodeProof } from '../state/tree-proof.ts';
import { checkEntry } from './connector.ts';
import type { Ledger } from './ledger.ts';
import { endOf, META, stateRow, touchRow, touchRows, transactionRow } from './store-keys.ts';

export interface Answer<T> {
  readonly tip: HeaderNode;
  readonly value: T;
}

/** Bytes of a state entry, `null` if there is none, and the encoded path that shows it. */
export interface ProvedEntry {
  readonly bytes: Uint8Array | null;
  readonly proof: Uint8Array;
}

/** Where a transaction was mined. */
export interface Mined {
  readonly block: HeaderNode;
  /** Place in the block, from 0. */
  readonly index: number;
  readonly transaction: Transaction;
}

/** A transaction that touched an account, as the history index has it. */
export interface Touch {
  readonly height: number;
  readonly index: number;
  readonly id: Uint8Array;
}

/** Most touches of one page of history. */
export const HISTORY_PAGE_MAX = 100;

export async function getAccounts(
  ledger: Ledger,
  addresses: readonly Uint8Array[],
): Promise<Answer<(Account | null)[]>> {
  const { tip, value } = await getEntries(ledger, addresses.map(accountRef));
  return { tip, value: value.map((bytes) => (bytes === null ? null : decodeAccount(bytes))) };
}

export async function getRecord(ledger: Ledger, id: Uint8Array): Promise<Answer<LedgerRecord | null>> {
  const { tip, value } = await getEntries(ledger, [recordRef(id)]);
  return { tip, value: value[0] === null ? null : decodeRecord(value[0]!) };
}

export async function getTotals(ledger: Ledger): Promise<Answer<Totals>> {
  const { tip, value } = await getEntries(ledger, [TOTALS]);
  return { tip, value: decodeTotals(value[0]!) };
}

/** Raw values of state entries, and the tip of the same snapshot. */
export async function getEntries(
  ledger: Ledger,
  refs: readonly EntryRef[],
): Promise<Answer<(Uint8Array | null)[]>> {
  const [tip, ...values] = await ledger.store.getMany([META.tip, ...refs.map(({ key }) => stateRow(key))]);
  return { tip: nodeOf(ledger, tip), value: values.map((bytes) => bytes ?? null) };
}

function nodeOf(ledger: Ledger, id: Uint8Array | undefined): HeaderNode {
  const node = id === undefined ? undefined : ledger.headers.get(toHex(id));
  assert(node !== undefined, 'the stored tip is known');
  return node;
}

/** A state entry with its proof under the tip's state root. */
export function proveEntry(ledger: Ledger, ref: EntryRef): Promise<Answer<ProvedEntry>> {
  return ledger.exclusively(async () => ({ tip: ledger.tip, value: await proveEntryAlone(ledger, ref) }));
}

/** The same, for a caller that has the ledger to itself. */
export async function proveEntryAlone(ledger: Ledger, ref: EntryRef): Promise<ProvedEntry> {
  const [value] = await ledger.store.getMany([stateRow(ref.key)]);
  await ledger.tree.prepare([ref.key]);
  checkEntry(ledger.tree, ref.key, value ?? null, ref.name);
  const proof = encodeProof(ledger.tree.prove(ref.key));
  ledger.tree.unload();
  return { bytes: value ?? null, proof };
}

/** Where a transaction stands in the active chain; `null` if it doesn't. */
export async function getMined(ledger: Ledger, id: Uint8Array): Promise<Answer<Mined | null>> {
  const [tipId, row] = await ledger.store.getMany([META.tip, transactionRow(id)]);
  const tip = nodeOf(ledger, tipId);
  if (row === undefined) return { tip, value: null };
  const height = Number(toBigInt(row.subarray(0, 4)));
  const index = Number(toBigInt(row.subarray(4)));
  const block = ledger.headers.ancestor(tip, height);
  const transaction = (await ledger.readTransactions(block))?.[index];
  if (transaction === undefined || !equalBytes(transaction.id, id)) return { tip, value: null };
  return { tip, value: { block, index, transaction } };
}

/** For each id, the height of the block of the active chain it is in, `null` if it is in none. */
export async function getMinedHeights(
  ledger: Ledger,
  ids: readonly Uint8Array[],
): Promise<(number | null)[]> {
  const rows = await ledger.store.getMany(ids.map(transactionRow));
  return rows.map((row) => (row === undefined ? null : Number(toBigInt(row.subarray(0, 4)))));
}

/** For each id, whether it has been mined in the active chain. */
export async function areMined(ledger: Ledger, ids: readonly Uint8Array[]): Promise<boolean[]> {
  if (ids.length === 0) return [];
  const rows = await ledger.store.getMany(ids.map(transactionRow));
  return rows.map((row) => row !== undefined);
}

/**
 * The transactions that touched an account, newest first. `before` continues an earlier page: the height and index of
 * its last touch. `limit` is at most `HISTORY_PAGE_MAX`.
 */
export async function getTouches(
  ledger: Ledger,
  address: Uint8Array,
  limit: number,
  before?: { height: number; index: number },
): Promise<Touch[]> {
  if (limit < 1 || limit > HISTORY_PAGE_MAX)
    throw new RuleError('MALFORMED', `limit must be 1 to ${HISTORY_PAGE_MAX}`);
  const from = touchRows(address);
  const to = before === undefined ? endOf(from) : touchRow(address, before.height, before.index);
  const rows = await ledger.store.iterate({ from, to, reverse: true, limit });
  return rows.map(([key, id]) => ({
    height: Number(toBigInt(key.subarray(-8, -4))),
    index: Number(toBigInt(key.subarray(-4))),
    id,
  }));
}

/** Position of a touch as opaque text for a next page. */
export function touchCursor({ height, index }: { height: number; index: number }): string {
  return toHex(concat(u32(height), u32(index)));
}
