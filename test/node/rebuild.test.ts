import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { getTotals } from '../../chain/ledger/queries.ts';
import { NodeFiles } from '../../node/disk/node-files.ts';
import { isLockFile } from '../../node/folder-lock.ts';
import { openLevelStore } from '../../node/level-store.ts';
import { lockNodeFolder } from '../../node/node-lock.ts';
import { rebuildStore } from '../../node/rebuild.ts';
import { transfer } from '../chain/actors.ts';
import { ChainBuilder } from '../chain/builder.ts';
import { feed, openLedger } from '../chain/ledger/life.ts';

const root = mkdtempSync(join(tmpdir(), 'pier-rebuild-'));
const chain = new ChainBuilder();
const NAMES = Array.from({ length: 30 }, (_, i) => `a${i + 1}`);
let copies = 0;
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function open(folder: string) {
  const { store, lost } = await openLevelStore(folder);
  const ledger = await openLedger(store, {
    files: new NodeFiles(join(folder, 'chain')),
    params: chain.params,
  });
  const close = async (): Promise<void> => {
    await ledger.close();
    await store.close();
  };
  return { ledger, store, lost, close };
}

beforeAll(async () => {
  for (const name of NAMES) chain.block(name, { transactions: [transfer('alice', 'bob', 1)] });
  const { ledger, close } = await open(join(root, 'whole'));
  await feed(ledger, chain, NAMES);
  await ledger.queue.keep([chain.sign(transfer('alice', 'bob', 1), 'a30')]);
  await close();
});

/** Names in a node's folder, without what its lock leaves. */
const filesIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => !isLockFile(name, 'node.lock'))
    .sort();

function copy(): string {
  const folder = join(root, `copy-${++copies}`);
  cpSync(join(root, 'whole'), folder, { recursive: true });
  return folder;
}

async function expectWhole(folder: string): Promise<void> {
  const { ledger, lost, close } = await open(folder);
  expect([chain.nameOf(ledger.tip.key), lost, ledger.rebuilding]).toEqual(['a30', false, null]);
  expect((await getTotals(ledger)).tip).toBe(ledger.tip);
  expect(ledger.queue.takeRestored()).toHaveLength(1);
  await close();
  expect(filesIn(folder)).toEqual(['SENTINEL', 'chain', 'db']);
}

test('makes the same database again, says how far it is, and keeps what was acknowledged', async () => {
  const folder = copy();
  const told: number[] = [];
  const rebuilt = await rebuildStore(folder, chain.params, (height) => told.push(height));
  expect(rebuilt).toEqual({ height: 30, stored: 30, damages: [] });
  expect([told[0], told.at(-1)]).toEqual([0, 30]);
  await expectWhole(folder);
});

test('goes on after it ended in the middle, and at whichever step the databases change places', async () => {
  const folder = copy();
  const ended = rebuildStore(folder, chain.params, () => {
    throw new Error('the process ended');
  });
  await expect(ended).rejects.toThrow('ended');
  expect(existsSync(join(folder, 'rebuild', 'db', 'CURRENT'))).toBe(true);
  await rebuildStore(folder, chain.params, () => {});
  await expectWhole(folder);
  // The old one is gone and the new one isn't in its place yet.
  cpSync(join(folder, 'db'), join(folder, 'db.new'), { recursive: true });
  rmSync(join(folder, 'db'), { recursive: true });
  await expectWhole(folder);
});

test('a scratch database that is damaged is begun again', async () => {
  const folder = copy();
  cpSync(join(folder, 'db'), join(folder, 'rebuild', 'db'), { recursive: true });
  writeFileSync(join(folder, 'rebuild', 'db', 'CURRENT'), '');
  await rebuildStore(folder, chain.params, () => {});
  await expectWhole(folder);
});

test('without the header file, and without the old database', async () => {
  const folder = copy();
  rmSync(join(folder, 'chain', 'headers'));
  await rebuildStore(folder, chain.params, () => {});
  await expectWhole(folder);
  rmSync(join(folder, 'db'), { recursive: true });
  expect((await rebuildStore(folder, chain.params, () => {})).height).toBe(30);
});

test('a folder without blocks is refused, and one of a node that runs', async () => {
  await expect(rebuildStore(join(root, 'nothing'), chain.params, () => {})).rejects.toMatchObject({
    hint: expect.stringContaining('--data'),
  });
  expect(existsSync(join(root, 'nothing'))).toBe(false);
  const folder = copy();
  const { close } = await open(folder);
  await expect(rebuildStore(folder, chain.params, () => {})).rejects.toMatchObject({ code: 'LOCKED' });
  await close();
  // Nor while a launcher or a node that opens no database yet has the folder.
  const lock = await lockNodeFolder(folder);
  await expect(rebuildStore(folder, chain.params, () => {})).rejects.toMatchObject({ code: 'LOCKED' });
  lock.release();
  expect((await rebuildStore(folder, chain.params, () => {})).height).toBe(30);
});
