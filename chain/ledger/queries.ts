/**
 * Owns what can be asked of accounts and their histories. Each answer names its tip and is of it, whatever is connected
 * meanwhile, and all that it says was checked: state under the tip's state root, rows of indexes against state and
 * blocks. An index that is found damaged is mended first.
 */
import { RuleError } from '../errors.ts';
import { decodeTransaction } from '../format/transaction.ts';
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
import { HISTORY_PAGE_MAX, readHistory } from './history.ts';
import type { Ledger } from './ledger.ts';
import type { Mined } from './mined.ts';
import { type Answer, atTip, getEntries, type ProvedEntry, type TipView } from './tip-view.ts';

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
