import { describe, expect, test } from 'vitest';
import { RuleError } from '../../chain/errors.ts';
import { fullestOf } from '../../p2p/census.ts';
import { KnownFilter } from '../../p2p/gossip/known-filter.ts';
import * as limits from '../../p2p/limits.ts';
import { encodeMessage } from '../../p2p/messages.ts';
import { makeChain, PARAMS, transaction, transactions } from './chain-maker.ts';
import { ScriptedPeer } from './scripted-peer.ts';
import { TestNode, type TestNodeOptions } from './test-node.ts';
import { World } from './world.ts';

const idsOf = (list: readonly { id: Uint8Array }[]): Uint8Array[] => list.map(({ id }) => id);

describe('transactions', () => {
  test('reach every node of a mesh, each body crossing to a node once', () => {
    const world = new World();
    const nodes = Array.from({ length: 5 }, (_, i) => world.add(i + 1));
    for (const [i, node] of nodes.entries())
      for (const other of nodes.slice(0, i)) world.connect(node, other);
    nodes[2]!.submit(transactions(0, 300));
    world.run();
    for (const node of nodes) expect(node.pool.size).toBe(300);
    let bodies = 0;
    for (const { message } of world.carried) {
      if (message.name === 'transactions') bodies += message.body.transactions.length;
    }
    expect(bodies).toBe(4 * 300);
    for (const node of nodes) expect(node.closes).toEqual([]);
  });

  test('are announced in the very step they are added, in one message', () => {
    const node = new TestNode({ seed: 1 });
    const peer = new ScriptedPeer(node, 2).join();
    const added = transactions(0, 3);
    node.submit(added);
    expect(peer.heard('announce')).toEqual([{ ids: idsOf(added) }]);
  });

  test('that wait in the mempool are announced to a new peer in bounded steps', () => {
    const world = new World();
    const node = world.add(1);
    const count = limits.ANNOUNCE_WINDOW_IDS + 1_034;
    for (const tx of transactions(0, count)) node.pool.set(tx.key, tx);
    const peer = new ScriptedPeer(node, 2).join();
    const lengths = (): number[] => peer.heard('announce').map(({ ids }) => ids.length);
    expect(lengths()).toEqual([1024, 1024, 1024]);
    world.advance(limits.ANNOUNCE_QUIET_MS - 1);
    expect(lengths()).toHaveLength(3);
    // What it asks for makes room; and if it asks for nothing it knows them all.
    peer.say('getTransactions', { request: 1, ids: peer.heard('announce')[0]!.ids.slice(0, 100) });
    world.advance(limits.ANNOUNCE_PAUSE_MS);
    expect(lengths()).toEqual([1024, 1024, 1024, 100]);
    world.advance(limits.ANNOUNCE_QUIET_MS);
    expect(lengths()).toEqual([1024, 1024, 1024, 100, 934]);
  });

  test('reach a new peer all, however many wait', () => {
    const world = new World();
    const [full, empty] = [world.add(1), world.add(2)];
    for (const tx of transactions(0, 2 * limits.ANNOUNCED_PER_PEER_MAX)) full.pool.set(tx.key, tx);
    world.connect(empty, full);
    world.advance(10_000);
    expect(empty.pool.size).toBe(full.pool.size);
  });

  test('are not announced to who announced them, nor twice', () => {
    const node = new TestNode({ seed: 1 });
    const peer = new ScriptedPeer(node, 2).join();
    const tx = transaction(1);
    peer.say('announce', { ids: [tx.id] });
    const { request } = peer.heard('getTransactions')[0]!;
    peer.say('transactions', { request, transactions: [tx.bytes] });
    expect(node.pool.has(tx.key)).toBe(true);
    node.input({ type: 'transactionsAdded', transactions: [tx], link: null });
    expect(peer.heard('announce')).toEqual([]);
  });

  test('are served to who asks, what is there', () => {
    const node = new TestNode({ seed: 1 });
    const peer = new ScriptedPeer(node, 2).join();
    node.submit(transactions(0, 2));
    peer.say('getTransactions', { request: 9, ids: idsOf(transactions(1, 2)) });
    expect(peer.heard('transactions')).toEqual([{ request: 9, transactions: [transaction(1).bytes] }]);
  });
});

describe('an announced transaction', () => {
  const setUp = (options: Partial<TestNodeOptions> = {}) => {
    const node = new TestNode({ seed: 1, ...options });
    const [a, b, c] = [2, 3, 4].map((seed) => {
      const peer = new ScriptedPeer(node, seed).join();
      return peer;
    }) as [ScriptedPeer, ScriptedPeer, ScriptedPeer];
    const at = (monotonicMs: number) => {
      node.now = { ...node.now, monotonicMs };
      node.input({ type: 'wake' });
    };
    return { node, a, b, c, at };
  };
  const { id, bytes, key } = transaction(1);

  test('is asked of the first announcer only', () => {
    const { a, b } = setUp();
    for (const peer of [a, a, b]) peer.say('announce', { ids: [id] });
    expect(a.heard('getTransactions').map(({ ids }) => ids)).toEqual([[id]]);
    expect(b.heard('getTransactions')).toEqual([]);
  });

  test('is asked of the next when the deadline passes, and taken from either', () => {
    const { node, a, b, at } = setUp();
    for (const peer of [a, b]) peer.say('announce', { ids: [id] });
    at(limits.TRANSACTION_TIMEOUT_MS - 1);
    expect(b.heard('getTransactions')).toHaveLength(0);
    at(limits.TRANSACTION_TIMEOUT_MS);
    expect(b.heard('getTransactions')).toHaveLength(1);
    a.say('transactions', { request: a.heard('getTransactions')[0]!.request, transactions: [bytes] });
    expect(node.pool.has(key)).toBe(true);
    b.say('transactions', { request: b.heard('getTransactions')[0]!.request, transactions: [bytes] });
    expect(node.effectsOf('checkTransactions')).toHaveLength(1);
    expect([a.closedWith, b.closedWith]).toEqual([null, null]);
  });

  test('keeps nothing else of its announcement, which may be a thousand times as long', () => {
    const { a, b, at } = setUp();
    const frame = encodeMessage('announce', { ids: [id, id, id] });
    a.sayBytes(frame);
    b.say('announce', { ids: [id] });
    frame.fill(0);
    at(limits.TRANSACTION_TIMEOUT_MS);
    expect(b.heard('getTransactions').map(({ ids }) => ids)).toEqual([[id]]);
  });

  test('is asked of the next when the answer lacks it, or the link is lost', () => {
    const { a, b, c } = setUp();
    for (const peer of [a, b, c]) peer.say('announce', { ids: [id] });
    a.say('transactions', { request: a.heard('getTransactions')[0]!.request, transactions: [] });
    expect(b.heard('getTransactions')).toHaveLength(1);
    b.hangUp();
    expect(c.heard('getTransactions')).toHaveLength(1);
  });

  test('that its only announcer brings late is taken once: on a slow link it would come never', () => {
    const { node, a, at } = setUp();
    a.say('announce', { ids: [id] });
    const { request } = a.heard('getTransactions')[0]!;
    at(limits.TRANSACTION_TIMEOUT_MS);
    const late = () => a.say('transactions', { request, transactions: [bytes] });
    late();
    expect(node.pool.has(key)).toBe(true);
    late();
    expect(node.effectsOf('checkTransactions')).toHaveLength(1);
    expect(a.closedWith).toBeNull();
  });

  test('that nobody delivers is forgotten, and asked for when announced again', () => {
    const { node, a, at } = setUp();
    a.say('announce', { ids: [id] });
    at(limits.TRANSACTION_TIMEOUT_MS);
    expect(node.machine.peers()[0]!.heldBytes).toBe(0);
    a.say('announce', { ids: [id] });
    expect(a.heard('getTransactions')).toHaveLength(2);
  });

  test('that is known, being checked or refused is not asked for', () => {
    const { node, a, b } = setUp({ judge: () => new RuleError('OVERSPEND') });
    node.submit([transaction(5)]);
    a.say('announce', { ids: [transaction(5).id] });
    expect(a.heard('getTransactions')).toEqual([]);
    a.say('announce', { ids: [id] });
    a.say('transactions', { request: a.heard('getTransactions')[0]!.request, transactions: [bytes] });
    b.say('announce', { ids: [id] });
    expect(b.heard('getTransactions')).toEqual([]);
    expect(a.closedWith).toBeNull();
    // Another state may like it better.
    node.input({ type: 'tipChanged', tip: node.chain.tip });
    b.say('announce', { ids: [id] });
    expect(b.heard('getTransactions')).toHaveLength(1);
  });

  test('that there was no room to check is asked of the others who have it, one after the other', () => {
    const { node, a, b, c, at } = setUp();
    node.answersChecks = false;
    for (const peer of [a, b]) peer.say('announce', { ids: [id] });
    const deliver = (peer: ScriptedPeer) =>
      peer.say('transactions', { request: peer.fresh('getTransactions')[0]!.request, transactions: [bytes] });
    deliver(a);
    // While it is checked nobody is asked.
    for (const peer of [a, b, c]) peer.say('announce', { ids: [id] });
    expect([a, b, c].map((peer) => peer.fresh('getTransactions').length)).toEqual([0, 0, 0]);
    node.input({ type: 'transactionsUnchecked', keys: [key] });
    expect(node.machine.peers().map(({ heldBytes }) => heldBytes > 0)).toEqual([false, true, true]);
    at(limits.TRANSACTION_TIMEOUT_MS);
    node.answersChecks = true;
    deliver(c);
    expect([a.heard('getTransactions').length, b.heard('getTransactions').length]).toEqual([1, 1]);
    expect(node.pool.has(key)).toBe(true);
    expect(node.machine.peers().map(({ heldBytes }) => heldBytes)).toEqual([0, 0, 0]);
  });

  test('that there was no room to check is asked for when announced again', () => {
    const { node, a } = setUp();
    node.answersChecks = false;
    for (let times = 1; times <= 2; times++) {
      a.say('announce', { ids: [id] });
      const { request } = a.fresh('getTransactions')[0]!;
      a.say('transactions', { request, transactions: [bytes] });
      node.input({ type: 'transactionsUnchecked', keys: [key, key, 'ab'.repeat(32)] });
      expect(node.effectsOf('checkTransactions')).toHaveLength(times);
    }
  });

  test('with a false signature closes who sent it, not who announced it', () => {
    const { a, b } = setUp({ judge: () => new RuleError('BAD_SIGNATURE') });
    b.say('announce', { ids: [transaction(2).id] });
    a.say('announce', { ids: [id] });
    a.say('transactions', { request: a.heard('getTransactions')[0]!.request, transactions: [bytes] });
    expect(a.closedWith).toBe('BAD_TRANSACTION');
    expect(b.closedWith).toBeNull();
  });

  test('that is malformed closes who sent it, and another is asked', () => {
    const { a, b } = setUp();
    for (const peer of [a, b]) peer.say('announce', { ids: [id] });
    const { request } = a.heard('getTransactions')[0]!;
    a.say('transactions', { request, transactions: [bytes.subarray(0, 100)] });
    expect(a.closedWith).toBe('BAD_TRANSACTION');
    expect(b.heard('getTransactions')).toHaveLength(1);
  });

  test('that was never announced is ignored', () => {
    const { node, a } = setUp();
    a.say('transactions', { request: 77, transactions: [bytes] });
    expect(node.effectsOf('checkTransactions')).toEqual([]);
    expect(a.closedWith).toBeNull();
  });

  test('is asked for with a bounded number of requests', () => {
    const { node, a } = setUp();
    for (let i = 0; i < 8; i++) a.say('announce', { ids: idsOf(transactions(i * 1024, 1024)) });
    const asks = a.heard('getTransactions');
    expect(asks).toHaveLength(limits.TRANSACTION_REQUESTS_MAX);
    expect(asks.every(({ ids }) => ids.length === limits.TRANSACTIONS_MAX)).toBe(true);
    expect(node.machine.peers()[0]!.heldBytes).toBe(limits.ANNOUNCED_PER_PEER_MAX * 256);
    a.say('transactions', { request: asks[0]!.request, transactions: [] });
    expect(a.heard('getTransactions')).toHaveLength(limits.TRANSACTION_REQUESTS_MAX + 1);
  });
});

test('ids that others bring before they are asked for are not kept for ever', () => {
  const node = new TestNode({ seed: 1 });
  const peer = new ScriptedPeer(node, 2).join();
  const count = limits.ANNOUNCE_IDS_MAX;
  for (let at = 0; at < 20 * count; at += count) {
    const batch = transactions(at, count);
    peer.say('announce', { ids: idsOf(batch) });
    node.input({ type: 'transactionsAdded', transactions: batch, link: null });
    const { held } = fullestOf(node.machine);
    expect(held.get('fetcher.queue')).toBeLessThanOrEqual(2 * limits.ANNOUNCED_PER_PEER_MAX);
  }
});

test('transactions are asked for only as fast as they are checked, so that none is thrown away', () => {
  const node = new TestNode({ seed: 1 });
  node.answersChecks = false;
  const peer = new ScriptedPeer(node, 2).join();
  const sent: string[] = [];
  let asked = 1;
  for (let from = 0; asked > 0; from += limits.ANNOUNCE_IDS_MAX) {
    const all = new Map(transactions(from, limits.ANNOUNCE_IDS_MAX).map((tx) => [String(tx.id), tx]));
    peer.say('announce', { ids: [...all.values()].map(({ id }) => id) });
    const asks = peer.fresh('getTransactions');
    asked = asks.length;
    for (const { request, ids } of asks) {
      const found = ids.map((id) => all.get(String(id))!);
      sent.push(...found.map(({ key }) => key));
      peer.say('transactions', { request, transactions: found.map(({ bytes }) => bytes) });
    }
  }
  const checking = node.effectsOf('checkTransactions').flatMap(({ transactions: batch }) => batch);
  expect(checking.map(({ key }) => key)).toEqual(sent);
});

test('a large mempool of no use to a node, as after a partition, is looked at in steps: no flood, and nothing lost', () => {
  const world = new World();
  const full = world.add(1);
  const checked = new Set<string>();
  const behind = world.add(2, {
    judge: ({ key }) => {
      checked.add(key);
      return key.startsWith('0') ? null : new RuleError('NO_ACCOUNT');
    },
  });
  for (const tx of transactions(0, 20_000)) full.pool.set(tx.key, tx);
  world.connect(behind, full);
  world.advance(30_000);
  expect([...full.closes, ...behind.closes]).toEqual([]);
  expect(checked.size).toBe(full.pool.size);
});

test('a link that is not read keeps no transactions alive that have left the mempool', () => {
  const params = { ...PARAMS, limits: { ...PARAMS.limits, blockBytes: 1024 * 1024 } };
  const node = new TestNode({ seed: 1, params });
  const blocks = makeChain(node.headers.genesis, 3);
  node.give(blocks);
  const peer = new ScriptedPeer(node, 2).join();
  node.answersReads = false;
  peer.say('getBodies', { request: 5, ids: blocks.map(({ context }) => context.id) });
  for (const { token } of node.effectsOf('readBody'))
    node.input({ type: 'bodyRead', token, body: new Uint8Array(1024 * 1024) });
  const wait = (): number => fullestOf(node.machine).held.get('announcer.waiting')!;
  for (let round = 0; round < 20; round++) {
    const added = transactions(1_000 * round, 1_000);
    node.submit(added);
    expect(wait()).toBeLessThanOrEqual(1_000 + 1_024);
    // All but the last are mined.
    for (const { key } of added.slice(1)) node.pool.delete(key);
  }
  peer.drain();
  const told = peer.heard('announce').flatMap(({ ids }) => ids);
  expect(told).toHaveLength(20);
});

test('a known filter remembers the last ids and forgets in generations', () => {
  const filter = new KnownFilter(100);
  const ids = idsOf(transactions(0, 250));
  for (const id of ids) filter.add(id);
  expect(filter.count).toBeLessThan(200);
  expect(ids.slice(-100).every((id) => filter.has(id))).toBe(true);
  expect(filter.has(ids[0]!)).toBe(false);
  filter.clear();
  expect(filter.count).toBe(0);
});

test('ids made up to collide in a known filter cost it memory of themselves only', () => {
  const filter = new KnownFilter(1_000);
  // Equal in all bits that choose a place, whatever the size of the table.
  const crafted = Array.from({ length: 500 }, (_, i) => Uint8Array.of(i >> 8, i & 255, 1, 2, 3, 4));
  expect(crafted.every((id) => filter.add(id) && filter.has(id))).toBe(true);
  expect(crafted.filter((id) => filter.has(id)).length).toBeLessThanOrEqual(65);
  const honest = idsOf(transactions(0, 400));
  expect(honest.every((id) => filter.add(id))).toBe(true);
  expect(honest.filter((id) => !filter.has(id)).length).toBeLessThan(2);
});
