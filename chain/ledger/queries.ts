/**
 * Owns what can be asked of accounts and transactions. Each answer names its tip and is of it, whatever is connected
 * meanwhile, and all that it says was checked: state under the tip's state root, rows of indexes against state and
 * blocks. An index that is found damaged is mended first.
 */
import type { HeaderNode } from '../consensus/header-tree.ts';
import { RuleError } from '../errors.ts';
import { transactionBytesAt } from '../format/block.ts';
import { equalBytes } from '../format/bytes.ts';
import { DOMAIN, hash } from '../format/hash.ts';
import { decodeTransaction, type Transaction } from '../format/transaction.ts';
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
  type Touches,
} from '../state/entries.ts';
import { DamagedMined, MissingBody } from './damage.ts';
import { HISTORY_PAGE_MAX, readHistory } from './history.ts';
import type { Ledger } from './ledger.ts';
import { readMined } from './place.ts';
import { transactionRow } from './store-keys.ts';
import { type Answer, atTip, getEntries, type ProvedEntry, type TipView } from './tip-view.ts';

/** Where a transaction was mined. */
export interface Mined {
  readonly block: HeaderNode;
  /** Place in the block, from 0. */
  readonly index: number;
  readonly transaction: Transaction;
}

/** A page of history, newest first. */
export interface MinedPage {
  readonly items: readonly Mined[];
  /** Where the next page begins; `null` if there is nothing older. */
  readonly older: Touches | null;
}

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

/** A state entry with its proof under the tip's state root. */
export function proveEntry(ledger: Ledger, ref: EntryRef): Promise<Answer<ProvedEntry>> {
  return atTip(ledger, (view) => view.prove(ref));
}

/**
 * Where a transaction stands in the active chain; `null` if it doesn't. `complete` is false if it wasn't found and the
 * node can't tell yet that it is in no block: it is still checking which ids old blocks hold.
 */
export function getMined(
  ledger: Ledger,
  id: Uint8Array,
): Promise<Answer<Mined | null> & { readonly complete: boolean }> {
  return ledger.mender.whole(async () => {
    const { tip, value } = await atTip(ledger, (view) => findMined(ledger, view, id));
    return { tip, value: value.mined, complete: value.complete };
  });
}

async function findMined(
  ledger: Ledger,
  view: TipView,
  id: Uint8Array,
): Promise<{ mined: Mined | null; complete: boolean }> {
  const [row] = await view.rows([transactionRow(id)]);
  const place = row === undefined ? null : readMined(row, (height) => view.blockAt(height));
  const body = place === null ? null : await view.body(place.block);
  if (place !== null && body === null) throw new MissingBody(place.block.key);
  const bytes = body === null ? null : transactionBytesAt(body, place!.index);
  if (bytes !== null && equalBytes(hash(DOMAIN.transaction, bytes), id)) {
    const { block, index } = place!;
    return { mined: { block, index, transaction: decodeTransaction(bytes) }, complete: true };
  }
  const { heights, complete } = await ledger.ids.find(id);
  for (const height of heights) {
    const block = view.blockAt(height)!;
    const transactions = await ledger.readTransactions(block);
    if (transactions === null) throw new MissingBody(block.key);
    const index = transactions.findIndex((tx) => equalBytes(tx.id, id));
    if (index >= 0) throw new DamagedMined(id, { height, index });
  }
  if (row !== undefined && complete) throw new DamagedMined(id, null);
  return { mined: null, complete };
}

/** For each id, the height of the block of the active chain that its row names, `null` if it is in none. */
export async function getMinedHeights(
  ledger: Ledger,
  ids: readonly Uint8Array[],
): Promise<(number | null)[]> {
  if (ids.length === 0) return [];
  const { value } = await atTip(ledger, async (view) => {
    const rows = await view.rows(ids.map(transactionRow));
    return rows.map((row) => {
      const place = row === undefined ? null : readMined(row, (height) => view.blockAt(height));
      return place?.height ?? null;
    });
  });
  return value;
}

/** For each id, whether its row says that it has been mined in the active chain. */
export async function areMined(ledger: Ledger, ids: readonly Uint8Array[]): Promise<boolean[]> {
  return (await getMinedHeights(ledger, ids)).map((height) => height !== null);
}

/**
 * The transactions that touched an account, newest first. `before` is the `older` of an earlier page. `limit` is at most
 * `HISTORY_PAGE_MAX`.
 */
export async function getHistory(
  ledger: Ledger,
  address: Uint8Array,
  limit: number,
  before?: Touches,
): Promise<Answer<MinedPage>> {
  checkLimit(limit, HISTORY_PAGE_MAX);
  const ref = accountRef(address);
  return ledger.mender.whole(() =>
    atTip(ledger, async (view) => {
      const [entry] = await view.entries([ref]);
      if (entry === null || entry === undefined) return { items: [], older: null };
      return readMinedPage(view, ref, decodeAccount(entry), limit, before);
    }),
  );
}

export async function readMinedPage(
  view: TipView,
  ref: EntryRef,
  whole: Touches,
  limit: number,
  before?: Touches,
): Promise<MinedPage> {
  const { items, older } = await readHistory(view, ref, { newest: before ?? whole, whole, limit });
  return {
    items: items.map(({ block, index, bytes }) => ({ block, index, transaction: decodeTransaction(bytes) })),
    older: older.historyCount === 0 ? null : older,
  };
}

export function checkLimit(limit: number, most: number): void {
  if (limit < 1 || limit > most) throw new RuleError('MALFORMED', `limit must be 1 to ${most}`);
}
