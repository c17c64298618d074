/** Databases of an earlier version, which alone have the blocks, that LevelDB can't open any more. */
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { CorruptStoreError } from '../../chain/errors.ts';
import type { Ledger } from '../../chain/ledger/ledger.ts';
import { LevelStore, openLevelStore } from '../../node/level-store.ts';
import { type Folder, openLedger } from '../../node/open-ledger.ts';
import { rebuildStore } from '../../node/rebuild.ts';
import { salvage } from '../../node/salvage.ts';
import { transfer } from '../chain/actors.ts';
import { ChainBuilder } from '../chain/builder.ts';
import { feed, openLedger as openPlain } from '../chain/ledger/life.ts';
import { oldRows } from '../chain/ledger/old-store.ts';

const root = mkdtempSync(join(tmpdir(), 'pier-salvage-'));
const chain = new ChainBuilder();
const NAMES = Array.from({ length: 30 }, (_, i) => `a${i + 1}`);
let copies = 0;
afterAll(() => rmSync(root, { recursive: true, force: true }));

beforeAll(async () => {
  for (const name of NAMES) chain.block(name, { transactions: [transfer('alice', 'bob', 1)] });
  const folder = join(root, 'whole');
  const { store } = await openLevelStore(folder);
  const ledger = await openPlain(store, { params: chain.params });
  await feed(ledger, chain, NAMES);
  await store.write(oldRows(chain, NAMES), { sync: true });
  await ledger.close();
  await store.close();
  // As after a restart: rows are in tables, and what came last is in a log.
  const again = await openLevelStore(folder);
  await again.store.write([[Uint8Array.of(0xff), Uint8Array.of(1)]], { sync: true });
  await again.store.close();
});

function copy(): string {
  const folder = join(root, `copy-${++copies}`);
  cpSync(join(root, 'whole'), folder, { recursive: true });
  return folder;
}

const fileOf = (folder: string, pattern: RegExp): string =>
  join(folder, 'db', readdirSync(join(folder, 'db')).find((name) => pattern.test(name))!);

/** Starts the storage of a node, as far as it gets by itself. Returns the warnings that it logged. */
async function start(folder: string, look: (ledger: Ledger) => void): Promise<string[]> {
  const logged: string[] = [];
  const log = {
    info: () => {},
    warn: (event: string) => logged.push(event),
    error: (event: string) => logged.push(event),
  };
  const opened = { store: (await openLevelStore(folder)).store, log } as unknown as Folder;
  const ledger = await openLedger(folder, chain.params, opened);
  while ((await ledger.advance()) !== null);
  look(ledger);
  await ledger.close();
  await opened.store.close();
  return logged;
}

const DAMAGES: Record<string, (folder: string) => void> = {
  'CURRENT is gone': (folder) => rmSync(join(folder, 'db', 'CURRENT')),
  'CURRENT is zeros': (folder) => writeFileSync(join(folder, 'db', 'CURRENT'), Buffer.alloc(16)),
  'the manifest is gone': (folder) => rmSync(fileOf(folder, /^MANIFEST/)),
  'the manifest is cut': (folder) => truncateSync(fileOf(folder, /^MANIFEST/), 20),
  'the manifest is zeros': (folder) => {
    const manifest = fileOf(folder, /^MANIFEST/);
    writeFileSync(manifest, Buffer.alloc(readFileSync(manifest).length));
  },
};

test.each(Object.entries(DAMAGES))('%s: the blocks are saved, without a peer', async (_, damage) => {
  const folder = copy();
  damage(folder);
  const logged = await start(folder, (ledger) => {
    expect([chain.nameOf(ledger.tip.key), ledger.lost.size]).toEqual(['a30', 0]);
  });
  expect(logged).toContain('salvaging');
  expect(readFileSync(join(folder, 'db.corrupt-1', 'SALVAGE'), 'utf8')).toBe('done');
  expect(existsSync(join(folder, 'salvage'))).toBe(false);
  expect(await start(folder, (ledger) => expect(ledger.tip.height).toBe(30))).toEqual([]);
});

test('a rebuild saves them as well', async () => {
  const folder = copy();
  rmSync(fileOf(folder, /^MANIFEST/));
  expect(await rebuildStore(folder, chain.params, () => {})).toMatchObject({ height: 30, stored: 30 });
});

test('it goes on after it ended in the middle, but not for ever', async () => {
  const folder = copy();
  rmSync(fileOf(folder, /^MANIFEST/));
  const note = join(folder, 'db.corrupt-1', 'SALVAGE');
  await (await openLevelStore(folder)).store.close();
  writeFileSync(note, '3');
  cpSync(join(folder, 'db.corrupt-1'), join(folder, 'salvage'), { recursive: true });
  const logged = await start(folder, (ledger) => expect(ledger.tip.height).toBe(0));
  expect(logged).toEqual(['notSalvaged']);
  expect(existsSync(join(folder, 'salvage'))).toBe(false);
  writeFileSync(note, '1');
  cpSync(join(folder, 'db.corrupt-1'), join(folder, 'salvage'), { recursive: true });
  await start(folder, (ledger) => expect(chain.nameOf(ledger.tip.key)).toBe('a30'));
  expect(readFileSync(note, 'utf8')).toBe('done');
});

test('an error keeps no node from starting, and takes no try', async () => {
  const folder = copy();
  rmSync(fileOf(folder, /^MANIFEST/));
  await (await openLevelStore(folder)).store.close();
  const told: unknown[] = [];
  const fail = () => Promise.reject(new Error('the disk is full'));
  for (let i = 0; i < 5; i++) await salvage(folder, fail, (...what) => told.push(what));
  const [from, reason] = ['db.corrupt-1', 'Error: the disk is full'];
  expect(told.slice(0, 2)).toEqual([
    ['salvaging', from],
    ['notSalvaged', from, reason],
  ]);
  expect([told.length, existsSync(join(folder, 'salvage'))]).toEqual([10, false]);
  await start(folder, (ledger) => expect(chain.nameOf(ledger.tip.key)).toBe('a30'));
});

test('a rebuild says what it could not save', async () => {
  const folder = copy();
  rmSync(fileOf(folder, /^MANIFEST/));
  await (await openLevelStore(folder)).store.close();
  writeFileSync(join(folder, 'db.corrupt-1', 'SALVAGE'), '3');
  const { height, damages } = await rebuildStore(folder, chain.params, () => {});
  expect([height, damages[0]]).toEqual([
    0,
    'blocks that db.corrupt-1 may have are not saved: the process ended 3 times over it',
  ]);
});

test('a database whose first rows are damaged is read around the damage', async () => {
  const folder = copy();
  rmSync(fileOf(folder, /^MANIFEST/));
  const { store } = await openLevelStore(folder);
  await store.close();
  vi.spyOn(LevelStore.prototype, 'iterate').mockRejectedValueOnce(new CorruptStoreError('a bad block'));
  const logged = await start(folder, (ledger) => expect(chain.nameOf(ledger.tip.key)).toBe('a30'));
  expect(logged).toContain('salvaging');
  expect(readdirSync(folder)).not.toContain('db.corrupt-2');
});

test('a file in the place of the database keeps no node from starting', async () => {
  const folder = copy();
  rmSync(join(folder, 'db'), { recursive: true });
  writeFileSync(join(folder, 'db'), '');
  await start(folder, (ledger) => expect(ledger.tip.height).toBe(0));
  expect(readFileSync(join(folder, 'db.corrupt-1'), 'utf8')).toBe('');
});

test('a database that has no blocks is looked at once', async () => {
  const folder = copy();
  await start(folder, () => {});
  const manifest = fileOf(folder, /^MANIFEST/);
  rmSync(manifest);
  const logged = await start(folder, (ledger) => expect(chain.nameOf(ledger.tip.key)).toBe('a30'));
  expect(logged).toEqual([]);
  expect(readFileSync(join(folder, 'db.corrupt-1', 'SALVAGE'), 'utf8')).toBe('done');
  expect(existsSync(join(folder, 'salvage'))).toBe(false);
});
