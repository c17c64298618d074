/**
 * Owns what can be asked about records: which ones an account owns, and what became of one. Each answer is of one tip
 * and was checked, as those of `queries.ts`. Pages are bounded, and a page of history reads at most one block a
 * transaction.
 */
import { compareBytes } from '../format/bytes.ts';
import {
  accountRef,
  decodeAccount,
  decodeRecord,
  type LedgerRecord,
  recordRef,
  type Touches,
} from '../state/entries.ts';
import { HISTORY_PAGE_MAX } from './history.ts';
import type { Ledger } from './ledger.ts';
import type { Mined } from './mined.ts';
import { readOwned } from './owned-index.ts';
import { checkLimit, readMinedPage } from './queries.ts';
import { type Answer, atTip, type TipView } from './tip-view.ts';

/** Most records of one page. One takes about 1.3 KiB at most. */
export const RECORDS_PAGE_MAX = 100;

export interface OwnedRecord {
  readonly id: Uint8Array;
  readonly record: LedgerRecord;
}

export interface OwnedPage {
  readonly records: readonly OwnedRecord[];
  /** False if the account owns too many records to check that none is left out. Those listed are checked. */
  readonly complete: boolean;
}

/** What a transaction did to a record. */
export interface RecordEvent extends Mined {
  /** Who owned it afterwards. */
  readonly owner: Uint8Array;
}

export interface RecordStory {
  readonly record: LedgerRecord;
  /** Newest first. */
  readonly events: readonly RecordEvent[];
  /** Where the next page begins; `null` if there is nothing older. */
  readonly older: Touches | null;
}

/** The records of an account, tombstones too, in the order of their ids; `after` is the last id of the page before. */
export async function getRecordsOf(
  ledger: Ledger,
  owner: Uint8Array,
  limit: number,
  after?: Uint8Array,
): Promise<Answer<OwnedPage>> {
  checkLimit(limit, RECORDS_PAGE_MAX);
  return ledger.mender.whole(() => atTip(ledger, (view) => readPage(ledger, view, owner, limit, after)));
}

async function readPage(
  ledger: Ledger,
  view: TipView,
  owner: Uint8Array,
  limit: number,
  after: Uint8Array | undefined,
): Promise<OwnedPage> {
  const [entry] = await view.entries([accountRef(owner)]);
  // Whoever owns a record was touched by what gave it.
  if (entry === null || entry === undefined) return { records: [], complete: true };
  const { depositPerEntry, depositPerByte } = ledger.params.prices;
  const hasDeposits = depositPerEntry + depositPerByte > 0;
  const all = await ledger.owned.list(view, owner, decodeAccount(entry), hasDeposits);
  const ids =
    all === null
      ? await ledger.owned.page(owner, after, limit)
      : all.filter((id) => after === undefined || compareBytes(id, after) > 0).slice(0, limit);
  const records = await readOwned(view, owner, ids);
  return { records: ids.map((id, i) => ({ id, record: records[i]! })), complete: all !== null };
}

/**
 * What became of a record, newest first, and what it is now; `null` if there never was one. `before` is the `older` of
 * the page before.
 */
export async function getRecordHistory(
  ledger: Ledger,
  id: Uint8Array,
  limit: number,
  before?: Touches,
): Promise<Answer<RecordStory | null>> {
  checkLimit(limit, HISTORY_PAGE_MAX);
  const ref = recordRef(id);
  return ledger.mender.whole(() =>
    atTip(ledger, async (view) => {
      const [entry] = await view.entries([ref]);
      if (entry === null || entry === undefined) return null;
      const record = decodeRecord(entry);
      const { items, older } = await readMinedPage(view, ref, record, limit, before);
      return { record, events: items.map(eventOf), older };
    }),
  );
}

function eventOf(mined: Mined): RecordEvent {
  const { body, sender } = mined.transaction;
  return { ...mined, owner: body.TAG === 'give' ? body.data.to : sender };
}
