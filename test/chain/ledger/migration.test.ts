import { beforeAll, describe, expect, test } from 'vitest';
import { CorruptStoreError } from '../../../chain/errors.ts';
import { MemoryFiles } from '../../../chain/files/memory-files.ts';
import { encodeBody } from '../../../chain/format/block.ts';
import { compareBytes, fromHex, u32 } from '../../../chain/format/bytes.ts';
import { Ledger } from '../../../chain/ledger/ledger.ts';
import type { Progress } from '../../../chain/ledger/migration.ts';
import { META, oldBodyRow, oldHeaderRow } from '../../../chain/ledger/store-keys.ts';
import { draws } from '../../p2p/test-node.ts';
import { put, transfer } from '../actors.ts';
import { ChainBuilder } from '../builder.ts';
import { rememberingVerifier } from '../model/signatures.ts';
import { type Damage, FaultyStore } from './faulty-store.ts';
import { feed, filesOf, openLedger, reopen, rowsOf, settle } from './life.ts';
import { oldRows, oldStore } from './old-store.ts';

const chain = new ChainBuilder();
const MAIN = ['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7', 'a8'];
const SIDE = ['b3', 'b4'];
const ALL = [...MAIN, ...SIDE];
let lived: FaultyStore;
let wanted: Map<string, string>;

beforeAll(async () => {
  chain.block('a1', { transactions: [transfer('alice', 'dave', 5_000), put('bob', 'name')] });
  for (const name of MAIN.slice(1)) chain.block(name, { transactions: [transfer('bob', 'carol', 3)] });
  chain.block('b3', { on: 'a2', miner: 'erin' });
  chain.block('b4', { transactions: [transfer('carol', 'bob', 1)] });
  lived = new FaultyStore();
  const ledger = await openLedger(lived);
  for (const name of ALL) await feed(ledger, chain, [name]);
  expect(chain.nameOf(ledger.tip.key)).toBe('a8');
  wanted = await rowsOf(lived);
});

function open(store: FaultyStore, files: MemoryFiles, onMigration?: (progress: Progress) => void) {
  return Ledger.open({
    params: chain.params,
    store,
    files,
    verifier: rememberingVerifier,
    pause: () => Promise.resolve(),
    ...(onMigration && { onMigration }),
  });
}

/** From now on no iterator gets past a key; the row can still be read by its key if `isReadable`. */
function breakAt(store: FaultyStore, key: Uint8Array, isReadable: boolean): void {
  const { iterate, getMany } = store;
  const damage = () => new CorruptStoreError('a block of a table is damaged');
  store.iterate = async (options) => {
    const rows = await iterate.call(store, options);
    const isInside = compareBytes(options.from, key) <= 0 && compareBytes(key, options.to) < 0;
    const isReached = rows.length < options.limit || compareBytes(key, rows.at(-1)![0]) <= 0;
    if (isInside && isReached) throw damage();
    return rows;
  };
  store.getMany = async (keys) => {
    if (!isReadable && keys.some((each) => compareBytes(each, key) === 0)) throw damage();
    return getMany.call(store, keys);
  };
}

/** Every block can be read, and the store is as one that never was of an earlier version. */
async function expectWhole(ledger: Ledger, store: FaultyStore): Promise<void> {
  expect(chain.nameOf(ledger.tip.key)).toBe('a8');
  for (const name of ALL) {
    const { id, transactions } = chain.get(name);
    expect(await ledger.readBody(ledger.headers.get(id)!)).toEqual(encodeBody(transactions));
  }
  expect(await rowsOf(store)).toEqual(wanted);
}

describe('a store of version 4', () => {
  test('gives its blocks to files, says how far it is, and needs no rebuild', async () => {
    const store = await oldStore(lived.batches, chain, ALL);
    const files = new MemoryFiles();
    const steps: Progress[] = [];
    await expectWhole(await open(store, files, (progress) => steps.push(progress)), store);
    expect(steps.at(-1)).toEqual({ done: 3 * ALL.length, total: 3 * ALL.length });
    let again = 0;
    await expectWhole(await open(store, files, () => again++), store);
    expect(again).toBe(0);
  });

  test('that ends in the middle goes on at the next start, wherever that is, and whatever a power cut takes', async () => {
    const random = draws(5);
    let ended = 0;
    for (let at = 0; ; at++) {
      const store = await oldStore(lived.batches, chain, ALL);
      const files = new MemoryFiles();
      let left = at;
      const crash = (): void => {
        if (left-- === 0) throw new Error('the process ended');
      };
      const write = store.write.bind(store);
      store.write = async (batch, options) => {
        crash();
        return write(batch, options);
      };
      const whole = await open(store, files, crash).catch(() => null);
      store.write = write;
      if (whole !== null) break;
      ended++;
      files.cutPower((bound) => random() % bound);
      await expectWhole(await open(store, files), store);
    }
    expect(ended).toBeGreaterThan(5);
  });

  test('that is damaged gives what verifies; the rest is asked of peers', async () => {
    const ways = ['lost', 'unreadable', 'false'] as const;
    for (const row of [oldHeaderRow, oldBodyRow])
      for (const name of ['a2', 'a8', 'b3'])
        for (const how of ways) {
          const store = await oldStore(lived.batches, chain, ALL);
          filesOf(store, new MemoryFiles());
          const key = row(fromHex(chain.get(name).id));
          if (how === 'false')
            await store.write([[key, encodeBody(chain.get('a1').transactions)]], { sync: true });
          else await store.damage(key, how as Damage);
          const opened = await reopen(store);
          await settle(opened.ledger);
          await feed(opened.ledger, chain, ALL);
          await expectWhole(opened.ledger, opened.store as FaultyStore);
        }
  });

  test('whose iterator fails somewhere still gives every block that can be read', async () => {
    for (const row of [oldHeaderRow, oldBodyRow])
      for (const name of ['a1', 'a5', 'a8', 'b4'])
        for (const isReadable of [true, false]) {
          const store = await oldStore(lived.batches, chain, ALL);
          filesOf(store, new MemoryFiles());
          breakAt(store, row(fromHex(chain.get(name).id)), isReadable);
          const opened = await reopen(store);
          await settle(opened.ledger);
          const isStored = async (block: string): Promise<boolean> => {
            const node = opened.ledger.headers.get(chain.get(block).id);
            return node !== undefined && (await opened.ledger.readBody(node)) !== null;
          };
          const stored: string[] = [];
          for (const block of ALL) if (await isStored(block)) stored.push(block);
          // Without its header nothing above a block can be placed.
          const above = name === 'a1' ? ALL : ['a6', 'a7', 'a8'].filter(() => name === 'a5');
          const isNamed = name !== 'b4' || row === oldBodyRow;
          // No child and no tip names the last header of a side branch.
          const missing = isReadable && isNamed ? [] : [name, ...(row === oldHeaderRow ? above : [])];
          expect(stored, `${name} ${isReadable}`).toEqual(ALL.filter((block) => !missing.includes(block)));
          await feed(opened.ledger, chain, ALL);
          await expectWhole(opened.ledger, opened.store as FaultyStore);
        }
  });

  test('is left as it was where its blocks do not fit, and goes on once they do', async () => {
    const store = await oldStore(lived.batches, chain, ALL);
    const before = await rowsOf(store);
    const files = new MemoryFiles();
    files.free = async () => 1_000_000;
    await expect(open(store, files)).rejects.toMatchObject({
      code: 'DISK_FULL',
      message: expect.stringContaining('MB'),
    });
    expect(await rowsOf(store)).toEqual(before);
    files.free = async () => null;
    await expectWhole(await open(store, files), store);
  });

  test('whose file was damaged since it was moved there has the block moved again', async () => {
    const store = await oldStore(lived.batches, chain, ALL);
    const files = new MemoryFiles();
    await open(store, files);
    const file = files.find('blocks-000000')!;
    await store.write(oldRows(chain, ALL), { sync: true });
    file.flip(5_000 * 8);
    await expectWhole(await open(store, files), store);
  });
});

test('a store of versions 1 to 3 gives its blocks to files, and is made again from them', async () => {
  for (const version of [1, 2, 3]) {
    const store = await FaultyStore.after([...lived.batches, oldRows(chain, ALL, version)]);
    filesOf(store, new MemoryFiles());
    const reasons: string[] = [];
    const opened = await reopen(store, (reason) => reasons.push(reason));
    await settle(opened.ledger);
    expect(reasons).toEqual(['an earlier version made it']);
    await expectWhole(opened.ledger, opened.store as FaultyStore);
  }
});

test('a store whose version is lost still gives its blocks', async () => {
  const store = await oldStore(lived.batches, chain, ALL);
  filesOf(store, new MemoryFiles());
  await store.write([[META.format, null]], { sync: true });
  const opened = await reopen(store);
  await settle(opened.ledger);
  await expectWhole(opened.ledger, opened.store as FaultyStore);
  expect(await opened.store.getMany([META.format])).toEqual([u32(5)]);
});
