import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Level } from 'level';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { CorruptStoreError } from '../../chain/errors.ts';
import { Slab } from '../../chain/format/slab.ts';
import { LevelStore, openLevelStore } from '../../node/level-store.ts';
import { moveStoreAside } from '../../node/store-aside.ts';
import { openValue, sealValue } from '../../node/store-value.ts';
import { describeStore } from '../chain/ledger/store-contract.ts';

const folders: string[] = [];
const makeFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'pier-store-'));
  folders.push(folder);
  return folder;
};
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describeStore('level store', async () => (await openLevelStore(makeFolder())).store);

const KEY = Uint8Array.of(1, 2, 3);
const VALUE = Uint8Array.from({ length: 100 }, (_, i) => i);

describe('a sealed value', () => {
  it('is refused after any one bit has flipped, cut short, or under another key', () => {
    const sealed = sealValue(KEY, VALUE, new Slab(64));
    expect(openValue(KEY, sealed)).toEqual(VALUE);
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const damaged = sealed.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => openValue(KEY, damaged)).toThrow(CorruptStoreError);
    }
    for (let length = 0; length < sealed.length; length++) {
      expect(() => openValue(KEY, sealed.subarray(0, length))).toThrow(CorruptStoreError);
    }
    expect(() => openValue(Uint8Array.of(1, 2, 4), sealed)).toThrow(CorruptStoreError);
  });
});

describe('a damaged database', () => {
  let folder: string;
  beforeEach(async () => {
    folder = makeFolder();
    const { store, lost } = await openLevelStore(folder);
    expect(lost).toBe(false);
    await store.write([[KEY, VALUE]], { sync: true });
    await store.close();
  });

  async function expectLost(): Promise<void> {
    const { store, lost } = await openLevelStore(folder);
    expect(lost).toBe(true);
    expect(await store.getMany([KEY])).toEqual([undefined]);
    await store.close();
    const again = await openLevelStore(folder);
    expect(again.lost).toBe(false);
    await again.store.close();
  }

  it('whose values lie says so, by key and by range', async () => {
    const raw = new Level<Uint8Array, Uint8Array>(join(folder, 'db'), {
      keyEncoding: 'view',
      valueEncoding: 'view',
    });
    const sealed = new Uint8Array(await raw.get(KEY).then((value) => value!));
    sealed[50]! ^= 4;
    await raw.put(KEY, sealed);
    await raw.put(Uint8Array.of(7), sealValue(KEY, VALUE, new Slab(64)));
    const store = new LevelStore(raw);
    await expect(store.getMany([KEY])).rejects.toThrow(CorruptStoreError);
    await expect(store.getMany([Uint8Array.of(7)])).rejects.toThrow(CorruptStoreError);
    await expect(store.iterate({ from: KEY, to: Uint8Array.of(9), limit: 1 })).rejects.toThrow(
      CorruptStoreError,
    );
    await store.close();
  });

  it('that is still there opens as it was', async () => {
    const { store, lost } = await openLevelStore(folder);
    expect(lost).toBe(false);
    expect(await store.getMany([KEY])).toEqual([VALUE]);
    await store.close();
  });

  it('that lost CURRENT is reported lost, and kept aside', async () => {
    rmSync(join(folder, 'db', 'CURRENT'));
    await expectLost();
    expect(readdirSync(join(folder, 'db.corrupt-1')).some((name) => name.startsWith('MANIFEST'))).toBe(true);
  });

  it('that was deleted as a whole is reported lost', async () => {
    rmSync(join(folder, 'db'), { recursive: true });
    await expectLost();
  });

  it('with an empty CURRENT is moved aside', async () => {
    writeFileSync(join(folder, 'db', 'CURRENT'), '');
    await expectLost();
    expect(readdirSync(folder)).toContain('db.corrupt-1');
  });

  it('with a folder in the place of a file, or a file in its own, is moved aside', async () => {
    for (const kind of [/^CURRENT$/, /^MANIFEST/, /^LOCK$/]) {
      const path = join(folder, 'db', readdirSync(join(folder, 'db')).find((name) => kind.test(name))!);
      rmSync(path);
      mkdirSync(path);
      await expectLost();
    }
    rmSync(join(folder, 'db'), { recursive: true });
    writeFileSync(join(folder, 'db'), 'a file');
    await expectLost();
  });

  it('without its MANIFEST is moved aside', async () => {
    for (const name of readdirSync(join(folder, 'db'))) {
      if (name.startsWith('MANIFEST')) rmSync(join(folder, 'db', name));
    }
    await expectLost();
  });

  it('with a flipped bit in its MANIFEST never opens with other content', async () => {
    const path = join(
      folder,
      'db',
      readdirSync(join(folder, 'db')).find((name) => name.startsWith('MANIFEST'))!,
    );
    const bytes = readFileSync(path);
    bytes[20]! ^= 1;
    writeFileSync(path, bytes);
    await expectLost();
  });

  it('is kept aside only so many times', async () => {
    for (let round = 0; round < 4; round++) {
      moveStoreAside(folder, 'asked');
      await (await openLevelStore(folder)).store.close();
    }
    expect(readdirSync(folder).filter((name) => name.startsWith('db.corrupt-'))).toEqual([
      // The first is what the loss is about.
      'db.corrupt-1',
      'db.corrupt-3',
      'db.corrupt-4',
    ]);
  });

  it('is left alone while another process has it', async () => {
    const { store } = await openLevelStore(folder);
    await expect(openLevelStore(folder)).rejects.toMatchObject({
      code: 'LOCKED',
      message: 'another node uses this folder',
    });
    expect(await store.getMany([KEY])).toEqual([VALUE]);
    await store.close();
  });

  it('without its sentinel is not taken for a new one', async () => {
    rmSync(join(folder, 'SENTINEL'));
    const { store, lost } = await openLevelStore(folder);
    expect(lost).toBe(false);
    expect(await store.getMany([KEY])).toEqual([VALUE]);
    await store.close();
    expect(statSync(join(folder, 'SENTINEL')).mode & 0o777).toBe(0o600);
  });
});
