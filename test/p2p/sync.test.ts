import { describe, expect, test } from 'vitest';
import { encodeBody } from '../../chain/format/block.ts';
import { encodeHeader } from '../../chain/format/header.ts';
import * as limits from '../../p2p/limits.ts';
import {
  hasWork,
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

/** Answers the headers the node asks for, from `chain`, which begins at genesis, until it asks no more. */
function answerHeaders(peer: ScriptedPeer, chain: readonly Made[], max: number = limits.HEADERS_MAX): void {
  for (let ask = peer.fresh('getHeaders').at(-1); ask !== undefined; ask = peer.fresh('getHeaders').at(-1)) {
    const known = ask.locator.map(String);
    const from = chain.findLastIndex(({ context }) => known.includes(String(context.id))) + 1;
    peer.say('headers', {
      request: ask.request,
      headers: chain.slice(from, from + max).map(({ header }) => encodeHeader(header)),
    });
  }
}

const idsOf = (chain: readonly Made[]): string[] => chain.map(({ context }) => String(context.id));

describe('syncing', () => {
  test('a fresh node gets 2,000 blocks from one peer', () => {
    const world = new World();
    const a = world.add(1);
    const tip = a.give(makeChain(a.headers.genesis, 2_000));
    const b = world.add(2);
    world.connect(b, a);
    expect(b.chain.tip.key).toBe(tip.key);
    expect(b.machine.syncState()).toEqual({ syncing: false, headers: 2_000, missing: 0, inFlight: 0 });
    expect([...a.closes, ...b.closes]).toEqual([]);
    expect(b.effectsOf('acceptBlock')).toHaveLength(2_000);
  });

  test('the node that listens syncs from the one that dialled', () => {
    const world = new World();
    const a = world.add(1);
    const tip = a.give(makeChain(a.headers.genesis, 50));
    const b = world.add(2);
    world.connect(a, b);
    expect(b.chain.tip.key).toBe(tip.key);
  });

  test('takes the bodies from several peers at once', () => {
    const world = new World();
    const blocks = makeChain(new TestNode({ seed: 9 }).headers.genesis, 600, {
      body: (i) => transactions(i * 3, 3),
    });
    const sources = [1, 2, 3].map((seed) => world.add(seed));
    for (const source of sources) source.give(blocks);
    const fresh = world.add(4, {
      config: { peers: [1, 2, 3].map((seed) => `ws://127.0.0.1:${9000 + seed}`) },
    });
    world.run();
    expect(fresh.chain.tip.height).toBe(600);
    for (const source of sources) expect(world.count('body', source, fresh)).toBeGreaterThan(60);
    expect(world.count('body')).toBe(600);
  });

  test('moves both sides of a split to the branch with more work', () => {
    const world = new World();
    const [a, b] = [world.add(1), world.add(2)];
    const shared = makeChain(a.headers.genesis, 30);
    a.give(shared);
    b.give(shared);
    const fork = shared.at(-1)!.context;
    a.give(makeChain(fork, 10, { salt: 1 }));
    const best = b.give(makeChain(fork, 12, { salt: 2 }));
    world.connect(a, b);
    expect(a.chain.tip.key).toBe(best.key);
    expect(b.chain.tip.key).toBe(best.key);
    expect(world.count('body', b, a)).toBe(12);
    expect(world.count('body', a, b)).toBe(0);
  });

  test('hears of a tip that came by sync and was never pushed', () => {
    const world = new World();
    const [a, b, c] = [1, 2, 3].map((seed) => world.add(seed)) as [TestNode, TestNode, TestNode];
    world.connect(c, b);
    const tip = a.give(makeChain(a.headers.genesis, 700));
    world.connect(b, a);
    world.advance(2_000);
    expect(c.chain.tip.key).toBe(tip.key);
  });

  test('asks in a locator that goes back to genesis, and answers one', () => {
    const node = new TestNode({ seed: 1 });
    const blocks = makeChain(node.headers.genesis, 40);
    node.give(blocks);
    const peer = new ScriptedPeer(node, 2).join();
    const [ask] = peer.heard('getHeaders');
    expect(ask!.locator[0]).toEqual(blocks.at(-2)!.context.id);
    expect(ask!.locator.at(-1)).toEqual(node.headers.genesis.id);
    peer.say('getHeaders', { request: 1, locator: [new Uint8Array(32), blocks[36]!.context.id] });
    expect(peer.heard('headers')[0]!.headers).toEqual(
      blocks.slice(37).map(({ header }) => encodeHeader(header)),
    );
  });
});

describe('asking for headers', () => {
  test('goes to one peer at a time, and to the next when the first is slow', () => {
    const node = new TestNode({ seed: 1 });
    const [slow, quick] = [2, 3].map((seed) => new ScriptedPeer(node, seed).join()) as [
      ScriptedPeer,
      ScriptedPeer,
    ];
    expect(slow.heard('getHeaders')).toHaveLength(1);
    expect(quick.heard('getHeaders')).toHaveLength(0);
    expect(node.machine.deadline()).toBe(limits.HEADERS_PATIENCE_MS);
    node.now = { ...node.now, monotonicMs: limits.HEADERS_PATIENCE_MS };
    node.input({ type: 'wake' });
    expect(quick.heard('getHeaders')).toHaveLength(1);
    node.now = { ...node.now, monotonicMs: limits.HEADERS_TIMEOUT_MS };
    node.input({ type: 'wake' });
    expect(slow.closedWith).toBe('TIMEOUT');
    expect(quick.closedWith).toBeNull();
  });
});

describe('false headers', () => {
  const setUp = () => {
    const node = new TestNode({ seed: 1 });
    const peer = new ScriptedPeer(node, 2).join();
    const blocks = makeChain(node.headers.genesis, 5);
    return { node, peer, blocks, request: peer.heard('getHeaders')[0]!.request };
  };
  const bytesOf = (blocks: readonly Made[]): Uint8Array[] => blocks.map(({ header }) => encodeHeader(header));

  test('that do not follow one another close the peer and add nothing', () => {
    const { node, peer, blocks, request } = setUp();
    peer.say('headers', { request, headers: bytesOf([blocks[0]!, blocks[2]!]) });
    expect(peer.closedWith).toBe('BAD_HEADER');
    expect(node.headers.size).toBe(1);
  });

  test('without work close the peer', () => {
    const { node, peer, blocks, request } = setUp();
    const header = { ...blocks[0]!.header };
    do header.nonce++;
    while (hasWork(header));
    peer.say('headers', { request, headers: [encodeHeader(header)] });
    expect(peer.closedWith).toBe('BAD_HEADER');
    expect(node.headers.size).toBe(1);
  });

  test('with work, and a rule broken, close the peer', () => {
    const { peer, node, request } = setUp();
    const bad = makeBlock(node.headers.genesis);
    const header = { ...bad.header, elapsed: 1, nonce: 0 };
    while (!hasWork(header)) header.nonce++;
    peer.say('headers', { request, headers: [encodeHeader(header)] });
    expect(peer.closedWith).toBe('BAD_HEADER');
  });

  test('that start nowhere close the peer', () => {
    const { peer, blocks, request } = setUp();
    peer.say('headers', { request, headers: bytesOf(blocks.slice(2)) });
    expect(peer.closedWith).toBe('BAD_HEADER');
  });

  test('that nobody asked for, and those that come twice, are ignored', () => {
    const { node, peer, blocks, request } = setUp();
    peer.say('headers', { request: request + 7, headers: bytesOf(blocks) });
    expect(node.headers.size).toBe(1);
    peer.say('headers', { request, headers: bytesOf(blocks) });
    peer.say('headers', { request, headers: bytesOf(blocks) });
    expect(node.headers.size).toBe(6);
    expect(peer.closedWith).toBeNull();
  });

  test('from a host that is not this machine discourage it; loopback never', () => {
    for (const loopback of [true, false]) {
      const node = new TestNode({ seed: 1 });
      const address = loopback ? '127.0.0.1:5' : '10.1.2.3:5';
      const peer = new ScriptedPeer(node, 2, { loopback, address }).join();
      const request = peer.heard('getHeaders')[0]!.request;
      peer.say('headers', {
        request,
        headers: [encodeHeader({ ...makeBlock(node.headers.genesis).header, bits: 1 })],
      });
      expect(peer.closedWith).toBe('BAD_HEADER');
      const again = new ScriptedPeer(node, 3, { loopback, address });
      expect(again.closedWith).toBe(loopback ? null : 'DISCOURAGED');
      node.now = { ...node.now, monotonicMs: 3_600_001 };
      expect(new ScriptedPeer(node, 3, { loopback, address }).closedWith).toBeNull();
    }
  });

  test('a header from the future is held back, asked for again, and never marked', () => {
    const { node, peer, request } = setUp();
    const wallMs = PARAMS.time + 10_000;
    node.now = { monotonicMs: 0, wallMs };
    const soon = makeBlock(node.headers.genesis, { step: 15_000 });
    peer.say('headers', { request, headers: [encodeHeader(soon.header)] });
    expect(peer.closedWith).toBeNull();
    expect(node.headers.size).toBe(1);
    const dueMs = 15_000 - 10_000 - PARAMS.limits.futureMs;
    expect(node.machine.deadline()).toBe(dueMs);
    node.now = { monotonicMs: dueMs, wallMs: wallMs + dueMs };
    node.input({ type: 'wake' });
    answerHeaders(peer, [soon]);
    expect(node.headers.best().id).toEqual(soon.context.id);
  });
});

describe('a branch with little work', () => {
  /** A node whose tip is far ahead of where the branch leaves. */
  const setUp = (branchLength: number) => {
    const node = new TestNode({ seed: 1 });
    node.give(makeChain(node.headers.genesis, 400));
    const branch = makeChain(node.headers.genesis, branchLength, { salt: 1 });
    const peer = new ScriptedPeer(node, 2).join();
    return { node, peer, branch };
  };

  test('that stays behind is not stored', () => {
    const { node, peer, branch } = setUp(100);
    answerHeaders(peer, branch);
    expect(node.headers.size).toBe(401);
    expect(node.events('lowWork')).toHaveLength(1);
    expect(peer.closedWith).toBeNull();
  });

  test('that is pushed is not stored either', () => {
    const { node, peer, branch } = setUp(1);
    peer.say('tip', { header: encodeHeader(branch[0]!.header) });
    expect(node.headers.size).toBe(401);
    expect(peer.closedWith).toBeNull();
  });

  test('that is long is walked twice, and only then stored', () => {
    // The node's tip is 1,200 ahead; a batch of 500 is far below, three batches are enough.
    const node = new TestNode({ seed: 1 });
    node.give(makeChain(node.headers.genesis, 1_300));
    const branch = makeChain(node.headers.genesis, 1_600, { salt: 1 });
    const peer = new ScriptedPeer(node, 2).join();
    const ask = () => peer.fresh('getHeaders').at(-1)!;
    const answer = (from: number, to: number, request: number) =>
      peer.say('headers', {
        request,
        headers: branch.slice(from, to).map(({ header }) => encodeHeader(header)),
      });
    answer(0, 500, ask().request);
    expect(node.headers.size).toBe(1_301);
    const second = ask();
    expect(second.locator[0]).toEqual(branch[499]!.context.id);
    answer(500, 1_000, second.request);
    expect(node.headers.size).toBe(1_301);
    answer(1_000, 1_500, ask().request);
    expect(node.headers.size).toBe(1_301);
    expect(node.events('presyncDone')).toHaveLength(1);
    const again = ask();
    expect(again.locator).toEqual([node.headers.genesis.id]);
    answer(0, 500, again.request);
    expect(node.headers.size).toBe(1_801);
    answer(500, 1_000, ask().request);
    answer(1_000, 1_500, ask().request);
    answer(1_500, 1_600, ask().request);
    expect(node.headers.best().id).toEqual(branch.at(-1)!.context.id);
    expect(node.machine.peers()[0]!.heldBytes).toBe(0);
  });

  test('that changes between the walks is not stored', () => {
    const node = new TestNode({ seed: 1 });
    node.give(makeChain(node.headers.genesis, 700));
    const branch = makeChain(node.headers.genesis, 1_000, { salt: 1 });
    const other = makeChain(node.headers.genesis, 500, { salt: 2 });
    const peer = new ScriptedPeer(node, 2).join();
    const answer = (headers: readonly Made[]) =>
      peer.say('headers', {
        request: peer.fresh('getHeaders').at(-1)!.request,
        headers: headers.map(({ header }) => encodeHeader(header)),
      });
    answer(branch.slice(0, 500));
    answer(branch.slice(500));
    answer(other);
    expect(peer.closedWith).toBe('WALK_CHANGED');
    expect(node.headers.size).toBe(701);
  });
});

describe('headers without bodies', () => {
  test('of one peer are capped', () => {
    const node = new TestNode({ seed: 1 });
    const blocks = makeChain(node.headers.genesis, limits.UNPROVEN_HEADERS_MAX + 2_000);
    const peer = new ScriptedPeer(node, 2).join();
    answerHeaders(peer, blocks);
    expect(node.headers.size - 1).toBeLessThanOrEqual(limits.UNPROVEN_HEADERS_MAX);
    expect(node.headers.size - 1).toBeGreaterThan(limits.UNPROVEN_HEADERS_MAX - 2 * limits.HEADERS_MAX - 1);
    const next = blocks[node.headers.size - 1]!;
    peer.say('tip', { header: encodeHeader(next.header) });
    expect(node.headers.size - 1).toBeLessThanOrEqual(limits.UNPROVEN_HEADERS_MAX);
  });
});

describe('bodies', () => {
  const setUp = (length: number, options: { body?: (i: number) => ReturnType<typeof transactions> } = {}) => {
    const node = new TestNode({ seed: 1 });
    const blocks = makeChain(node.headers.genesis, length, options);
    const join = (seed: number) => {
      const peer = new ScriptedPeer(node, seed).join();
      answerHeaders(peer, blocks);
      return peer;
    };
    return { node, blocks, join };
  };
  const askedOf = (peer: ScriptedPeer): string[] =>
    peer.heard('getBodies').flatMap(({ ids }) => ids.map(String));
  const bodyOf = (made: Made): Uint8Array => encodeBody(made.transactions);

  test('are asked for inside the window, and a peer has at most its quota', () => {
    const { blocks, join } = setUp(3_000);
    const peer = join(2);
    expect(askedOf(peer)).toEqual(idsOf(blocks).slice(0, limits.BODIES_IN_FLIGHT_START));
  });

  test('are asked for only one at a time while too many bytes are held', () => {
    const { node, blocks, join } = setUp(100);
    (node.chain as { heldBytes: number }).heldBytes = limits.WINDOW_BYTES;
    expect(askedOf(join(2))).toEqual(idsOf(blocks).slice(0, 1));
  });

  test('are not asked for while too many bytes are held that wait for nothing missing', () => {
    const { node, blocks, join } = setUp(100);
    (node.chain as { heldBytes: number }).heldBytes = limits.WINDOW_BYTES;
    node.answersBlocks = false;
    const peer = join(2);
    const [{ request }] = peer.heard('getBodies') as unknown as [{ request: number }];
    peer.say('body', { request, id: blocks[0]!.context.id, body: bodyOf(blocks[0]!) });
    expect(askedOf(peer)).toEqual(idsOf(blocks).slice(0, 1));
    node.give(blocks.slice(0, 1));
    node.input({ type: 'blockChecked', node: node.chain.tip, error: null, link: null });
    expect(askedOf(peer)).toEqual(idsOf(blocks).slice(0, 2));
  });

  test('that are late are asked of another, and come late in vain', () => {
    const { node, blocks, join } = setUp(8);
    const slow = join(2);
    const other = join(3);
    expect(askedOf(other)).toEqual([]);
    node.now = { ...node.now, monotonicMs: limits.STALL_MS };
    node.input({ type: 'wake' });
    expect(askedOf(other)).toEqual(idsOf(blocks));
    expect(slow.closedWith).toBeNull();
    for (const made of blocks)
      other.say('body', {
        request: other.heard('getBodies')[0]!.request,
        id: made.context.id,
        body: bodyOf(made),
      });
    expect(node.chain.tip.height).toBe(8);
    slow.say('body', {
      request: slow.heard('getBodies')[0]!.request,
      id: blocks[0]!.context.id,
      body: bodyOf(blocks[0]!),
    });
    expect(slow.closedWith).toBeNull();
    expect(node.effectsOf('acceptBlock')).toHaveLength(8);
  });

  test('that hold up the window cost their peer the link', () => {
    const { node, blocks, join } = setUp(limits.WINDOW_BLOCKS + 100);
    const staller = join(2);
    const other = join(3);
    let served = 0;
    const serve = () => {
      for (
        let ask = other.heard('getBodies')[served];
        ask !== undefined;
        ask = other.heard('getBodies')[served]
      ) {
        served++;
        for (const id of ask.ids) {
          const made = blocks.find(({ context }) => String(context.id) === String(id))!;
          other.say('body', { request: ask.request, id, body: bodyOf(made) });
        }
      }
    };
    node.now = { ...node.now, monotonicMs: 100 };
    serve();
    expect(node.chain.tip.height).toBe(0);
    node.now = { ...node.now, monotonicMs: limits.STALL_MS };
    node.input({ type: 'wake' });
    expect(staller.closedWith).toBe('STALLED');
    serve();
    expect(node.chain.tip.height).toBe(blocks.length);
  });

  test('that never come cost the only peer the link in the end', () => {
    const { node, join } = setUp(4);
    const peer = join(2);
    for (let i = 1; i <= limits.BODY_TIMEOUTS_MAX; i++) {
      node.now = { ...node.now, monotonicMs: i * limits.BODY_TIMEOUT_MS };
      peer.say('pong', { nonce: peer.heard('ping').at(-1)!.nonce });
    }
    expect(peer.closedWith).toBe('TIMEOUT');
    expect(askedOf(peer)).toHaveLength(4 * limits.BODY_TIMEOUTS_MAX);
  });

  test('that a peer says it has not are asked of another, and not of it again', () => {
    const { node, blocks, join } = setUp(3);
    const lacking = join(2);
    const ask = lacking.heard('getBodies')[0]!;
    for (const id of ask.ids) lacking.say('noBody', { request: ask.request, id });
    expect(askedOf(lacking)).toHaveLength(3);
    const other = join(3);
    expect(askedOf(other)).toEqual(idsOf(blocks));
    expect(lacking.closedWith).toBeNull();
    expect(node.machine.syncState().inFlight).toBe(3);
  });

  test('that are mutated close their peer, leave the block good and the requests of others alone', () => {
    const { node, blocks, join } = setUp(2, { body: (i) => transactions(i * 5, 2) });
    const liar = join(2);
    const { request, ids } = liar.heard('getBodies')[0]!;
    liar.say('body', { request, id: ids[0]!, body: encodeBody(transactions(90, 2)) });
    expect(liar.closedWith).toBe('MUTATED_BODY');
    expect(node.headers.best().invalid).toBe(false);
    const honest = join(3);
    const intruder = join(4);
    intruder.say('body', { request: 9, id: ids[0]!, body: encodeBody([]) });
    expect(intruder.closedWith).toBe('MUTATED_BODY');
    expect(node.machine.syncState().inFlight).toBe(2);
    for (const made of blocks) honest.say('body', { request: 1, id: made.context.id, body: bodyOf(made) });
    expect(node.chain.tip.height).toBe(2);
  });

  test('that are malformed close their peer', () => {
    const { join } = setUp(2);
    const peer = join(2);
    const { request, ids } = peer.heard('getBodies')[0]!;
    peer.say('body', { request, id: ids[0]!, body: Uint8Array.of(1, 2, 3) });
    expect(peer.closedWith).toBe('MALFORMED');
  });

  test('that match and hold a malformed transaction make the block invalid and nobody guilty', () => {
    const { node, join } = setUp(2, { body: () => [malformed(1)] });
    const peer = join(2);
    const { request, ids } = peer.heard('getBodies')[0]!;
    peer.say('body', { request, id: ids[0]!, body: encodeBody([malformed(1)]) });
    expect(peer.closedWith).toBeNull();
    expect(node.headers.best()).toBe(node.headers.genesis);
    expect(node.events('bodyInvalid')).toEqual([{ height: 1, code: 'MALFORMED' }]);
    const other = join(3);
    expect([...askedOf(peer).slice(2), ...askedOf(other)]).toEqual([]);
  });

  test('that do not match are another body, whatever is wrong with their transactions', () => {
    const { node, blocks, join } = setUp(1, { body: () => [transaction(1)] });
    const liar = join(2);
    const { request, ids } = liar.heard('getBodies')[0]!;
    const many = transactions(0, PARAMS.limits.blockSignatures + 1);
    liar.say('body', { request, id: ids[0]!, body: encodeBody([malformed(1), ...many]) });
    expect(liar.closedWith).toBe('MUTATED_BODY');
    const honest = join(3);
    honest.say('body', { request: 1, id: ids[0]!, body: bodyOf(blocks[0]!) });
    expect(node.chain.tip.height).toBe(1);
  });

  test('that match and break a limit make the block invalid and nobody guilty', () => {
    const { node, join } = setUp(2, { body: () => transactions(0, PARAMS.limits.blockSignatures + 1) });
    const peer = join(2);
    const { request, ids } = peer.heard('getBodies')[0]!;
    peer.say('body', {
      request,
      id: ids[0]!,
      body: encodeBody(transactions(0, PARAMS.limits.blockSignatures + 1)),
    });
    expect(peer.closedWith).toBeNull();
    expect(node.headers.best()).toBe(node.headers.genesis);
    expect(node.events('bodyInvalid')).toEqual([{ height: 1, code: 'TOO_MANY_SIGNATURES' }]);
  });
});

describe('serving bodies', () => {
  test('reads a few at a time, and says what it has not', () => {
    const node = new TestNode({ seed: 1 });
    const blocks = makeChain(node.headers.genesis, 30);
    node.give(blocks);
    node.answersReads = false;
    const peer = new ScriptedPeer(node, 2).join();
    peer.say('getBodies', { request: 4, ids: [new Uint8Array(32), node.headers.genesis.id] });
    expect(peer.heard('noBody').map(({ request }) => request)).toEqual([4, 4]);
    peer.say('getBodies', { request: 5, ids: blocks.slice(0, 16).map(({ context }) => context.id) });
    expect(node.effectsOf('readBody')).toHaveLength(limits.READS_PER_PEER_MAX);
    const [first] = node.effectsOf('readBody');
    node.input({ type: 'bodyRead', token: first!.token, body: encodeBody([]) });
    expect(peer.heard('body')).toEqual([{ request: 5, id: blocks[0]!.context.id, body: encodeBody([]) }]);
    expect(node.effectsOf('readBody')).toHaveLength(limits.READS_PER_PEER_MAX + 1);
    node.input({ type: 'bodyRead', token: first!.token, body: encodeBody([]) });
    node.input({ type: 'bodyRead', token: 999, body: null });
    expect(peer.heard('body')).toHaveLength(1);
  });

  test('stops while the link is congested and goes on when it has drained', () => {
    const node = new TestNode({
      seed: 1,
      params: { ...PARAMS, limits: { ...PARAMS.limits, blockBytes: 1024 * 1024 } },
    });
    const blocks = makeChain(node.headers.genesis, 16);
    node.give(blocks);
    node.answersReads = false;
    const peer = new ScriptedPeer(node, 2).join();
    peer.drain();
    peer.say('getBodies', { request: 5, ids: blocks.map(({ context }) => context.id) });
    const answer = () => {
      for (const { token } of node.effectsOf('readBody'))
        node.input({ type: 'bodyRead', token, body: new Uint8Array(1024 * 1024) });
    };
    for (let i = 0; i < 20; i++) answer();
    expect(peer.heard('body').length).toBeLessThan(10);
    expect(peer.closedWith).toBeNull();
    for (let i = 0; i < 20; i++) {
      peer.drain();
      answer();
    }
    expect(peer.heard('body')).toHaveLength(16);
  });

  test('closes who asks for more than may be in flight', () => {
    const node = new TestNode({ seed: 1 });
    node.give(makeChain(node.headers.genesis, 16));
    node.answersReads = false;
    const peer = new ScriptedPeer(node, 2).join();
    const ids = [...node.headers.values()].slice(1).map(({ id }) => id);
    for (let i = 0; i <= limits.SERVING_MAX / 16; i++) peer.say('getBodies', { request: i, ids });
    expect(peer.closedWith).toBe('FLOOD');
  });
});

test('a branch that another overtakes while bodies of it are with the reactor is waited for no more', () => {
  const node = new TestNode({ seed: 1 });
  node.answersBlocks = false;
  const peer = new ScriptedPeer(node, 2).join();
  peer.say('headers', { request: peer.heard('getHeaders')[0]!.request, headers: [] });
  const first = makeBlock(node.headers.genesis, { transactions: transactions(0, 1) });
  const second = makeBlock(first.context, { transactions: transactions(1, 1) });
  // The first is being put together, and lacks a transaction; the second comes whole.
  peer.say('block', { header: encodeHeader(first.header), shortIds: [0] });
  peer.say('tip', { header: encodeHeader(second.header) });
  const { request } = peer.heard('getBodies')[0]!;
  peer.say('body', { request, id: second.context.id, body: encodeBody(second.transactions) });
  expect(node.machine.syncState().missing).toBe(2);
  const [given] = node.effectsOf('acceptBlock');
  node.give(makeChain(node.headers.genesis, 3, { salt: 1 }));
  node.input({ type: 'blockChecked', node: given!.node, error: null, link: peer.link });
  node.input({ type: 'tipChanged', tip: node.chain.tip });
  expect(node.machine.syncState()).toMatchObject({ syncing: false, missing: 0 });
});
