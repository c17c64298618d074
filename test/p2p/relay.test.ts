import { describe, expect, test } from 'vitest';
import { encodeBody } from '../../chain/format/block.ts';
import { first48, toHex } from '../../chain/format/bytes.ts';
import { encodeHeader } from '../../chain/format/header.ts';
import { EARLY_RETRY_MAX_MS, REBUILD_TIMEOUT_MS } from '../../p2p/limits.ts';
import { Rebuild } from '../../p2p/relay/rebuild.ts';
import { shortId, shortIdKey } from '../../p2p/relay/short-ids.ts';
import {
  type Made,
  makeBlock,
  makeChain,
  malformed,
  PARAMS,
  transaction,
  transactions,
} from './chain-maker.ts';
import { ScriptedPeer } from './scripted-peer.ts';
import { TestNode } from './test-node.ts';
import { World } from './world.ts';

test('short ids are keyed by both nonces and the block (frozen)', () => {
  const [a, b, c] = [1, 2, 3].map((fill) => new Uint8Array(32).fill(fill)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const key = shortIdKey(a, b, c);
  expect(toHex(key)).toBe('c4ec196a7440059a');
  expect(shortId(key, c)).toBe(0xcf7fdb27739d);
  expect(toHex(shortIdKey(b, a, c))).not.toBe(toHex(key));
  expect(first48(Uint8Array.of(1, 2, 3, 4, 5, 6))).toBe(0x010203040506);
  expect(first48(new Uint8Array(6).fill(255))).toBe(2 ** 48 - 1);
});

describe('a mined block', () => {
  const mesh = (count: number) => {
    const world = new World();
    const nodes = Array.from({ length: count }, (_, i) => world.add(i + 1));
    for (const [i, node] of nodes.entries())
      for (const other of nodes.slice(0, i)) world.connect(node, other);
    return { world, nodes };
  };

  test('goes to five nodes as short ids, with not a body asked for', () => {
    const { world, nodes } = mesh(5);
    const known = transactions(0, 20);
    nodes[0]!.submit(known);
    world.run();
    const mark = world.carried.length;
    const block = makeBlock(nodes[0]!.headers.genesis, { transactions: known });
    nodes[0]!.mine(block);
    world.run();
    world.advance(2_000);
    for (const node of nodes) expect(node.chain.tip.id).toEqual(block.context.id);
    const names = world.carried.slice(mark).map(({ message }) => message.name);
    expect(names.filter((name) => name === 'getBodies' || name === 'getBlockTransactions')).toEqual([]);
    // Each link carries it at most once a direction.
    expect(names.filter((name) => name === 'block').length).toBeLessThanOrEqual(2 * 10);
    expect(world.count('tip')).toBe(0);
    for (const node of nodes) expect(node.closes).toEqual([]);
  });

  test('passes through a line of nodes', () => {
    const world = new World();
    const nodes = [1, 2, 3, 4].map((seed) => world.add(seed, { config: { outboundTarget: 0, listen: '' } }));
    for (let i = 1; i < nodes.length; i++) world.connect(nodes[i]!, nodes[i - 1]!);
    const block = makeBlock(nodes[0]!.headers.genesis, { transactions: transactions(0, 3) });
    nodes[0]!.mine(block);
    world.run();
    expect(nodes[3]!.chain.tip.id).toEqual(block.context.id);
    expect(world.count('block')).toBe(3);
    expect(world.count('getBlockTransactions')).toBe(3);
    expect(world.count('getBodies')).toBe(0);
  });

  test('is pushed before it is stored or executed', () => {
    const { nodes } = mesh(2);
    const [a] = nodes;
    a!.effects.length = 0;
    a!.mine(makeBlock(a!.headers.genesis));
    expect(a!.effects.map(({ type }) => type)).toEqual(['send', 'event']);
  });
});

describe('a pushed block', () => {
  const setUp = (pooled = transactions(0, 4)) => {
    const node = new TestNode({ seed: 1 });
    const peer = new ScriptedPeer(node, 2).join();
    peer.say('headers', { request: peer.heard('getHeaders')[0]!.request, headers: [] });
    node.submit(pooled);
    const push = (made: Made, ids = made.transactions, from = peer) => {
      const theirs = from.heard('hello')[0]!;
      const key = shortIdKey(from.hello.nonce, theirs.nonce, made.context.id);
      from.say('block', {
        header: encodeHeader(made.header),
        shortIds: ids.map(({ id }) => shortId(key, id)),
      });
    };
    return { node, peer, push };
  };

  test('that the mempool has all of is taken at once', () => {
    const { node, peer, push } = setUp();
    push(makeBlock(node.headers.genesis, { transactions: transactions(0, 4) }));
    expect(node.chain.tip.height).toBe(1);
    expect(peer.fresh('getBlockTransactions')).toEqual([]);
    expect(node.events('blockRebuilt')).toMatchObject([{ height: 1, asked: 0 }]);
  });

  test('has its missing transactions asked for by index', () => {
    const { node, peer, push } = setUp();
    const made = makeBlock(node.headers.genesis, {
      transactions: [transaction(7), ...transactions(0, 4), transaction(8)],
    });
    push(made);
    const [ask] = peer.heard('getBlockTransactions');
    expect(ask).toMatchObject({ id: made.context.id, indexes: [0, 5] });
    expect(node.machine.peers()[0]!.heldBytes).toBeGreaterThan(0);
    peer.say('blockTransactions', { ...ask!, transactions: [transaction(7).bytes, transaction(8).bytes] });
    expect(node.chain.tip.height).toBe(1);
    expect(node.machine.peers()[0]!.heldBytes).toBe(0);
    expect(peer.heard('getBodies')).toEqual([]);
    // Again, and unasked: legal, and nothing.
    peer.say('blockTransactions', { ...ask!, transactions: [transaction(7).bytes] });
    expect(peer.closedWith).toBeNull();
  });

  test.each<[string, (peer: ScriptedPeer, ask: { request: number; id: Uint8Array }) => void]>([
    ['too few', (peer, ask) => peer.say('blockTransactions', { ...ask, transactions: [] })],
    [
      'others',
      (peer, ask) => peer.say('blockTransactions', { ...ask, transactions: [transaction(99).bytes] }),
    ],
    ['none', (peer, ask) => peer.say('noBody', ask)],
  ])('falls back to the body when %s of the missing come, and nobody is punished', (_, answer) => {
    const { node, peer, push } = setUp();
    const made = makeBlock(node.headers.genesis, { transactions: [...transactions(0, 4), transaction(8)] });
    push(made);
    const { request, id } = peer.heard('getBlockTransactions')[0]!;
    expect(peer.heard('getBodies')).toEqual([]);
    answer(peer, { request, id });
    expect(peer.closedWith).toBeNull();
    expect(node.events('blockFallback')).toHaveLength(1);
    const [ask] = peer.heard('getBodies');
    peer.say('body', { request: ask!.request, id: made.context.id, body: encodeBody(made.transactions) });
    expect(node.chain.tip.height).toBe(1);
  });

  test('falls back when the missing ones are late', () => {
    const { node, peer, push } = setUp();
    push(makeBlock(node.headers.genesis, { transactions: [transaction(8)] }));
    node.now = { ...node.now, monotonicMs: REBUILD_TIMEOUT_MS };
    node.input({ type: 'wake' });
    expect(peer.heard('getBodies')).toHaveLength(1);
    expect(peer.closedWith).toBeNull();
  });

  test('falls back when its short ids contradict each other or mean another transaction', () => {
    const twice = setUp();
    const made = makeBlock(twice.node.headers.genesis, { transactions: transactions(0, 2) });
    twice.push(made, [transaction(0), transaction(0)]);
    expect(twice.peer.heard('getBodies')).toHaveLength(1);
    const wrong = setUp();
    wrong.push(made, [transaction(0), transaction(3)]);
    expect(wrong.peer.heard('getBodies')).toHaveLength(1);
    expect([twice.peer.closedWith, wrong.peer.closedWith]).toEqual([null, null]);
    expect(wrong.node.headers.best().invalid).toBe(false);
  });

  test('that another pushes too is put together once', () => {
    const { node, peer, push } = setUp();
    const other = new ScriptedPeer(node, 3).join();
    other.say('headers', { request: other.heard('getHeaders')[0]!.request, headers: [] });
    const made = makeBlock(node.headers.genesis, { transactions: [transaction(8)] });
    push(made);
    push(made, made.transactions, other);
    expect(peer.heard('getBlockTransactions')).toHaveLength(1);
    expect(other.heard('getBlockTransactions')).toEqual([]);
    peer.hangUp();
    expect(other.heard('getBodies')).toHaveLength(1);
  });

  test('is not pushed back, and goes to the others', () => {
    const { node, peer, push } = setUp();
    const other = new ScriptedPeer(node, 3).join();
    const made = makeBlock(node.headers.genesis, { transactions: transactions(0, 2) });
    push(made);
    expect(peer.heard('block')).toEqual([]);
    const [passed] = other.heard('block');
    expect(passed!.header).toEqual(encodeHeader(made.header));
    const key = shortIdKey(other.hello.nonce, other.heard('hello')[0]!.nonce, made.context.id);
    expect(passed!.shortIds).toEqual(made.transactions.map(({ id }) => shortId(key, id)));
  });

  test('whose parent is unknown has its headers asked for', () => {
    const { node, peer, push } = setUp();
    const [first, second] = makeChain(node.headers.genesis, 2) as [Made, Made];
    push(second);
    expect(peer.closedWith).toBeNull();
    const ask = peer.heard('getHeaders').at(-1)!;
    peer.say('headers', {
      request: ask.request,
      headers: [first, second].map(({ header }) => encodeHeader(header)),
    });
    expect(peer.heard('getBodies')[0]!.ids).toEqual([first.context.id, second.context.id]);
  });

  test('without work closes the peer, early or on an invalid parent it does not', () => {
    const { node, peer, push } = setUp();
    const future = makeBlock(node.headers.genesis, { step: 200_000_000 });
    push(future);
    expect(peer.closedWith).toBeNull();
    const [first, second] = makeChain(node.headers.genesis, 2, { salt: 3 }) as [Made, Made];
    push(first);
    node.headers.invalidate(node.headers.get(toHex(first.context.id))!);
    push(second);
    push(first);
    expect(peer.closedWith).toBeNull();
    push({ ...first, header: { ...first.header, bits: 0x01010000 } });
    expect(peer.closedWith).toBe('BAD_HEADER');
  });

  test('that is early is asked for again when its time has come', () => {
    const { node, peer, push } = setUp();
    const ahead = node.now.wallMs - PARAMS.time + PARAMS.limits.futureMs + 5_000;
    push(makeBlock(node.headers.genesis, { step: ahead }));
    expect(node.events('headerEarly')).toHaveLength(1);
    expect(peer.heard('getHeaders')).toHaveLength(1);
    expect(node.machine.deadline()).toBe(5_000);
    node.now = { monotonicMs: 5_000, wallMs: node.now.wallMs + 5_000 };
    node.input({ type: 'wake' });
    expect(peer.heard('getHeaders')).toHaveLength(2);
  });

  /** A block whose time comes in five seconds, and the way to let it come. */
  const setUpEarly = () => {
    const scene = setUp();
    const { node } = scene;
    const step = node.now.wallMs - PARAMS.time + PARAMS.limits.futureMs + 5_000;
    const made = makeBlock(node.headers.genesis, {
      step,
      transactions: [...transactions(0, 2), transaction(8)],
    });
    const come = (): void => {
      node.now = { monotonicMs: node.now.monotonicMs + 5_000, wallMs: node.now.wallMs + 5_000 };
      node.input({ type: 'wake' });
    };
    return { ...scene, made, come };
  };

  test('that is early is put together at once, and taken in its time though its sender has gone', () => {
    const { node, peer, push, made, come } = setUpEarly();
    push(made);
    const [ask] = peer.heard('getBlockTransactions');
    peer.say('blockTransactions', { ...ask!, transactions: [transaction(8).bytes] });
    expect(peer.closedWith).toBeNull();
    expect(node.headers.size).toBe(1);
    expect(node.effectsOf('acceptBlock')).toEqual([]);
    // Again: it is here.
    push(made);
    expect(peer.heard('getBlockTransactions')).toHaveLength(1);
    peer.hangUp();
    const other = new ScriptedPeer(node, 3).join();
    expect(node.machine.deadline()).toBe(5_000);
    come();
    expect(node.chain.tip.id).toEqual(made.context.id);
    expect(other.heard('block')).toHaveLength(1);
    expect(node.effectsOf('acceptBlock').map(({ link }) => link)).toEqual([null]);
  });

  test('that is early and not whole here is asked of all others, if its sender has gone', () => {
    const { node, peer, push, made, come } = setUpEarly();
    const other = new ScriptedPeer(node, 3).join();
    other.say('headers', { request: other.heard('getHeaders')[0]!.request, headers: [] });
    push(made);
    peer.hangUp();
    expect(other.heard('getHeaders')).toHaveLength(1);
    come();
    const ask = other.heard('getHeaders')[1]!;
    other.say('headers', { request: ask.request, headers: [encodeHeader(made.header)] });
    expect(other.heard('getBodies')[0]!.ids).toEqual([made.context.id]);
  });

  test('that is early is kept with few others, those whose time comes first', () => {
    const { node, push, peer } = setUp();
    const ahead = node.now.wallMs - PARAMS.time + PARAMS.limits.futureMs;
    const made = [9, 3, 7, 1, 5, 8].map((seconds) =>
      makeBlock(node.headers.genesis, { step: ahead + 1_000 * seconds, salt: seconds }),
    );
    for (const block of made) push(block);
    peer.hangUp();
    node.now = { monotonicMs: 9_000, wallMs: node.now.wallMs + 9_000 };
    node.input({ type: 'wake' });
    expect(
      node.effectsOf('acceptBlock').map((effect) => effect.node.header.time - PARAMS.time - ahead),
    ).toEqual([1_000, 3_000, 5_000, 7_000]);
  });

  test('that is early and too far ahead is not kept', () => {
    const { node, push, peer } = setUp();
    const step = node.now.wallMs - PARAMS.time + PARAMS.limits.futureMs + EARLY_RETRY_MAX_MS + 1;
    push(makeBlock(node.headers.genesis, { step, transactions: [transaction(8)] }));
    expect(peer.heard('getBlockTransactions')).toEqual([]);
    expect(peer.closedWith).toBeNull();
  });

  test('is not pushed on a congested link, which hears of the tip once it has drained', () => {
    const params = { ...PARAMS, limits: { ...PARAMS.limits, blockBytes: 1024 * 1024 } };
    const node = new TestNode({ seed: 1, params });
    const blocks = makeChain(node.headers.genesis, 3);
    node.give(blocks);
    const peer = new ScriptedPeer(node, 2).join();
    node.answersReads = false;
    peer.say('getBodies', { request: 5, ids: blocks.map(({ context }) => context.id) });
    for (const { token } of node.effectsOf('readBody'))
      node.input({ type: 'bodyRead', token, body: new Uint8Array(1024 * 1024) });
    const made = makeBlock(blocks[2]!.context);
    const mined = node.headers.add(made.header, Number.MAX_SAFE_INTEGER);
    node.input({ type: 'blockMined', node: mined, transactions: [] });
    expect([peer.heard('block'), peer.heard('tip')]).toEqual([[], []]);
    peer.drain();
    expect([peer.heard('block'), peer.heard('tip')]).toEqual([[], [{ header: encodeHeader(made.header) }]]);
  });

  test('serves its transactions to those who miss them, in order and once each', () => {
    const node = new TestNode({ seed: 1 });
    const peer = new ScriptedPeer(node, 2).join();
    const made = makeBlock(node.headers.genesis, { transactions: transactions(0, 4) });
    node.mine(made);
    const { id } = made.context;
    peer.say('getBlockTransactions', { request: 1, id, indexes: [1, 3] });
    expect(peer.heard('blockTransactions')[0]).toEqual({
      request: 1,
      id,
      transactions: [made.transactions[1]!.bytes, made.transactions[3]!.bytes],
    });
    for (const indexes of [[3, 1], [1, 1], [4]])
      peer.say('getBlockTransactions', { request: 2, id, indexes });
    peer.say('getBlockTransactions', { request: 2, id: new Uint8Array(32), indexes: [] });
    expect(peer.heard('noBody')).toHaveLength(4);
    expect(peer.closedWith).toBeNull();
  });

  test('with a malformed transaction is invalid, asked for once, and nobody is punished', () => {
    const { node, peer, push } = setUp();
    const made = makeBlock(node.headers.genesis, { transactions: [...transactions(0, 2), malformed(8)] });
    push(made);
    const [ask] = peer.heard('getBlockTransactions');
    peer.say('blockTransactions', { ...ask!, transactions: [malformed(8).bytes] });
    expect(node.events('bodyInvalid')).toEqual([{ height: 1, code: 'MALFORMED' }]);
    // It comes again, from another, and something is built on it.
    const other = new ScriptedPeer(node, 3).join();
    const next = makeBlock(made.context);
    push(made, made.transactions, other);
    push(next, [], other);
    expect([peer.closedWith, other.closedWith]).toEqual([null, null]);
    expect([...peer.heard('getBodies'), ...other.heard('getBlockTransactions')]).toEqual([]);
    expect([...other.heard('block'), ...other.heard('tip')]).toEqual([]);
    expect(node.effectsOf('acceptBlock')).toEqual([]);
    expect(node.headers.best()).toBe(node.headers.genesis);
    // Another block of the same height, of no more work: they hear of it.
    const good = makeBlock(node.headers.genesis, { salt: 1 });
    node.mine(good);
    expect(peer.heard('block')).toHaveLength(1);
  });

  test('answered with something malformed that is not of the block leaves the block good', () => {
    const { node, peer, push } = setUp();
    const made = makeBlock(node.headers.genesis, { transactions: [transaction(8)] });
    push(made);
    const [ask] = peer.heard('getBlockTransactions');
    peer.say('blockTransactions', { ...ask!, transactions: [malformed(8).bytes] });
    expect(peer.closedWith).toBeNull();
    const [bodies] = peer.heard('getBodies');
    peer.say('body', { request: bodies!.request, id: made.context.id, body: encodeBody(made.transactions) });
    expect(node.chain.tip.height).toBe(1);
  });

  test('over a limit of the ledger is invalid, and nobody is punished', () => {
    const many = transactions(0, PARAMS.limits.blockSignatures + 1);
    const { node, peer, push } = setUp(many);
    push(makeBlock(node.headers.genesis, { transactions: many }));
    expect(node.headers.best()).toBe(node.headers.genesis);
    expect(peer.closedWith).toBeNull();
    expect(node.effectsOf('acceptBlock')).toEqual([]);
  });
});

test('two transactions of the pool with one short id leave the place empty', () => {
  const key = new Uint8Array(8);
  const genuine = transaction(1);
  const double = { ...transaction(2), id: genuine.id };
  const node = new TestNode({ seed: 1 }).headers.genesis;
  const ids = [genuine, transaction(3)].map(({ id }) => shortId(key, id));
  const rebuild = Rebuild.start(node, key, ids, [genuine, double])!;
  expect(rebuild.missing()).toEqual([0, 1]);
  expect(rebuild.fill([])).toBe(false);
  const came = [genuine.bytes, transaction(3).bytes];
  expect(rebuild.fill(came)).toBe(true);
  expect(rebuild.parts()).toEqual(came);
});
