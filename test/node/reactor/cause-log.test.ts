import { expect, test } from 'vitest';
import { type ErrorCode, RuleError } from '../../../chain/errors.ts';
import { toHex, u32 } from '../../../chain/format/bytes.ts';
import type { Transaction } from '../../../chain/format/transaction.ts';
import { MemoryStore } from '../../../chain/ledger/memory-store.ts';
import { CAUSES_ROWS, causesRow, endOf } from '../../../chain/ledger/store-keys.ts';
import { CauseJournal } from '../../../node/reactor/cause-journal.ts';
import { CauseLog } from '../../../node/reactor/cause-log.ts';
import type { Entry } from '../../../node/reactor/causes.ts';
import { FaultyStore } from '../../chain/ledger/faulty-store.ts';
import { makeTransfer } from '../rpc/fake-view.ts';

function transfer(number: number): Transaction {
  const id = new Uint8Array(32);
  id.set(u32(number));
  return makeTransfer(id, 0);
}

function open(store = new MemoryStore()) {
  const clock = { now: 1_000, wallMs: () => clock.now, monotonicMs: () => 0 };
  const failures: unknown[] = [];
  const log = new CauseLog(store, clock, { peer: () => undefined, failed: (error) => failures.push(error) });
  const pend = (number: number, link: number | null = 7): void => {
    log.note({ type: 'pending', transactions: [transfer(number)], link, way: 'new' });
  };
  const refuse = (number: number, code: ErrorCode, link: number | null = 7): void => {
    const error = new RuleError(code);
    log.note({ type: 'refused', transaction: transfer(number), error, link });
  };
  const drop = (number: number, detail: string): void => {
    log.note({ type: 'dropped', transaction: transfer(number), error: new RuleError('POOL_FULL', detail) });
  };
  const whats = (number: number) => log.storyOf(transfer(number).key)?.causes.map(({ what }) => what);
  return { log, store, clock, failures, pend, refuse, drop, whats };
}

test('holds 20,000 stories; the one that nothing has happened to for longest goes, and the memory says so', () => {
  const { log, clock, pend, drop, whats } = open();
  for (let i = 0; i < 20_000; i++) {
    clock.now = 1_000 + i;
    pend(i);
  }
  drop(0, 'news of the oldest');
  expect(log.since).toBe(1_000);
  clock.now = 50_000;
  pend(20_000);
  expect([whats(0), whats(1), whats(2)]).toEqual([['pending', 'dropped'], undefined, ['pending']]);
  expect(log.since).toBe(1_001);
});

test('of a long story the beginning and the end are kept', () => {
  const { log, pend, drop } = open();
  pend(1);
  for (let i = 0; i < 100; i++) drop(1, `${i}`);
  const { causes, left } = log.storyOf(transfer(1).key)!;
  expect([causes.length, left, causes[0]!.what]).toEqual([32, 69, 'pending']);
  expect(causes.at(-1)).toMatchObject({ reason: { message: expect.stringContaining('(99)') } });
});

test('junk that peers send pushes out nothing but junk, and bytes that are false leave no trace', () => {
  const { refuse, pend, whats } = open();
  pend(0);
  for (let i = 1; i <= 3_000; i++) refuse(i, 'OVERSPEND');
  expect([whats(0), whats(1), whats(1_000), whats(1_001)]).toEqual([
    ['pending'],
    undefined,
    undefined,
    ['refused'],
  ]);
  refuse(5_000, 'BAD_SIGNATURE');
  refuse(5_001, 'BAD_SIGNATURE', null);
  refuse(5_002, 'ALREADY_KNOWN');
  expect([whats(5_000), whats(5_001), whats(5_002)]).toEqual([undefined, ['refused'], undefined]);
  pend(5_001);
  expect(whats(5_001)).toEqual(['refused', 'pending']);
});

test('the same step again is told once', () => {
  const { refuse, whats } = open();
  refuse(1, 'OVERSPEND');
  refuse(1, 'OVERSPEND');
  refuse(1, 'FEE_TOO_LOW');
  expect(whats(1)).toEqual(['refused', 'refused']);
});

test('what shares a cause is written once', async () => {
  const { log, store } = open();
  const transactions = [transfer(1), transfer(2), transfer(3)];
  log.note({ type: 'pending', transactions, link: 7, way: 'new' });
  await log.save();
  const [entry, ...others] = await new CauseJournal(store).read();
  expect(others).toEqual([]);
  expect(entry).toMatchObject({
    transactions: transactions.map(({ key }) => key),
    cause: { what: 'pending' },
  });
  const { log: again } = open(store);
  await again.load();
  for (const { key } of transactions) expect(again.storyOf(key)).toEqual(log.storyOf(key));
});

test('what is told of a thousand ids is written without waiting for a block, however few entries that makes', async () => {
  const { log, store } = open();
  const tell = (first: number): void => {
    const transactions = Array.from({ length: 250 }, (_, i) => transfer(first + i));
    log.note({ type: 'pending', transactions, link: 7, way: 'new' });
  };
  for (const first of [0, 250, 500]) tell(first);
  expect(await store.iterate(ROWS)).toEqual([]);
  tell(750);
  tell(1_000);
  expect(await new CauseJournal(store).read()).toHaveLength(4);
});

test('what was written is there after a restart, with when memory begins', async () => {
  const first = open();
  first.pend(1, null);
  first.clock.now = 2_000;
  first.drop(1, 'it paid least');
  await first.log.save();
  const { log, clock, whats, pend } = open(first.store);
  clock.now = 9_000;
  await log.load();
  expect(whats(1)).toEqual(['pending', 'dropped']);
  expect(log.storyOf(transfer(1).key)).toEqual(first.log.storyOf(transfer(1).key));
  expect(log.since).toBe(1_000);
  // And it goes on behind it.
  pend(1);
  await log.save();
  const third = open(first.store);
  await third.log.load();
  expect(third.whats(1)).toEqual(['pending', 'dropped', 'pending']);
});

const ROWS = { from: CAUSES_ROWS, to: endOf(CAUSES_ROWS), limit: 100_000 };
const entry = (number: number, bytes: number): Entry => ({
  transactions: [toHex(u32(number))],
  cause: { at: number, what: 'dropped', reason: { code: 'POOL_FULL', message: 'x'.repeat(bytes) }, by: null },
});

test('the journal keeps its newest 4 MiB, and never more than 4,096 parts', async () => {
  const store = new MemoryStore();
  const journal = new CauseJournal(store);
  await journal.read();
  for (let i = 0; i < 50; i++) await journal.write([entry(i, 200_000)]);
  const rows = await store.iterate(ROWS);
  const bytes = rows.reduce((sum, [, value]) => sum + value.length, 0);
  expect(bytes).toBeLessThanOrEqual(4 * 1024 * 1024);
  expect(bytes).toBeGreaterThan(3 * 1024 * 1024);
  for (let i = 50; i < 5_000; i++) await journal.write([entry(i, 1)]);
  expect(await store.iterate(ROWS)).toHaveLength(4_096);
  const again = await new CauseJournal(store).read();
  expect(again.map((each) => ('cause' in each ? each.cause.at : -1))).toEqual(
    Array.from({ length: 4_096 }, (_, i) => 904 + i),
  );
});

test('damaged parts and gaps are passed over, and it goes on behind the last', async () => {
  const store = new FaultyStore();
  const journal = new CauseJournal(store);
  for (let i = 0; i < 200; i++) await journal.write([entry(i, 1)]);
  await store.write([[causesRow(1), new TextEncoder().encode('[{')]], { sync: false });
  await store.damage(causesRow(0), 'unreadable');
  await store.damage(causesRow(5), 'lost');
  const again = new CauseJournal(store);
  const left = Array.from({ length: 200 }, (_, i) => i).filter((i) => ![0, 1, 5].includes(i));
  expect(await again.read()).toEqual(left.map((i) => entry(i, 1)));
  await again.write([entry(200, 1)]);
  expect(await new CauseJournal(store).read()).toEqual([...left, 200].map((i) => entry(i, 1)));
});

test('a store that fails is told once, and nothing is thrown', async () => {
  const store = new MemoryStore();
  const { log, pend, failures } = open(store);
  store.write = () => Promise.reject(new Error('disk full'));
  pend(1);
  await log.save();
  expect(failures.map(String)).toEqual(['Error: disk full']);
});

test('that a user brought something is for the write that acknowledges it, with all that was not written yet', async () => {
  const { log, store, pend, drop, whats } = open();
  pend(1);
  const rows = log.acknowledge([transfer(1), transfer(2)]);
  expect([whats(1), whats(2)]).toEqual([['pending'], ['pending']]);
  await log.save();
  expect(await store.iterate(ROWS)).toEqual([]);
  await store.write(rows, { sync: false });
  // The event that follows tells the log nothing new.
  pend(2, null);
  expect(log.acknowledge([transfer(2)])).toEqual([]);
  drop(2, 'it paid least');
  await log.save();
  const { log: again, whats: told } = open(store);
  await again.load();
  expect([told(1), told(2)]).toEqual([['pending'], ['pending', 'dropped']]);
  expect(again.storyOf(transfer(2).key)!.causes[0]).toMatchObject({ from: { kind: 'user' } });
});
