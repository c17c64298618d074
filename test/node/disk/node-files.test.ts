import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, open as openHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { NodeFiles } from '../../../node/disk/node-files.ts';
import { describeFiles } from '../../chain/files/files-contract.ts';

const root = mkdtempSync(join(tmpdir(), 'pier-files-'));
let count = 0;
const makeRoot = (): string => join(root, `${++count}`);
afterAll(() => rmSync(root, { recursive: true, force: true }));

describeFiles('files of a folder', async () => {
  const folder = makeRoot();
  return {
    files: new NodeFiles(folder),
    makeFolder: (name) => {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'inside'), 'x');
    },
  };
});

it('only the owner may read files and folder', async () => {
  const folder = makeRoot();
  await (await new NodeFiles(folder).create('a')).close();
  const modes = [folder, join(folder, 'a')].map((path) => statSync(path).mode & 0o777);
  expect(modes).toEqual([0o700, 0o600]);
});

it('what a failed append left is cut before anything else is written or synced, also if it can not be cut at once', async () => {
  const folder = makeRoot();
  const file = await new NodeFiles(folder).create('a');
  await file.append(Uint8Array.of(1, 2));
  const path = join(folder, 'a');
  const handle = await openHandle(path);
  const all = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const { truncate } = all;
  const write = vi.spyOn(all, 'write').mockImplementationOnce(async () => {
    appendFileSync(path, Uint8Array.of(9, 9, 9, 9));
    throw new Error('a bad disk');
  });
  const cut = vi.spyOn(all, 'truncate').mockRejectedValue(new Error('a bad disk'));
  try {
    for (const act of [
      () => file.append(Uint8Array.of(3)),
      () => file.append(Uint8Array.of(3)),
      () => file.sync(),
    ])
      await expect(act()).rejects.toMatchObject({ code: 'IO' });
    expect(statSync(path).size).toBe(6);
    cut.mockImplementation(truncate);
    await file.append(Uint8Array.of(3));
    await file.sync();
  } finally {
    write.mockRestore();
    cut.mockRestore();
  }
  expect([...readFileSync(path)]).toEqual([1, 2, 3]);
  await file.close();
});

const OPEN = '/proc/self/fd';
it.runIf(existsSync(OPEN))(
  'an open file takes one descriptor, however often it is read, written and cut',
  async () => {
    const isOpen = (): number => readdirSync(OPEN).length;
    const before = isOpen();
    const file = await new NodeFiles(makeRoot()).create('a');
    const reads: Promise<unknown>[] = [];
    for (let i = 0; i < 50; i++) {
      await file.append(Uint8Array.of(i));
      reads.push(file.read(i, 1));
    }
    await Promise.all(reads);
    await file.truncate(3);
    expect(isOpen()).toBe(before + 1);
    await file.close();
    expect(isOpen()).toBe(before);
  },
);
