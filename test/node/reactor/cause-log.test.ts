import { expect, test } from 'vitest';
import { type ErrorCode, RuleError } from '../../../chain/errors.ts';
import { MemoryFiles } from '../../../chain/files/memory-files.ts';
import { toHex, u32 } from '../../../chain/format/bytes.ts';
import type { Transaction } from '../../../chain/format/transaction.ts';
import { ENTRY } from '../../../chain/ledger/journal-entries.ts';
import { CauseJournal } from '../../../node/reactor/cause-journal.ts';
import { CauseLog } from '../../../node/reactor/cause-log.ts';
import type { Entry } from '../../../node/reactor/causes.ts';
import { openJournal } from '../../chain/files/open-journal.ts';
import { makeTransfer } from '../rpc/fake-view.ts';

function transfer(number: number): Transaction {
  const id = new Uint8Array(32);
  id.set(u32(number));
  return makeTransfer(id, 0);
}

async function open(files = new MemoryFiles()) {
  const journal = await openJournal(files);
  const clock = { now: 1_000, wallMs: () => clock.now, monotonicMs: () => 0 };
  const failures: unknown[] = [];
  const log = new CauseLog(journal, clock, {
    peer: () => undefined,
    failed: (error) => failures.push(error),
  });
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
  const whats = (number: number) => log.storyOf(transfer(number).id)?.causes.map(({ what }) => what);
  return { log, files, journal, clock, failures, pend, refuse, drop, whats };
}

test('holds 20,000 stories; the one that nothing has happened to for longest goes, and the memory says so', async () => {
  const { log, clock, pend, drop, whats } = await open();
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

test('of a long story the beginning and the end are kept', async () => {
  const { log, pend, drop } = await open();
  pend(1);
  for (let i = 0; i < 100; i++) drop(1, `${i}`);
  const { causes, left } = log.storyOf(transfer(1).id)!;
  expect([causes.length, left, causes[0]!.what]).toEqual([32, 69, 'pending']);
  expect(causes.at(-1)).toMatchObject({ reason: { message: expect.stringContaining('(99)') } });
});

test('junk that peers send pushes out nothing but junk, and bytes that are false leave no trace', async () => {
  const { refuse, pend, whats } = await open();
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

test('the same step again is told once', async () => {
  const { refuse, whats } = await open();
  refuse(1, 'OVERSPEND');
  refuse(1, 'OVERSPEND');
  refuse(1, 'FEE_TOO_LOW');
  expect(whats(1)).toEqual(['refused', 'refused']);
});

test('what shares a cause is written once', async () => {
  const { log, files } = await open();
  const transactions = [transfer(1), transfer(2), transfer(3)];
  log.note({ type: 'pending', transactions, link: 7, way: 'new' });
  await log.save();
  const [entry, ...others] = await read(files);
  expect(others).toEqual([]);
  expect(entry).toMatchObject({
    transactions: transactions.map(({ key }) => key),
    cause: { what: 'pending' },
  });
  const { log: again } = await open(files);
  await again.load();
  for (const { id } of transactions) expect(again.storyOf(id)).toEqual(log.storyOf(id));
});

test('what is told of a thousand ids is written without waiting for a block, however few entries that makes', async () => {
  const { log, files } = await open();
  const tell = (first: number): void => {
    const transactions = Array.from({ length: 250 }, (_, i) => transfer(first + i));
    log.note({ type: 'pending', transactions, link: 7, way: 'new' });
  };
  for (const first of [0, 250, 500]) tell(first);
  expect(await read(files)).toEqual([]);
  tell(750);
  tell(1_000);
  expect(await read(files)).toHaveLength(4);
});

test('what was written is there after a restart, with when memory begins', async () => {
  const first = await open();
  first.pend(1, null);
  first.clock.now = 2_000;
  first.drop(1, 'it paid least');
  await first.log.save();
  const { log, clock, whats, pend } = await open(first.files);
  clock.now = 9_000;
  await log.load();
  expect(whats(1)).toEqual(['pending', 'dropped']);
  expect(log.storyOf(transfer(1).id)).toEqual(first.log.storyOf(transfer(1).id));
  expect(log.since).toBe(1_000);
  // And it goes on behind it.
  pend(1);
  await log.save();
  const third = await open(first.files);
  await third.log.load();
  expect(third.whats(1)).toEqual(['pending', 'dropped', 'pending']);
});

/** What a process that starts anew finds. */
const read = async (files: MemoryFiles): Promise<Entry[]> =>
  new CauseJournal(await openJournal(files)).read();
const entry = (number: number, bytes: number): Entry => ({
  transactions: [toHex(u32(number))],
  cause: { at: number, what: 'dropped', reason: { code: 'POOL_FULL', message: 'x'.repeat(bytes) }, by: null },
});

test('the journal keeps its newest 4 MiB, and never more than 4,096 parts', async () => {
  const files = new MemoryFiles();
  const journal = await openJournal(files);
  const causes = new CauseJournal(journal);
  for (let i = 0; i < 50; i++) await causes.write([entry(i, 200_000)]);
  expect(causes.wantedBytes).toBeLessThanOrEqual(4 * 1024 * 1024);
  expect(causes.wantedBytes).toBeGreaterThan(3 * 1024 * 1024);
  expect(files.find('journal')!.size).toBeLessThan(10 * 1024 * 1024);
  for (let i = 50; i < 5_000; i++) await causes.write([entry(i, 1)]);
  const kept: number[] = [];
  await journal.read(({ type, payload }) => {
    if (causes.isWanted(type, payload)) kept.push(payload[2]! * 256 + payload[3]!);
  });
  expect(kept).toEqual(Array.from({ length: 4_096 }, (_, i) => 904 + i));
});

test('damaged parts and gaps are passed over, and it goes on behind the last', async () => {
  const files = new MemoryFiles();
  const journal = await openJournal(files);
  const causes = new CauseJournal(journal);
  for (let i = 0; i < 5; i++) await causes.write([entry(i, 1)]);
  await journal.add([{ type: ENTRY.causes, parts: [u32(5), new TextEncoder().encode('[{')] }]);
  const places: number[] = [];
  await journal.read(({ end }) => places.push(end));
  files.find('journal')!.flip((places[1]! - 1) * 8);
  const again = new CauseJournal(await openJournal(files));
  expect(await again.read()).toEqual([0, 2, 3, 4].map((i) => entry(i, 1)));
  await again.write([entry(6, 1)]);
  expect(await read(files)).toEqual([0, 2, 3, 4, 6].map((i) => entry(i, 1)));
});

test('a journal that fails is told once, and nothing is thrown', async () => {
  const { log, files, pend, failures } = await open();
  files.full = true;
  pend(1);
  await log.save();
  expect(failures).toMatchObject([{ code: 'DISK_FULL' }]);
});

test('that a user brought something is for the write that acknowledges it, with all that was not written yet', async () => {
  const { log, files, journal, pend, drop, whats } = await open();
  pend(1);
  const entries = log.acknowledge([transfer(1), transfer(2)]);
  expect([whats(1), whats(2)]).toEqual([['pending'], ['pending']]);
  await log.save();
  expect(await read(files)).toEqual([]);
  await journal.add(entries);
  // The event that follows tells the log nothing new.
  pend(2, null);
  expect(log.acknowledge([transfer(2)])).toEqual([]);
  drop(2, 'it paid least');
  await log.save();
  const { log: again, whats: told } = await open(files);
  await again.load();
  expect([told(1), told(2)]).toEqual([['pending'], ['pending', 'dropped']]);
  expect(again.storyOf(transfer(2).id)!.causes[0]).toMatchObject({ from: { kind: 'user' } });
});
