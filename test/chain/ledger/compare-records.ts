/** Owns the comparison of the indexes of records with the model: who owns what, and what touched each record. */
import { expect } from 'vitest';
import { toHex } from '../../../chain/format/bytes.ts';
import type { Ledger } from '../../../chain/ledger/ledger.ts';
import { getRecordHistory, getRecordsOf } from '../../../chain/ledger/record-queries.ts';
import { endOf, ownedRow, ownedRows } from '../../../chain/ledger/store-keys.ts';
import type { Touches } from '../../../chain/state/entries.ts';
import { bytesOf, type Hex } from '../model/hex.ts';
import type { ModelState } from '../model/state.ts';
import type { Harness } from './harness.ts';

const NOTHING = new Uint8Array(0);
const ALL_OWNED = ownedRows(NOTHING);
/** Small, so that more than one page is read. */
const PAGE = 2;

/** Ids of all records of an account, page by page. */
export async function idsOwnedBy(ledger: Ledger, owner: Uint8Array): Promise<Hex[]> {
  const ids: Hex[] = [];
  for (let after: Uint8Array | undefined; ; ) {
    const { value } = await getRecordsOf(ledger, owner, PAGE, after);
    const { records } = value;
    expect(value.complete).toBe(true);
    ids.push(...records.map(({ id }) => toHex(id)));
    if (records.length < PAGE) return ids;
    after = records.at(-1)!.id;
  }
}

/** The rows are those of the model's records, no more, and so are the answers. */
export async function compareRecordIndexes({ ledger, store }: Harness, state: ModelState): Promise<void> {
  const expected = [...state.records].map(([id, { owner }]) => toHex(ownedRow(bytesOf(owner), bytesOf(id))));
  const rows = await store.iterate({ from: ALL_OWNED, to: endOf(ALL_OWNED), limit: 1_000_000 });
  expect(rows.map(([key]) => toHex(key))).toEqual(expected.sort());
  for (const owner of new Set([...state.records.values()].map((record) => record.owner))) {
    const owned = [...state.records].filter(([, record]) => record.owner === owner).map(([id]) => id);
    expect(await idsOwnedBy(ledger, bytesOf(owner))).toEqual(owned.sort());
  }
}

/** What the history of a record says, newest first, page by page: `put`, `give` or `drop`, and the owner afterwards. */
export async function eventsOf(ledger: Ledger, id: Uint8Array): Promise<[kind: string, owner: Hex][]> {
  const events: [string, Hex][] = [];
  for (let before: Touches | undefined; ; ) {
    const { value } = await getRecordHistory(ledger, id, PAGE, before);
    const page = value?.events ?? [];
    events.push(...page.map((event): [string, Hex] => [event.transaction.body.TAG, toHex(event.owner)]));
    if (value?.older == null) return events;
    before = value.older;
  }
}
