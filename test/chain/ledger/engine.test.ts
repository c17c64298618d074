import { describe, expect, test } from 'vitest';
import { MemoryFiles } from '../../../chain/files/memory-files.ts';
import { encodeBody } from '../../../chain/format/block.ts';
import { toHex } from '../../../chain/format/bytes.ts';
import type { Transaction } from '../../../chain/format/transaction.ts';
import { DamagedOwned } from '../../../chain/ledger/damage.ts';
import { ENTRY } from '../../../chain/ledger/journal-entries.ts';
import type { Ledger } from '../../../chain/ledger/ledger.ts';
import { MemoryStore } from '../../../chain/ledger/memory-store.ts';
import type { StoreWrite } from '../../../chain/ledger/ports.ts';
import { getAccounts } from '../../../chain/ledger/queries.ts';
import { Queue } from '../../../chain/ledger/queue.ts';
import { buildTemplate, restamp, type Template } from '../../../chain/ledger/template.ts';
import type { Rejection, TipChange } from '../../../chain/ledger/tip-change.ts';
import { addressFor, put, transfer } from '../actors.ts';
import { ChainBuilder, mine, TEST_PARAMS } from '../builder.ts';
import { FaultyStore } from './faulty-store.ts';
import { feed, openLedger, rowsOf, settle } from './life.ts';

async function newLedger(chain = new ChainBuilder()) {
  const store = new FaultyStore();
  const ledger = await openLedger(store, { params: chain.params });
  const tip = () => chain.nameOf(ledger.tip.key);
  /** The blocks found invalid on the way to wherever these lead. */
  const refuse = async (...names: string[]): Promise<[name: string, code: string][]> => {
    const rejections: Rejection[] = [];
    for (const name of names) {
      const { header, transactions } = chain.get(name);
      ledger.addBody(ledger.headers.add(header, header.time), transactions);
    }
    while ((await ledger.advance((rejection) => rejections.push(rejection))) !== null);
    return rejections.map(({ node, error }) => [chain.nameOf(node.key), error.code]);
  };
  return { chain, store, ledger, tip, refuse };
}

describe('a better branch with a bad block in the middle', () => {
  const badBlocks = (chain: ChainBuilder) => {
    chain.blocks('a', 3, { transactions: [transfer('alice', 'bob', 1)] });
    chain.blocks('b', 2, { on: 'a1', miner: 'bob', transactions: [transfer('alice', 'carol', 2)] });
    chain.block('b3', { header: { stateRoot: new Uint8Array(32) } });
    chain.blocks('c', 3, { on: 'b3' });
  };

  test('leaves everything as it was', async () => {
    const { chain, store, ledger, tip, refuse } = await newLedger();
    badBlocks(chain);
    await feed(ledger, chain, ['a1', 'a2', 'a3']);
    const before = await rowsOf(store);
    const node = ledger.tip;
    expect(await refuse('b1', 'b2', 'b3', 'c1', 'c2', 'c3')).toEqual([['b3', 'BAD_STATE_ROOT']]);
    expect([tip(), ledger.tip === node, ledger.hasBetter, ledger.heldBytes]).toEqual(['a3', true, false, 0]);
    expect(await rowsOf(store)).toEqual(before);
    // And it goes on as if nothing had been.
    chain.block('d4', { on: 'a3', transactions: [transfer('bob', 'alice', 5)] });
    await feed(ledger, chain, ['d4']);
    expect(tip()).toBe('d4');
  });

  test('is followed as far as it is good, if that is better still', async () => {
    const { chain, ledger, tip, refuse } = await newLedger();
    badBlocks(chain);
    await feed(ledger, chain, ['a1']);
    expect(await refuse('b1', 'b2', 'b3', 'c1')).toEqual([['b3', 'BAD_STATE_ROOT']]);
    expect(tip()).toBe('b2');
    for (const name of ['b3', 'c1']) expect(ledger.headers.get(chain.get(name).id)!.invalid).toBe(true);
    expect([ledger.headers.best().key, ledger.heldBytes]).toEqual([chain.get('b2').id, 0]);
  });

  test('gives way to the next best, bad ones one after the other', async () => {
    const { chain, ledger, tip, refuse } = await newLedger();
    const forged = transfer('alice', 'bob', 1, { forge: 'signature' });
    chain.block('a1');
    chain.block('b1', { on: 'genesis', miner: 'bob' });
    chain.block('b2', { transactions: [forged] });
    chain.block('b3');
    chain.block('c1', { on: 'genesis', miner: 'carol', transactions: [transfer('nobody', 'bob', 1)] });
    chain.block('c2');
    chain.block('d1', { on: 'genesis', miner: 'dave' });
    chain.block('d2');
    await feed(ledger, chain, ['a1']);
    expect(await refuse('b1', 'b2', 'b3', 'c1', 'c2', 'd1', 'd2')).toEqual([
      ['b2', 'BAD_SIGNATURE'],
      ['c1', 'NO_ACCOUNT'],
    ]);
    expect(tip()).toBe('d2');
  });
});

describe('going forward', () => {
  test('takes many blocks in one batch, one synced write for them, and tells of each batch', async () => {
    const { chain, store, ledger } = await newLedger();
    const names = chain.blocks('a', 300).map(({ name }) => name);
    const before = store.batches.length;
    const changes = await feed(ledger, chain, names);
    expect(changes.map(({ connected }) => connected.length)).toEqual([256, 44]);
    expect(changes.map(({ from, to }) => [from.height, to.height])).toEqual([
      [0, 256],
      [256, 300],
    ]);
    expect(store.batches.length - before).toBe(2);
    expect([ledger.tip.height, ledger.heldBytes]).toEqual([300, 0]);
    for (const height of [0, 1, 256, 300]) {
      const node = ledger.activeAt(height)!;
      expect([node.height, ledger.isActive(node)]).toEqual([height, true]);
    }
    expect(ledger.activeAt(301)).toBe(undefined);
  });

  test('a long way back and forth is one batch for as long as the work would fall', async () => {
    const { chain, ledger } = await newLedger();
    const long = chain.blocks('a', 300).map(({ name }) => name);
    const longer = chain.blocks('b', 301, { on: 'genesis', miner: 'bob' }).map(({ name }) => name);
    await feed(ledger, chain, long);
    const changes = await feed(ledger, chain, longer);
    expect(changes.map(({ connected, disconnected }) => [disconnected.length, connected.length])).toEqual([
      [300, 301],
    ]);
    expect(changes[0]!.disconnected[0]!.header.height).toBe(300);
    expect(changes[0]!.connected[0]!.header.height).toBe(1);
  });

  test('waits for bodies, in whatever order they come', async () => {
    const { chain, ledger, tip } = await newLedger();
    chain.blocks('a', 3);
    const nodes = ['a1', 'a2', 'a3'].map((name) =>
      ledger.headers.add(chain.get(name).header, Date.UTC(2030, 1)),
    );
    ledger.addBody(nodes[2]!, []);
    expect([ledger.hasBetter, await ledger.advance()]).toEqual([false, null]);
    ledger.addBody(nodes[0]!, []);
    await settle(ledger);
    expect(tip()).toBe('a1');
    ledger.addBody(nodes[1]!, []);
    ledger.addBody(nodes[1]!, []);
    expect(ledger.hasBetter).toBe(true);
    await settle(ledger);
    expect([tip(), ledger.heldBytes]).toEqual(['a3', 0]);
  });

  test('lets go of the bodies of a branch that lost long before it was whole, until it leads again', async () => {
    const { chain, ledger, tip } = await newLedger();
    chain.blocks('a', 9);
    chain.blocks('b', 10, { on: 'genesis', miner: 'bob' });
    const add = (name: string) => ledger.headers.add(chain.get(name).header, Date.UTC(2030, 1));
    const names = Array.from({ length: 10 }, (_, i) => `b${i + 1}`);
    const branch = names.slice(0, 9).map(add);
    ledger.addBody(branch[1]!, []);
    // As far as its headers go, it leads.
    await feed(ledger, chain, ['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7', 'a8']);
    expect([tip(), ledger.heldBytes > 0, branch[1]!.hasBody]).toEqual(['a8', true, true]);
    await feed(ledger, chain, ['a9']);
    expect([tip(), ledger.heldBytes, branch[1]!.hasBody]).toEqual(['a9', 0, false]);
    for (const node of [...branch, add('b10')]) ledger.addBody(node, []);
    await settle(ledger);
    expect([tip(), ledger.heldBytes]).toEqual(['b10', 0]);
  });

  test('calls at the same time run one after the other', async () => {
    const { chain, ledger, tip } = await newLedger();
    chain.blocks('a', 2, { transactions: [transfer('alice', 'bob', 1)] });
    for (const name of ['a1', 'a2']) {
      const { header, transactions } = chain.get(name);
      ledger.addBody(ledger.headers.add(header, header.time), transactions);
    }
    const changes = await Promise.all([ledger.advance(), ledger.advance(), ledger.advance()]);
    expect(changes.map((change) => change?.connected.length)).toEqual([2, undefined, undefined]);
    expect(tip()).toBe('a2');
  });

  test('stops at a store that fails, and nothing half-done is there to be seen', async () => {
    class FullStore extends FaultyStore {
      full = false;
      override async write(batch: Iterable<StoreWrite>, options: { sync: boolean }): Promise<void> {
        if (this.full) throw new Error('no space');
        return super.write(batch, options);
      }
    }
    const chain = new ChainBuilder();
    const store = new FullStore();
    const ledger = await openLedger(store);
    chain.blocks('a', 2, { transactions: [transfer('alice', 'bob', 1)] });
    await feed(ledger, chain, ['a1']);
    const before = await rowsOf(store);
    store.full = true;
    await expect(feed(ledger, chain, ['a2'])).rejects.toThrow('no space');
    expect([chain.nameOf(ledger.tip.key), await rowsOf(store)]).toEqual(['a1', before]);
    // What was to be written is lost to memory: nothing more is answered or written, though the store would take it now.
    store.full = false;
    await expect(ledger.advance()).rejects.toThrow('no space');
    await expect(getAccounts(ledger, [addressFor('alice')])).rejects.toThrow('no space');
    await expect(ledger.mender.mend(new DamagedOwned(addressFor('alice')))).rejects.toThrow('no space');
    expect(await rowsOf(store)).toEqual(before);
    await ledger.close();
    const again = await openLedger(store);
    await feed(again, chain, ['a2']);
    expect(chain.nameOf(again.tip.key)).toBe('a2');
  });

  test('keeps a verifier’s failure from being taken for a bad block', async () => {
    const chain = new ChainBuilder();
    chain.block('a1', { transactions: [transfer('alice', 'bob', 1)] });
    let broken = true;
    const verifier = {
      verify: async (checks: readonly unknown[]) => {
        if (broken) throw new Error('the thread died');
        return checks.map(() => true);
      },
    };
    const store = new MemoryStore();
    const ledger = await openLedger(store, { verifier });
    await expect(feed(ledger, chain, ['a1'])).rejects.toThrow('the thread died');
    expect(ledger.headers.get(chain.get('a1').id)!.invalid).toBe(false);
    broken = false;
    const again = await openLedger(store, { verifier });
    await feed(again, chain, ['a1']);
    expect(chain.nameOf(again.tip.key)).toBe('a1');
  });
});

test('a side branch can be read at any moment, though it moves from memory to the store', async () => {
  const seen: Promise<unknown>[] = [];
  class WatchedFiles extends MemoryFiles {
    look: (() => Promise<unknown>) | null = null;
    override hash(domain: Uint8Array, ...parts: Uint8Array[]): Uint8Array {
      // Each frame is hashed before it is written.
      if (this.look !== null) seen.push(this.look());
      return super.hash(domain, ...parts);
    }
  }
  const chain = new ChainBuilder();
  chain.blocks('a', 2);
  const { transactions } = chain.block('b1', { on: 'genesis', transactions: [put('bob', 'side')] });
  const files = new WatchedFiles();
  const store = new MemoryStore();
  const ledger = await openLedger(store, { files });
  await feed(ledger, chain, ['a1', 'a2']);
  const { header } = chain.get('b1');
  const node = ledger.headers.add(header, header.time);
  expect([await ledger.readBody(node), await ledger.readTransactions(node)]).toEqual([null, null]);
  files.look = () => ledger.readBody(node);
  await feed(ledger, chain, ['b1']);
  files.look = null;
  expect(await Promise.all(seen)).toEqual([encodeBody(transactions), encodeBody(transactions)]);
  expect([ledger.heldBytes, node.place > 0, await ledger.readBody(node)]).toEqual([
    0,
    true,
    encodeBody(transactions),
  ]);
  const again = await openLedger(store, { files });
  const found = await again.readTransactions(again.headers.get(node.key)!);
  expect(found!.map(({ key }) => key)).toEqual(transactions.map(({ key }) => key));
});

describe('what a user was told is accepted', () => {
  /** Whether it is in the queue, which a restart finds as it is. */
  const stored = async ({ queue, journal }: Ledger, { key }: Transaction) => {
    const again = await Queue.open(journal);
    journal.own([ENTRY.kept, ENTRY.forgotten], queue);
    expect(again.has(key)).toBe(queue.has(key));
    return again.has(key);
  };

  test('is kept until it is mined, comes back when displaced, and goes when given up', async () => {
    const { chain, ledger } = await newLedger();
    const [mined, idle, foreign] = [
      transfer('alice', 'bob', 1),
      transfer('bob', 'alice', 1),
      put('carol', 'n'),
    ].map((given) => chain.sign(given, 'genesis'));
    await ledger.queue.keep([mined!, idle!]);
    await ledger.queue.keep([mined!]);
    const rows = () => Promise.all([mined!, idle!, foreign!].map((tx) => stored(ledger, tx)));
    expect(await rows()).toEqual([true, true, false]);
    chain.block('a1', { transactions: [mined!, foreign!] });
    await feed(ledger, chain, ['a1']);
    expect([await rows(), ledger.queue.has(mined!.key)]).toEqual([[false, true, false], false]);

    // Displaced: another's too, for it may be nowhere else.
    chain.block('b1', { on: 'genesis', miner: 'bob' });
    chain.block('b2');
    await feed(ledger, chain, ['b1', 'b2']);
    expect([await rows(), ledger.queue.has(foreign!.key)]).toEqual([[true, true, true], true]);

    chain.block('b3', { transactions: [foreign!] });
    await feed(ledger, chain, ['b3']);
    await ledger.queue.forget([idle!, foreign!]);
    expect(await rows()).toEqual([true, false, false]);
    expect((await Queue.open(ledger.journal)).takeRestored().map(toHex)).toEqual([toHex(mined!.bytes)]);
  });

  test('and mined on both branches stays mined', async () => {
    const { chain, ledger } = await newLedger();
    const both = chain.sign(transfer('alice', 'bob', 1), 'genesis');
    await ledger.queue.keep([both]);
    chain.block('a1', { transactions: [both] });
    chain.block('b1', { on: 'genesis', miner: 'bob', transactions: [both] });
    chain.block('b2');
    await feed(ledger, chain, ['a1', 'b1', 'b2']);
    expect([await stored(ledger, both), ledger.queue.has(both.key)]).toEqual([false, false]);
  });
});

describe('a template', () => {
  const build = (
    ledger: Ledger,
    candidates: Template['transactions'],
    wallMs = ledger.tip.header.time + 1_000,
  ) => buildTemplate(ledger, { candidates, miner: addressFor('miner'), wallMs });
  const connect = async (ledger: Ledger, { header, transactions }: Template): Promise<TipChange[]> => {
    const node = ledger.headers.add(mine(header, 'reach'), header.time);
    ledger.addBody(node, transactions);
    return settle(ledger);
  };

  test('mined, connects', async () => {
    const { chain, ledger } = await newLedger();
    for (let height = 1; height <= 12; height++) {
      const from = height % 2 === 0 ? 'alice' : 'bob';
      const tx = chain.sign(
        { ...transfer(from, `new ${height}`, 5), nonce: Math.floor((height - 1) / 2) },
        'genesis',
      );
      expect((await connect(ledger, await build(ledger, [tx])))[0]!.connected[0]!.transactions).toEqual([tx]);
    }
    expect(ledger.tip.height).toBe(12);
  });

  test('tries twice, so that money may come from one that pays less', async () => {
    const { chain, ledger } = await newLedger();
    const spends = chain.sign(transfer('new', 'bob', 1), 'genesis');
    const brings = chain.sign(transfer('alice', 'new', 50_000), 'genesis');
    const template = await build(ledger, [spends, brings]);
    expect([template.transactions, template.refused]).toEqual([[brings, spends], []]);
    await connect(ledger, template);
    expect(ledger.tip.height).toBe(1);
  });

  test('names what it refuses, and takes the rest', async () => {
    const { chain, ledger } = await newLedger();
    const good = chain.sign(transfer('alice', 'bob', 1), 'genesis');
    const wrong = chain.sign(transfer('bob', 'alice', 1, { key: 'mallory' }), 'genesis');
    const gap = chain.sign(transfer('carol', 'alice', 1, { nonce: 1 }), 'genesis');
    const template = await build(ledger, [wrong, good, gap]);
    expect(template.transactions).toEqual([good]);
    expect(template.refused.map(({ transaction, error }) => [transaction, error.code])).toEqual([
      [wrong, 'WRONG_KEY'],
      [gap, 'NONCE_GAP'],
    ]);
    await connect(ledger, template);
    expect(ledger.tip.height).toBe(1);
  });

  test('keeps to the limits of bytes and of signatures', async () => {
    for (const limits of [
      { ...TEST_PARAMS.limits, blockSignatures: 3 },
      { ...TEST_PARAMS.limits, blockBytes: 1_000 },
    ]) {
      const { chain, ledger } = await newLedger(new ChainBuilder({ ...TEST_PARAMS, limits }));
      const many = Array.from({ length: 8 }, (_, nonce) =>
        chain.sign(transfer('alice', 'bob', 1, { nonce }), 'genesis'),
      );
      const template = await build(ledger, many);
      const { length } = template.transactions;
      expect(length).toBeGreaterThan(1);
      expect(length).toBeLessThan(8);
      expect(template.transactions).toEqual(many.slice(0, length));
      await connect(ledger, template);
      expect(ledger.tip.height).toBe(1);
    }
  });

  test('changes nothing, and is the same again', async () => {
    const { chain, store, ledger } = await newLedger();
    const tx = chain.sign(transfer('alice', 'bob', 1), 'genesis');
    const before = await rowsOf(store);
    const root = ledger.tree.root;
    const first = await build(ledger, [tx]);
    expect([await build(ledger, [tx]), ledger.tree.root, await rowsOf(store)]).toEqual([first, root, before]);
  });

  test('stamped anew is what a new one would be, whatever the clock says', async () => {
    const { chain, ledger } = await newLedger();
    const { time } = ledger.tip.header;
    const tx = chain.sign(transfer('alice', 'bob', 1), 'genesis');
    const template = await build(ledger, [tx], time + 5);
    for (const wallMs of [time - 10_000, time, time + 1, time + 3_000, time + 10_000_000]) {
      const stamped = restamp(ledger.params, template, wallMs);
      expect(stamped).toEqual(await build(ledger, [tx], wallMs));
      expect(stamped.header.time).toBe(Math.max(wallMs, time + 1));
    }
    await connect(ledger, restamp(ledger.params, template, time + 10_000_000));
    expect(ledger.tip.height).toBe(1);
  });
});
