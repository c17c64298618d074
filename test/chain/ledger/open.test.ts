import { beforeAll, describe, expect, test } from 'vitest';
import { CorruptStoreError } from '../../../chain/errors.ts';
import { FRAME_HEAD_BYTES, FRAMES_AT } from '../../../chain/files/frame.ts';
import { encodeBody } from '../../../chain/format/block.ts';
import { fromHex, toHex, u32 } from '../../../chain/format/bytes.ts';
import type { Ledger } from '../../../chain/ledger/ledger.ts';
import { MemoryStore } from '../../../chain/ledger/memory-store.ts';
import { JOURNAL_NAME } from '../../../chain/ledger/old-entries.ts';
import { Scrub } from '../../../chain/ledger/scrub.ts';
import { META, undoRow } from '../../../chain/ledger/store-keys.ts';
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
import {
  emptied,
  feed,
  filesOf,
  hurtBlock,
  openLedger,
  reopen,
  rowsOf,
  settle,
  whileDamaged,
} from './life.ts';

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
  return rowsOf(store, 'q');
}

/** The store and files of `lived` after so many batches; the files have all blocks. */
async function livedUntil(count = lived.batches.length): Promise<FaultyStore> {
  const store = await FaultyStore.after(lived.batches.slice(0, count));
  filesOf(store, filesOf(lived));
  return store;
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
    const damages: string[] = [];
    const ledger = await openLedger(new MemoryStore(), { onDamage: (damage) => damages.push(damage) });
    expect([ledger.tip, ledger.hasBetter, ledger.rebuilding, damages]).toEqual([
      ledger.headers.genesis,
      false,
      null,
      [],
    ]);
  });

  test('of another ledger, or another version, is refused and left as it is', async () => {
    const store = await livedUntil();
    const before = await rowsOf(store);
    const params = { ...TEST_PARAMS, salt: new Uint8Array(32).fill(8) };
    await expect(openLedger(store, { params })).rejects.toThrow(toHex(chain.chainId));
    expect(await rowsOf(store)).toEqual(before);
    // Nor is it taken for a new one if its version can't be read.
    await store.damage(META.format, 'unreadable');
    await expect(openLedger(store, { params })).rejects.toThrow(toHex(chain.chainId));
    await store.write([[META.format, u32(99)]], { sync: true });
    await expect(openLedger(store)).rejects.toThrow('format');
    // So are files of another ledger with a new store.
    const files = filesOf(lived).copy();
    await expect(openLedger(new MemoryStore(), { params, files })).rejects.toThrow(
      'another folder or genesis',
    );
    expect(files.names()).toEqual(filesOf(lived).names());
  });
});

describe('a restart', () => {
  test('at any batch: the tip of then, and the same way on', async () => {
    const tips = new Set<string>();
    for (let count = 0; count <= lived.batches.length; count++) {
      const store = await livedUntil(count);
      const reasons: string[] = [];
      const { ledger } = await reopen(store, (reason) => reasons.push(reason));
      tips.add(chain.nameOf(ledger.tip.key));
      expect(reasons).toEqual([]);
      expect(ledger.tip.key).toBe(await storedTip(store));
      await feed(ledger, chain, [...MAIN, ...RIVAL]);
      expect(await rowsOf(store, 'q')).toEqual(atRival);
    }
    // Each tip there was, and none other.
    expect([...tips].sort()).toEqual(['a1', 'a2', 'a3', 'a4', 'a5', 'b6', 'b7', 'b8', 'genesis']);
  });

  test('in the middle of a rebuild goes on with it', async () => {
    const whole = await livedUntil(lived.batches.length);
    const start = await emptied(whole);
    const ledger = await openLedger(start);
    expect(ledger.rebuilding).toEqual({ height: 0, of: 8 });
    await settle(ledger);
    expect([await rowsOf(start, 'q'), ledger.rebuilding]).toEqual([atRival, null]);
    for (let count = 0; count <= start.batches.length; count++) {
      const store = await FaultyStore.after(start.batches.slice(0, count));
      filesOf(store, filesOf(whole));
      await settle(await openLedger(store));
      expect(await rowsOf(store, 'q')).toEqual(atRival);
    }
  });

  test('keeps side branches, and goes back to them without asking anyone', async () => {
    const store = await livedUntil();
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
    for (const key of await keysOf('muspqtaro')) {
      const store = await livedUntil();
      if (!(await store.damage(key, how))) continue;
      damaged++;
      const last = await whileDamaged(store, async (ledger) => {
        await feed(ledger, chain, [...MAIN, ...RIVAL]);
        await feed(ledger, chain, OTHER);
        expect(chain.nameOf(ledger.tip.key)).toBe('c10');
      });
      // Nothing of the old branches is left, damaged or not.
      expect([toHex(key), await rowsOf(last, 'q')]).toEqual([toHex(key), atOther]);
      expect(last.unreadable).toEqual([]);
    }
    expect(damaged).toBeGreaterThan(how === 'stale' ? 10 : 60);
  });

  test('of those a start looks at: told, and rebuilt from the blocks that are here', async () => {
    const { id } = chain.get('b8');
    for (const row of [META.tip, META.format, META.chain, undoRow(fromHex(id))]) {
      for (const how of ['unreadable', 'lost'] as const) {
        const damaged = await livedUntil();
        await damaged.damage(row, how);
        const reasons: string[] = [];
        const { ledger, store } = await reopen(damaged, (reason) => reasons.push(reason));
        expect([reasons.length, ledger.tip]).toEqual([1, ledger.headers.genesis]);
        await settle(ledger);
        expect([chain.nameOf(ledger.tip.key), await rowsOf(store, 'q')]).toEqual(['b8', atRival]);
      }
    }
  });
});

describe('a lost body', () => {
  const nodeOf = (ledger: Ledger, name: string) => ledger.headers.get(chain.get(name).id)!;
  const lose = async (name: string): Promise<FaultyStore> => {
    const store = await livedUntil();
    hurtBlock(filesOf(store), nodeOf(await openLedger(store), name));
    return store;
  };

  test('of the own chain is said to be lost, and asked for while all else goes on', async () => {
    const store = await lose('a1');
    const ledger = await openLedger(store);
    const node = nodeOf(ledger, 'a1');
    expect([chain.nameOf(ledger.tip.key), ledger.lost.size]).toEqual(['b8', 0]);
    await expect(ledger.readBody(node)).rejects.toMatchObject({ code: 'BLOCK_LOST' });
    await expect(ledger.readTransactions(node)).rejects.toMatchObject({ code: 'BLOCK_LOST' });
    expect([[...ledger.lost], ledger.hasBetter, ledger.rebuilding]).toEqual([[node], false, null]);
    chain.block('b9', { on: 'b8' });
    await feed(ledger, chain, ['b9']);
    expect(chain.nameOf(ledger.tip.key)).toBe('b9');
    await feed(ledger, chain, ['a1']);
    expect(ledger.lost.size).toBe(0);
    const again = await openLedger(store);
    const { transactions } = chain.get('a1');
    for (const each of [ledger, again])
      expect(await each.readBody(nodeOf(each, 'a1'))).toEqual(encodeBody(transactions));
  });

  test('of the own chain does not end the scrub, which compares the rows of all other blocks', async () => {
    const ledger = await openLedger(await lose('b4'));
    const scrub = new Scrub(ledger);
    while (!(await scrub.step()));
    expect([scrub.rounds, [...ledger.lost]]).toEqual([1, [nodeOf(ledger, 'b4')]]);
  });

  test('of the own chain is damage once the way leads back through it; then all goes on with what is here', async () => {
    const store = await lose('a1');
    const ledger = await openLedger(store);
    await expect(feed(ledger, chain, OTHER.slice(0, 9))).rejects.toThrow(CorruptStoreError);
    expect([chain.nameOf(ledger.tip.key), await rowsOf(store, 'q')]).toEqual(['b8', atRival]);
    const fresh = await emptied(store);
    const again = await openLedger(fresh);
    await feed(again, chain, OTHER);
    expect(await rowsOf(fresh, 'q')).toEqual(atOther);
  });

  test('stops a rebuild until somebody brings it, and what is above it is not asked for again', async () => {
    const fresh = await emptied(await lose('a1'));
    const ledger = await openLedger(fresh);
    await settle(ledger);
    expect([ledger.tip, nodeOf(ledger, 'a1').hasBody]).toEqual([ledger.headers.genesis, false]);
    await feed(ledger, chain, ['a1']);
    expect(await rowsOf(fresh, 'q')).toEqual(atRival);
  });

  test('of a branch that became better is asked for; until then the tip stays', async () => {
    const ledger = await openLedger(await lose('a4'));
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

    const journal = filesOf(store).find(JOURNAL_NAME)!;
    journal.flip((FRAMES_AT + FRAME_HEAD_BYTES + 5) * 8);
    const damages: string[] = [];
    const third = await openLedger(store, { onDamage: (damage) => damages.push(damage) });
    expect(damages).toEqual([expect.stringContaining('journal')]);
    expect(third.queue.takeRestored().map(toHex)).toEqual([toHex(kept[1]!.bytes)]);
  });

  test('survives a rebuild', async () => {
    const store = await livedUntil();
    const tx = chain.sign(transfer('carol', 'bob', 1), 'b8');
    await (await openLedger(store)).queue.keep([tx]);
    await store.damage(META.tip, 'lost');
    const { ledger } = await reopen(store);
    expect(ledger.queue.takeRestored().map(toHex)).toContain(toHex(tx.bytes));
    expect(addressFor('carol')).toEqual(tx.sender);
  });
});
