import { expect, test } from 'vitest';
import { FRAMES_AT } from '../../../chain/files/frame.ts';
import { MemoryFiles } from '../../../chain/files/memory-files.ts';
import { concat, toHex, u32 } from '../../../chain/format/bytes.ts';
import { ENTRY } from '../../../chain/ledger/journal-entries.ts';
import { JOURNAL_NAME, openJournal } from '../../../chain/ledger/old-entries.ts';
import type { StoreWrite } from '../../../chain/ledger/ports.ts';
import { OLD_CAUSES_ROWS, OLD_QUEUED_ROWS } from '../../../chain/ledger/store-keys.ts';
import { FaultyStore } from './faulty-store.ts';
import { rowsOf } from './life.ts';

const OWNER = new Uint8Array(32).fill(1);
const KEPT = [Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5)];
const PARTS = ['[]', '[{}]'].map((json) => new TextEncoder().encode(json));

/** A store as format 3 left it. */
async function oldStore(): Promise<FaultyStore> {
  const store = new FaultyStore();
  const rows: StoreWrite[] = [
    ...KEPT.map((bytes, i): StoreWrite => [concat(OLD_QUEUED_ROWS, new Uint8Array(32).fill(i)), bytes]),
    ...PARTS.map((json, i): StoreWrite => [concat(OLD_CAUSES_ROWS, u32(7 + i)), json]),
  ];
  await store.write(rows, { sync: true });
  return store;
}

const SOUND = { hasBlocks: false, synced: 0, onLoss: () => true };

async function entriesOf(files: MemoryFiles, store: FaultyStore): Promise<[type: number, payload: string][]> {
  const journal = await openJournal(files, OWNER, store, SOUND);
  const found: [number, string][] = [];
  await journal.read(({ type, payload }) => found.push([type, toHex(payload)]));
  return found;
}

const MOVED = [
  ...KEPT.map((bytes) => [ENTRY.kept, toHex(bytes)]),
  ...PARTS.map((json, i) => [ENTRY.causes, toHex(concat(u32(7 + i), json))]),
];

test('what an earlier version kept in rows moves to the journal, and the rows go', async () => {
  const [files, store] = [new MemoryFiles(), await oldStore()];
  expect(await entriesOf(files, store)).toEqual(MOVED);
  expect((await rowsOf(store)).size).toBe(0);
  expect(await entriesOf(files, store)).toEqual(MOVED);
});

test('a start that ends before the rows are gone loses nothing', async () => {
  const [files, store] = [new MemoryFiles(), await oldStore()];
  const write = store.write.bind(store);
  store.write = () => Promise.reject(new Error('killed'));
  await expect(openJournal(files, OWNER, store, SOUND)).rejects.toThrow('killed');
  store.write = write;
  expect(await entriesOf(files, store)).toEqual([...MOVED, ...MOVED]);
});

test('no row goes before the journal is synced', async () => {
  const [files, store] = [new MemoryFiles(), await oldStore()];
  files.full = true;
  await expect(openJournal(files, OWNER, store, SOUND)).rejects.toMatchObject({
    code: 'DISK_FULL',
  });
  expect((await rowsOf(store)).size).toBe(4);
});

test('a damaged row is passed over', async () => {
  const store = await oldStore();
  await store.damage(concat(OLD_QUEUED_ROWS, new Uint8Array(32)), 'unreadable');
  expect(await entriesOf(new MemoryFiles(), store)).toEqual(MOVED.slice(1));
});

test('a journal that is gone is told where there are blocks, and only once', async () => {
  for (const hasBlocks of [true, false]) {
    const [files, store] = [new MemoryFiles(), new FaultyStore()];
    const told: string[] = [];
    const watch = { hasBlocks, synced: 0, onLoss: (loss: string) => told.push(loss) > 0 };
    await openJournal(files, OWNER, store, watch);
    await openJournal(files, OWNER, store, watch);
    expect(told).toEqual(hasBlocks ? [expect.stringContaining('journal is gone')] : []);
  }
});

test('a journal that is cut anywhere, or put back from an older copy, is told once', async () => {
  const files = new MemoryFiles();
  const store = new FaultyStore();
  const journal = await openJournal(files, OWNER, store, SOUND);
  const older = files.find(JOURNAL_NAME)!.get(0, 1e6);
  await journal.add([{ type: ENTRY.kept, parts: [KEPT[0]!] }]);
  const between = files.find(JOURNAL_NAME)!.size;
  await journal.add([{ type: ENTRY.kept, parts: [KEPT[1]!] }]);
  const { synced } = journal;
  for (const size of [
    0,
    1,
    FRAMES_AT - 1,
    FRAMES_AT,
    FRAMES_AT + 5,
    between - 1,
    between,
    between + 9,
    'older',
  ] as const) {
    const cut = files.copy();
    const file = cut.find(JOURNAL_NAME)!;
    if (size === 'older') file.replace(older);
    else file.cut(size);
    const told: string[] = [];
    const watch = { hasBlocks: true, synced, onLoss: (loss: string) => told.push(loss) > 0 };
    const again = await openJournal(cut, OWNER, store, watch);
    expect(told, `${size}`).toEqual([expect.stringContaining('journal')]);
    await again.add([{ type: ENTRY.kept, parts: [KEPT[0]!] }]);
    expect(again.synced).toBeGreaterThan(synced);
    await openJournal(cut, OWNER, store, { ...watch, synced: again.synced });
    expect(told, `${size}, again`).toHaveLength(1);
  }
});

test('a cut journal is told again until its loss is noted', async () => {
  const [files, store] = [new MemoryFiles(), new FaultyStore()];
  const { synced } = await openJournal(files, OWNER, store, SOUND);
  files.find(JOURNAL_NAME)!.cut(FRAMES_AT - 1);
  let told = 0;
  // The process ends while it tells, the disk is full, then it is noted.
  for (const answer of ['killed', false, true, true] as const) {
    const onLoss = (): boolean => {
      told++;
      if (answer === 'killed') throw new Error(answer);
      return answer;
    };
    const opening = openJournal(files, OWNER, store, { hasBlocks: false, synced: synced + 50, onLoss });
    if (answer === 'killed') await expect(opening).rejects.toThrow(answer);
    else expect((await opening).synced).toBeGreaterThanOrEqual(synced + 50);
  }
  expect(told).toBe(3);
});

test('the count begins with all that the file has, also for a store that has none', async () => {
  const [files, store] = [new MemoryFiles(), new FaultyStore()];
  const journal = await openJournal(files, OWNER, store, SOUND);
  await journal.add([{ type: ENTRY.kept, parts: [KEPT[0]!] }]);
  expect((await openJournal(files, OWNER, store, SOUND)).synced).toBe(journal.synced);
});
