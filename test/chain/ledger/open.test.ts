import { beforeAll, describe, expect, test } from 'vitest';
import { CorruptStoreError } from '../../../chain/errors.ts';
import { fromHex, toHex, u32 } from '../../../chain/format/bytes.ts';
import type { Ledger } from '../../../chain/ledger/ledger.ts';
import { MemoryStore } from '../../../chain/ledger/memory-store.ts';
import { bodyRow, headerRow, META, queuedRow, undoRow } from '../../../chain/ledger/store-keys.ts';
import {
  addressFor,
  drop,
  give,
  put,
  recordFor,
  rotate,
  setRecovery,
  transfer,
  transferMany,
} from '../actors.ts';
import { ChainBuilder, TEST_PARAMS } from '../builder.ts';
import { type Damage, FaultyStore } from './faulty-store.ts';
import { feed, openLedger, rowsOf, settle, whileDamaged } from './life.ts';

/** Two branches from `a2`: b ends above a. Then c, above both, from genesis. */
const MAIN = ['a1', 'a2', 'a3', 'a4', 'a5'];
const RIVAL = ['b3', 'b4', 'b5', 'b6', 'b7', 'b8'];
const OTHER = ['c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8', 'c9', 'c10'];

function draw(): ChainBuilder {
  const chain = new ChainBuilder();
  const id = recordFor('alice', 'name');
  chain.block('a1', {
    transactions: [transfer('alice', 'dave', 5_000), put('alice', 'name'), put('bob', 'x')],
  });
  chain.block('a2', { transactions: [rotate('alice', 'alice 2'), give('alice', id, 'bob')] });
  chain.block('a3', { transactions: [transfer('dave', 'erin', 7), setRecovery('bob', 'alice', 3)] });
  chain.block('a4', { transactions: [drop('bob', id)], miner: 'bob' });
  chain.block('a5');
  chain.block('b3', { on: 'a2', transactions: [transfer('dave', 'frank', 9)], miner: 'erin' });
  chain.block('b4', { transactions: [put('bob', 'name', 'again', { creator: 'alice' })] });
  for (const name of ['b5', 'b6', 'b7', 'b8'])
    chain.block(name, { transactions: [transfer('alice', 'bob', 1)] });
  for (const name of OTHER) {
    const on = name === 'c1' ? { on: 'genesis' } : {};
    chain.block(name, {
      ...on,
      miner: 'carol',
      transactions: [
        transferMany('carol', [
          [name, 1],
          ['dave', 2],
        ]),
      ],
    });
  }
  return chain;
}

/** What the tip of a whole, undamaged ledger leaves in the store, whichever way it got there. */
async function rowsAt(chain: ChainBuilder, names: readonly string[]): Promise<Map<string, string>> {
  const store = new MemoryStore();
  await feed(await openLedger(store), chain, names);
  return rowsOf(store, 'hbq');
}

let chain: ChainBuilder;
let atRival: Map<string, string>;
let atOther: Map<string, string>;
/** A store that has seen the main branch and then its rival. */
let lived: FaultyStore;

beforeAll(async () => {
  chain = draw();
  atRival = await rowsAt(chain, [...MAIN.slice(0, 2), ...RIVAL]);
  atOther = await rowsAt(chain, OTHER);
  lived = new FaultyStore();
  const ledger = await openLedger(lived);
  for (const name of [...MAIN, ...RIVAL]) await feed(ledger, chain, [name]);
  expect(chain.nameOf(ledger.tip.key)).toBe('b8');
});

describe('a new store', () => {
  test('begins at genesis, and isn’t said to be rebuilt', async () => {
    const reasons: string[] = [];
    const ledger = await openLedger(new MemoryStore(), { onRebuild: (reason) => reasons.push(reason) });
    expect([ledger.tip, ledger.hasBetter, reasons]).toEqual([ledger.headers.genesis, false, []]);
  });

  test('of another ledger, or another version, is refused and left as it is', async () => {
    const store = await FaultyStore.after(lived.batches);
    const before = await rowsOf(store);
    const params = { ...TEST_PARAMS, salt: new Uint8Array(32).fill(8) };
    await expect(openLedger(store, { params })).rejects.toThrow(toHex(chain.chainId));
    expect(await rowsOf(store)).toEqual(before);
    // Nor is it taken for a new one if its version can't be read.
    await store.damage(META.format, 'unreadable');
    await expect(openLedger(store, { params })).rejects.toThrow(toHex(chain.chainId));
    await store.write([[META.format, u32(99)]], { sync: true });
    await expect(openLedger(store)).rejects.toThrow('format');
  });
});

describe('a restart', () => {
  test('at any batch: the tip of then, and the same way on', async () => {
    const tips = new Set<string>();
    for (let count = 0; count <= lived.batches.length; count++) {
      const store = await FaultyStore.after(lived.batches.slice(0, count));
      const reasons: string[] = [];
      const ledger = await openLedger(store, { onRebuild: (reason) => reasons.push(reason) });
      tips.add(chain.nameOf(ledger.tip.key));
      expect(reasons).toEqual([]);
      expect(ledger.tip.key).toBe(await storedTip(store));
      await feed(ledger, chain, [...MAIN, ...RIVAL]);
      expect(await rowsOf(store, 'hbq')).toEqual(atRival);
    }
    // Each tip there was, and none other.
    expect([...tips].sort()).toEqual(['a1', 'a2', 'a3', 'a4', 'a5', 'b6', 'b7', 'b8', 'genesis']);
  });

  test('in the middle of a rebuild begins it again', async () => {
    const start = await FaultyStore.after(lived.batches);
    await start.write([[META.rebuild, Uint8Array.of(1)]], { sync: true });
    const whole = start.batches.length;
    await settle(await openLedger(start));
    expect(await rowsOf(start, 'hbq')).toEqual(atRival);
    for (let count = whole; count <= start.batches.length; count++) {
      const store = await FaultyStore.after(start.batches.slice(0, count));
      await settle(await openLedger(store));
      expect(await rowsOf(store, 'hbq')).toEqual(atRival);
    }
  });

  test('keeps side branches, and goes back to them without asking anyone', async () => {
    const store = await FaultyStore.after(lived.batches);
    const ledger = await openLedger(store);
    const old = ledger.headers.get(chain.get('a5').id)!;
    expect(old).toMatchObject({ hasBody: true, invalid: false });
    chain.block('d6', { on: 'a5' });
    chain.blocks('e', 3, { on: 'd6' });
    await feed(ledger, chain, ['d6', 'e1', 'e2', 'e3']);
    expect(chain.nameOf(ledger.tip.key)).toBe('e3');
  });
});

/** Hex keys of all rows whose letter is one of these. */
async function keysOf(letters: string): Promise<Uint8Array[]> {
  const keys = [...(await rowsOf(lived)).keys()].map((key) => fromHex(key));
  return keys.filter((key) => letters.includes(String.fromCharCode(key[0]!)));
}

async function storedTip(store: MemoryStore): Promise<string> {
  const [tip] = await store.getMany([META.tip]);
  return toHex(tip!);
}

describe('one damaged row, whichever it is', () => {
  const damages: Damage[] = ['unreadable', 'lost', 'stale'];
  test.each(damages)('%s: peers bring the ledger to the same state', async (how) => {
    let damaged = 0;
    for (const key of await keysOf('mhbuspqtaro')) {
      const store = await FaultyStore.after(lived.batches);
      if (!(await store.damage(key, how))) continue;
      damaged++;
      await whileDamaged(store, async (ledger) => {
        await feed(ledger, chain, [...MAIN, ...RIVAL]);
        await feed(ledger, chain, OTHER);
        expect(chain.nameOf(ledger.tip.key)).toBe('c10');
      });
      // Nothing of the old branches is left, damaged or not, but their bodies, which nobody had to read.
      expect([toHex(key), await rowsOf(store, 'hbq')]).toEqual([toHex(key), atOther]);
      expect(store.unreadable.filter((name) => !name.startsWith('62'))).toEqual([]);
    }
    expect(damaged).toBeGreaterThan(how === 'stale' ? 10 : 80);
  });

  test('of those a start looks at: told, and rebuilt from the blocks that are here', async () => {
    const { id } = chain.get('b8');
    const rows: [row: Uint8Array, tip: string][] = [
      [META.tip, 'b8'],
      [META.format, 'b8'],
      [META.chain, 'b8'],
      [undoRow(fromHex(id)), 'b8'],
      // What is lost is waited for.
      [headerRow(fromHex(id)), 'b7'],
      [bodyRow(fromHex(id)), 'b7'],
      [headerRow(fromHex(chain.get('b4').id)), 'a5'],
    ];
    for (const [row, tip] of rows) {
      for (const how of ['unreadable', 'lost'] as const) {
        const store = await FaultyStore.after(lived.batches);
        await store.damage(row, how);
        const reasons: string[] = [];
        const ledger = await openLedger(store, { onRebuild: (reason) => reasons.push(reason) });
        expect([reasons.length, ledger.tip]).toEqual([1, ledger.headers.genesis]);
        await settle(ledger);
        expect(chain.nameOf(ledger.tip.key)).toBe(tip);
      }
    }
  });
});

describe('a lost body', () => {
  const lose = async (name: string): Promise<FaultyStore> => {
    const store = await FaultyStore.after(lived.batches);
    await store.damage(bodyRow(fromHex(chain.get(name).id)), 'lost');
    return store;
  };
  const nodeOf = (ledger: Ledger, name: string) => ledger.headers.get(chain.get(name).id)!;

  test('of the own chain is damage once the way leads back through it; then it is asked for, and all goes on', async () => {
    // Below the blocks that a start looks at.
    const store = await lose('a1');
    const ledger = await openLedger(store);
    expect(chain.nameOf(ledger.tip.key)).toBe('b8');
    await expect(feed(ledger, chain, OTHER.slice(0, 9))).rejects.toThrow(CorruptStoreError);
    expect([chain.nameOf(ledger.tip.key), await rowsOf(store, 'hbq')]).toEqual(['b8', atRival]);

    await ledger.requestRebuild();
    const again = await openLedger(store);
    expect(again.hasBetter).toBe(true);
    await settle(again);
    expect([again.tip, nodeOf(again, 'a1').hasBody]).toEqual([again.headers.genesis, false]);
    await feed(again, chain, ['a1']);
    expect(await rowsOf(store, 'hbq')).toEqual(atRival);
    await feed(again, chain, OTHER);
    expect(await rowsOf(store, 'hbq')).toEqual(atOther);
  });

  test('of a branch that became better is asked for; until then the tip stays', async () => {
    const store = await lose('a4');
    const ledger = await openLedger(store);
    const longer = draw();
    longer.blocks('f', 4, { on: 'a5' });
    expect(await feed(ledger, longer, ['f1', 'f2', 'f3', 'f4'])).toEqual([]);
    expect([nodeOf(ledger, 'a4').hasBody, nodeOf(ledger, 'a5').hasBody, ledger.hasBetter]).toEqual([
      false,
      true,
      false,
    ]);
    await feed(ledger, longer, ['a4']);
    expect(longer.nameOf(ledger.tip.key)).toBe('f4');
  });
});

describe('what a user was told is accepted', () => {
  test('comes back after a restart, once; a damaged one is left out', async () => {
    const store = new FaultyStore();
    const ledger = await openLedger(store);
    const kept = [transfer('alice', 'bob', 1), transfer('bob', 'alice', 1)].map((d) =>
      chain.sign(d, 'genesis'),
    );
    await ledger.queue.keep(kept);
    const again = await openLedger(store);
    expect(new Set(again.queue.takeRestored().map(toHex))).toEqual(
      new Set(kept.map(({ bytes }) => toHex(bytes))),
    );
    expect([again.queue.takeRestored(), kept.every(({ key }) => again.queue.has(key))]).toEqual([[], true]);

    await store.damage(queuedRow(kept[0]!.id), 'unreadable');
    const third = await openLedger(store);
    expect(third.queue.takeRestored().map(toHex)).toEqual([toHex(kept[1]!.bytes)]);
  });

  test('survives a rebuild', async () => {
    const store = await FaultyStore.after(lived.batches);
    const tx = chain.sign(transfer('carol', 'bob', 1), 'b8');
    await (await openLedger(store)).queue.keep([tx]);
    await store.damage(META.tip, 'lost');
    const ledger = await openLedger(store);
    expect(ledger.queue.takeRestored().map(toHex)).toContain(toHex(tx.bytes));
    expect(addressFor('carol')).toEqual(tx.sender);
  });
});
