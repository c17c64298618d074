/**
 * Owns what can be asked about records: which ones an account owns, and what became of one. Each answer is of one
 * moment. Pages are bounded, and a page of history reads at most one block a transaction.
 */
import type { HeaderNode } from '../consensus/header-tree.ts';
import { CorruptStoreError, RuleError } from '../errors.ts';
import { transactionBytesAt } from '../format/block.ts';
import { concat, equalBytes, toBigInt, toHex } from '../format/bytes.ts';
import { decodeTransaction } from '../format/transaction.ts';
import { decodeRecord, type LedgerRecord, recordRef } from '../state/entries.ts';
import type { Ledger } from './ledger.ts';
import { type Answer, getEntries, HISTORY_PAGE_MAX, type Mined, type Touch } from './queries.ts';
import { endOf, ownedRow, ownedRows, recordTouchRow, recordTouchRows } from './store-keys.ts';

/** Most records of one page. One takes about 1.3 KiB at most. */
export const RECORDS_PAGE_MAX = 100;

export interface OwnedRecord {
  readonly id: Uint8Array;
  readonly record: LedgerRecord;
}

/** What a transaction did to a record. */
export interface RecordEvent extends Mined {
  /** Who owned it afterwards. */
  readonly owner: Uint8Array;
}

/** The records of an account, tombstones too, in the order of their ids; `after` is the last id of the page before. */
export async function getRecordsOf(
  ledger: Ledger,
  owner: Uint8Array,
  limit: number,
  after?: Uint8Array,
): Promise<Answer<OwnedRecord[]>> {
  checkLimit(limit, RECORDS_PAGE_MAX);
  return ledger.exclusively(async () => {
    const all = ownedRows(owner);
    const from = after === undefined ? all : concat(ownedRow(owner, after), Uint8Array.of(0));
    const rows = await ledger.store.iterate({ from, to: endOf(all), limit, keysOnly: true });
    const ids = rows.map(([key]) => key.slice(all.length));
    const { tip, value } = await getEntries(ledger, ids.map(recordRef));
    return { tip, value: ids.map((id, i) => ({ id, record: ownedBy(owner, id, value[i]!) })) };
  });
}

function ownedBy(owner: Uint8Array, id: Uint8Array, bytes: Uint8Array | null): LedgerRecord {
  const record = bytes === null ? null : decodeRecord(bytes);
  if (record === null || !equalBytes(record.owner, owner)) {
    throw new CorruptStoreError(`the index of owners is wrong about record ${toHex(id)}`);
  }
  return record;
}

/** Where a record was touched, newest first. `before` is the last touch of the page before. */
export async function getRecordTouches(
  ledger: Ledger,
  id: Uint8Array,
  limit: number,
  before?: { height: number; index: number },
): Promise<Touch[]> {
  checkLimit(limit, HISTORY_PAGE_MAX);
  const from = recordTouchRows(id);
  const to = before === undefined ? endOf(from) : recordTouchRow(id, before.height, before.index);
  const rows = await ledger.store.iterate({ from, to, reverse: true, limit });
  return rows.map(([key, txid]) => ({
    height: Number(toBigInt(key.subarray(-8, -4))),
    index: Number(toBigInt(key.subarray(-4))),
    id: txid,
  }));
}

/**
 * What became of a record, newest first, and what it is now; `null` if there never was one. `before` is the last event
 * of the page before.
 */
export async function getRecordHistory(
  ledger: Ledger,
  id: Uint8Array,
  limit: number,
  before?: { height: number; index: number },
): Promise<Answer<{ record: LedgerRecord; events: RecordEvent[] } | null>> {
  const { tip, record, touches } = await ledger.exclusively(async () => {
    const { tip, value } = await getEntries(ledger, [recordRef(id)]);
    const record = value[0] == null ? null : decodeRecord(value[0]);
    return { tip, record, touches: await getRecordTouches(ledger, id, limit, before) };
  });
  if (record === null) return { tip, value: null };
  // Blocks below a tip stay where they are, whatever is connected meanwhile.
  return { tip, value: { record, events: await readEvents(ledger, tip, touches) } };
}

async function readEvents(
  ledger: Ledger,
  tip: HeaderNode,
  touches: readonly Touch[],
): Promise<RecordEvent[]> {
  const events: RecordEvent[] = [];
  let open: { readonly block: HeaderNode; readonly bytes: Uint8Array | null } | null = null;
  for (const { height, index, id } of touches) {
    if (open?.block.height !== height) {
      const block = ledger.headers.ancestor(tip, height);
      open = { block, bytes: await ledger.readBody(block) };
    }
    const bytes = open.bytes === null ? null : transactionBytesAt(open.bytes, index);
    const transaction = bytes === null ? null : decodeTransaction(bytes);
    if (transaction === null || !equalBytes(transaction.id, id)) {
      throw new CorruptStoreError(`transaction ${toHex(id)} isn't where the index says`);
    }
    const { body, sender } = transaction;
    const owner = body.TAG === 'give' ? body.data.to : sender;
    events.push({ block: open.block, index, transaction, owner });
  }
  return events;
}

function checkLimit(limit: number, most: number): void {
  if (limit < 1 || limit > most) throw new RuleError('MALFORMED', `limit must be 1 to ${most}`);
}
