/** Owns asking a ledger everything that its users can ask, and what the model says the answers are. */
import { toHex } from '../../../chain/format/bytes.ts';
import type { Ledger } from '../../../chain/ledger/ledger.ts';
import { getMined } from '../../../chain/ledger/mined.ts';
import { prove } from '../../../chain/ledger/proofs.ts';
import {
  getAccounts,
  getHistory,
  getRecord,
  getTotals,
  type MinedPage,
} from '../../../chain/ledger/queries.ts';
import { getRecordHistory, getRecordsOf } from '../../../chain/ledger/record-queries.ts';
import type { Touches } from '../../../chain/state/entries.ts';
import { accountsOf, recordOf } from '../../../chain/state/execute.ts';
import type { ChainBuilder } from '../builder.ts';
import { bytesOf, type Hex, hexOf } from '../model/hex.ts';

/** Small, so that there is more than one page. */
const PAGE = 2;

/** What is asked about. */
export interface Subjects {
  readonly addresses: readonly Hex[];
  readonly records: readonly Hex[];
  /** Of transactions, also of such that were never mined, or no longer are. */
  readonly ids: readonly Hex[];
}

/** Answers in text, by what was asked. */
export type Answers = ReadonlyMap<string, string>;

const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, each) => (each instanceof Uint8Array ? toHex(each) : each));

/** Asks one thing after the other; stops at the first that is refused for damage. */
export async function askEverything(ledger: Ledger, { addresses, records, ids }: Subjects): Promise<Answers> {
  const answers = new Map<string, string>();
  const totals = await getTotals(ledger);
  answers.set('tip', totals.tip.key);
  answers.set('totals', textOf(totals.value));
  for (const address of addresses) {
    const [account] = (await getAccounts(ledger, [bytesOf(address)])).value;
    answers.set(`account ${address}`, textOf(account));
    answers.set(`history ${address}`, textOf(await historyOf(ledger, address)));
    answers.set(`records ${address}`, textOf(await recordsOf(ledger, address)));
    if (account !== null) {
      const { value } = await prove(ledger, { kind: 'accountHistory', address: bytesOf(address) });
      answers.set(`proof ${address}`, textOf(value));
    }
  }
  for (const id of records) {
    const { value } = await getRecord(ledger, bytesOf(id));
    answers.set(`record ${id}`, textOf(value));
    answers.set(`record history ${id}`, textOf(await recordHistoryOf(ledger, id)));
  }
  for (const id of ids) {
    const { value, complete } = await getMined(ledger, bytesOf(id));
    const place = value && [value.block.height, value.index, value.transaction.key];
    answers.set(`transaction ${id}`, textOf([place, complete]));
  }
  return answers;
}

const placesIn = (items: MinedPage['items']): unknown[] =>
  items.map(({ block, index, transaction }) => [block.height, index, transaction.key]);

async function historyOf(ledger: Ledger, address: Hex): Promise<unknown[]> {
  const found: unknown[] = [];
  for (let before: Touches | undefined; ; ) {
    const { value } = await getHistory(ledger, bytesOf(address), PAGE, before);
    found.push(...placesIn(value.items));
    if (value.older === null) return found;
    before = value.older;
  }
}

async function recordHistoryOf(ledger: Ledger, id: Hex): Promise<unknown[]> {
  const found: unknown[] = [];
  for (let before: Touches | undefined; ; ) {
    const { value } = await getRecordHistory(ledger, bytesOf(id), PAGE, before);
    found.push(...placesIn(value?.events ?? []));
    if (value?.older == null) return found;
    before = value.older;
  }
}

async function recordsOf(ledger: Ledger, owner: Hex): Promise<unknown[]> {
  const found: unknown[] = [];
  for (let after: Uint8Array | undefined; ; ) {
    const { value } = await getRecordsOf(ledger, bytesOf(owner), PAGE, after);
    found.push(...value.records.map(({ id }) => [toHex(id), value.complete]));
    if (value.records.length < PAGE) return found;
    after = value.records.at(-1)!.id;
  }
}

/** Everything that the blocks of a builder name. */
export function subjectsOf(chain: ChainBuilder, names: readonly string[]): Subjects {
  const transactions = names.flatMap((name) => chain.get(name).transactions);
  const states = names.map((name) => chain.get(name).state!);
  const addresses = new Set(states.flatMap(({ accounts }) => [...accounts.keys()]));
  for (const tx of transactions) for (const address of accountsOf(tx)) addresses.add(hexOf(address));
  const records = new Set<Hex>();
  for (const id of transactions.map(recordOf)) if (id !== null) records.add(hexOf(id));
  const strangers = ['ee'.repeat(20), '01'.repeat(20)];
  return {
    addresses: [...addresses, ...strangers],
    records: [...records, 'ee'.repeat(32)],
    ids: [...transactions.map(({ id }) => hexOf(id)), 'ee'.repeat(32)],
  };
}

/** The same answers, from the model alone; all but proofs, which are bytes. */
export function expectedAnswers(chain: ChainBuilder, tip: string, subjects: Subjects): Answers {
  const branch: string[] = [];
  for (let at = chain.get(tip); ; at = chain.get(chain.nameOf(hexOf(at.header.previous)))) {
    if (at.header.height === 0) break;
    branch.unshift(at.name);
  }
  const { state, id } = chain.get(tip);
  const answers = new Map<string, string>([['tip', id]]);
  const places = branch.flatMap((name) => {
    const { header, transactions } = chain.get(name);
    return transactions.map((tx, index) => ({ tx, place: [header.height, index, tx.key] as const }));
  });
  places.reverse();
  for (const address of subjects.addresses) {
    const touched = places.filter(({ tx }) => accountsOf(tx).some((each) => hexOf(each) === address));
    answers.set(`history ${address}`, textOf(touched.map(({ place }) => place)));
    const owned = [...state!.records].filter(([, { owner }]) => owner === address).map(([each]) => each);
    answers.set(`records ${address}`, textOf(owned.sort().map((each) => [each, true])));
  }
  for (const record of subjects.records) {
    const touched = places.filter(({ tx }) => recordOf(tx) !== null && hexOf(recordOf(tx)!) === record);
    answers.set(`record history ${record}`, textOf(touched.map(({ place }) => place)));
  }
  for (const each of subjects.ids) {
    const found = places.find(({ tx }) => hexOf(tx.id) === each);
    answers.set(`transaction ${each}`, textOf([found?.place ?? null, true]));
  }
  return answers;
}
