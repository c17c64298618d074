/** Owns the comparison of a real ledger with the model: every account, record and total at the tip, both ways. */
import { expect } from 'vitest';
import { toHex } from '../../../chain/format/bytes.ts';
import { getAccounts, getRecord, getTotals } from '../../../chain/ledger/queries.ts';
import { endOf, META, stateRow } from '../../../chain/ledger/store-keys.ts';
import type { Account, LedgerRecord } from '../../../chain/state/entries.ts';
import { bytesOf, type Hex, hexOf } from '../model/hex.ts';
import { entriesOf, type ModelAccount, type ModelRecord, type ModelState } from '../model/state.ts';
import { compareRecordIndexes } from './compare-records.ts';
import type { Harness } from './harness.ts';

/** The model's shape of a real account or record: hex and bigint instead of bytes and numbers. */
const recoveryOf = (recovery: Account['recovery']): ModelAccount['recovery'] =>
  recovery && { account: hexOf(recovery.account), delay: recovery.delay };

function modelAccountOf(account: Account): ModelAccount {
  const { pendingChange, pendingRecovery } = account;
  return {
    ...account,
    balance: BigInt(account.balance),
    authKey: account.authKey && hexOf(account.authKey),
    recovery: recoveryOf(account.recovery),
    pendingChange: pendingChange && { recovery: recoveryOf(pendingChange.recovery), at: pendingChange.at },
    pendingRecovery: pendingRecovery && { authKey: hexOf(pendingRecovery.authKey), at: pendingRecovery.at },
    deposits: BigInt(account.deposits),
    history: hexOf(account.history),
  };
}

function modelRecordOf(record: LedgerRecord): ModelRecord {
  return {
    ...record,
    owner: hexOf(record.owner),
    creator: hexOf(record.creator),
    name: hexOf(record.name),
    root: hexOf(record.root),
    mediaType: hexOf(record.mediaType),
    inline: record.inline && hexOf(record.inline),
    deposit: BigInt(record.deposit),
    history: hexOf(record.history),
  };
}

/** Totals, and the supply they stand for: no coin made or lost. */
export async function compareTotals({ ledger }: Harness, state: ModelState): Promise<void> {
  const { value, tip } = await getTotals(ledger);
  expect(tip).toBe(ledger.tip);
  const totals = Object.fromEntries(Object.entries(value).map(([name, planks]) => [name, BigInt(planks)]));
  expect(totals).toEqual(state.totals);
}

/** All of the state: by the queries, and row by row in the store. */
export async function compareState(harness: Harness, state: ModelState): Promise<void> {
  const { ledger } = harness;
  const addresses = [...state.accounts.keys()];
  const accounts = await getAccounts(ledger, addresses.map(bytesOf));
  const real = new Map(
    accounts.value.map((account, i) => [addresses[i]!, account && modelAccountOf(account)]),
  );
  expect(real).toEqual(state.accounts);
  for (const [id, record] of state.records) {
    const { value } = await getRecord(ledger, bytesOf(id));
    expect(value && modelRecordOf(value)).toEqual(record);
  }
  expect(await stateRows(harness)).toEqual(new Map(entriesOf(state)));
  await compareRecordIndexes(harness, state);
}

async function stateRows({ store }: Harness): Promise<Map<Hex, Hex>> {
  const from = stateRow(new Uint8Array(0));
  const rows = await store.iterate({ from, to: endOf(from), limit: 1_000_000 });
  return new Map(rows.map(([key, value]) => [toHex(key.slice(from.length)), toHex(value)]));
}

/** Everything in the store that follows from the tip alone: all but the count of what the journal has synced. */
export async function derivedRows({ store }: Harness): Promise<Map<Hex, Hex>> {
  const rows = await store.iterate({
    from: new Uint8Array(0),
    to: new Uint8Array(64).fill(0xff),
    limit: 1_000_000,
  });
  const derived = new Map(rows.map(([key, value]) => [toHex(key), toHex(value)]));
  derived.delete(toHex(META.journal));
  return derived;
}
