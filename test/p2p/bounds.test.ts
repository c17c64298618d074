import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ERROR_TABLE, RuleError } from '../../chain/errors.ts';
import { EVENT_TABLE } from '../../p2p/events.ts';
import { FAULT_TABLE } from '../../p2p/faults.ts';
import * as limits from '../../p2p/limits.ts';
import { encodeMessage, MESSAGES } from '../../p2p/messages.ts';
import { makeBlock, makeChain, transactions } from './chain-maker.ts';
import { NAMES, SAMPLES } from './sample-messages.ts';
import { ScriptedPeer } from './scripted-peer.ts';
import { draws, TestNode } from './test-node.ts';
import { World } from './world.ts';

const joined = (node = new TestNode({ seed: 1 })) => ({ node, peer: new ScriptedPeer(node, 2).join() });
const EARNED = new Set([
  'MALFORMED',
  'OVERSIZE',
  'OUT_OF_ORDER',
  'BAD_HEADER',
  'BAD_TRANSACTION',
  'MUTATED_BODY',
  'FLOOD',
]);

describe('malformed frames', () => {
  test.each(NAMES)('%s, cut or bent anywhere, closes with a code of the table or is ignored', (name) => {
    const frame = encodeMessage(name, SAMPLES[name] as never);
    const random = draws(7);
    const cuts = Array.from({ length: frame.length }, (_, length) => frame.subarray(0, length));
    const bends = Array.from({ length: 60 }, () => {
      const bent = frame.slice();
      bent[random() % frame.length]! ^= 1 << (random() % 8);
      return bent;
    });
    const node = new TestNode({ seed: 1 });
    let peer = new ScriptedPeer(node, 2).join();
    // Every cut in the first fields, a sample of those in the long ones.
    for (const bytes of [
      ...cuts.filter((_, i) => i < 12 || i % 17 === 0),
      ...bends,
      Uint8Array.of(...frame, 0),
    ]) {
      peer.sayBytes(bytes);
      if (peer.closedWith === null) continue;
      expect(EARNED).toContain(peer.closedWith);
      peer.hangUp();
      peer = new ScriptedPeer(node, 2).join();
    }
    expect(peer.closedWith).toBeNull();
  });

  test.each(NAMES)('%s over its limit closes with OVERSIZE', (name) => {
    const { peer } = joined();
    const frame = new Uint8Array(MESSAGES[name].maxBytes + 1);
    frame[0] = MESSAGES[name].id;
    peer.sayBytes(frame);
    expect(peer.closedWith).toBe('OVERSIZE');
  });

  test('any bytes at all never make the machine throw', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 400 }), { maxLength: 12 }),
        fc.boolean(),
        (frames, first) => {
          const { node, peer } = joined();
          const ids = Object.values(MESSAGES).map(({ id }) => id);
          for (const bytes of frames) {
            if (first) bytes[0] = ids[bytes[0]! % ids.length]!;
            peer.sayBytes(bytes);
          }
          if (peer.closedWith !== null) expect(EARNED).toContain(peer.closedWith);
          expect(node.machine.peers().length).toBe(peer.closedWith === null ? 1 : 0);
        },
      ),
      { numRuns: 150, seed: 1 },
    );
  });

  test('late, duplicate and unknown answers are legal in every state', () => {
    const { peer } = joined();
    for (let i = 0; i < 3; i++) {
      peer.say('pong', SAMPLES.pong);
      peer.say('headers', { request: 99, headers: [] });
      peer.say('transactions', { request: 99, transactions: [] });
      peer.say('body', SAMPLES.body);
      peer.say('noBody', SAMPLES.noBody);
      peer.say('blockTransactions', { ...SAMPLES.blockTransactions, transactions: [] });
    }
    expect(peer.closedWith).toBeNull();
  });

  test('inputs about links that are gone are harmless', () => {
    const { node, peer } = joined();
    peer.hangUp();
    peer.sayBytes(Uint8Array.of(3));
    peer.drain();
    peer.hangUp();
    node.input({ type: 'disconnect', link: peer.link });
    node.input({
      type: 'transactionsChecked',
      link: peer.link,
      results: [{ key: 'ab'.repeat(32), error: null }],
    });
    node.input({ type: 'transactionsUnchecked', keys: ['ab'.repeat(32)] });
    node.input({ type: 'transactionsAdded', transactions: transactions(0, 1), link: peer.link });
    node.input({ type: 'blockChecked', node: node.headers.genesis, error: null, link: peer.link });
    expect(node.machine.peers()).toEqual([]);
  });
});

describe('a flooder', () => {
  test('of requests is made to wait, then closed, and answered only within its budget', () => {
    const { node, peer } = joined();
    const ids = Array.from({ length: limits.TRANSACTIONS_MAX }, (_, i) => new Uint8Array(32).fill(i));
    for (let i = 0; i < 10_000 && peer.closedWith === null; i++) {
      peer.say('getTransactions', { request: i, ids });
      if (i % 50 !== 0) continue;
      peer.drain();
      node.now = { ...node.now, monotonicMs: node.now.monotonicMs + 80 };
    }
    expect(peer.closedWith).toBe('FLOOD');
    // An id asked for costs five units.
    const answers = peer.heard('transactions').length;
    expect(answers).toBeGreaterThan(1_000);
    const elapsed = (node.now.monotonicMs * limits.BUDGET_UNITS_PER_SECOND) / 1_000;
    expect(answers).toBeLessThan((limits.BUDGET_UNITS_MAX + elapsed) / (5 * limits.TRANSACTIONS_MAX));
    expect(node.machine.peers()).toEqual([]);
  });

  test('of transactions that are checked in vain is closed; a mempool of them is no flood', () => {
    const { node, peer } = joined(new TestNode({ seed: 1, judge: () => new RuleError('NO_ACCOUNT') }));
    let sent = 0;
    while (peer.closedWith === null && sent < 20_000) {
      const batch = transactions(sent, limits.TRANSACTIONS_MAX);
      sent += batch.length;
      peer.say('announce', { ids: batch.map(({ id }) => id) });
      const [ask] = peer.fresh('getTransactions');
      peer.say('transactions', { request: ask?.request ?? 0, transactions: batch.map(({ bytes }) => bytes) });
    }
    expect(peer.closedWith).toBe('FLOOD');
    expect(sent).toBeGreaterThan(limits.ANNOUNCED_PER_PEER_MAX);
    expect(node.machine.peers()).toEqual([]);
  });

  test('that never reads has little queued', () => {
    const node = new TestNode({ seed: 1 });
    node.give(makeChain(node.headers.genesis, limits.HEADERS_MAX));
    const { peer } = joined(node);
    for (let i = 0; i < 1_000 && peer.closedWith === null; i++) {
      peer.say('getHeaders', { request: i, locator: [node.headers.genesis.id] });
    }
    const queued = node.effectsOf('send').reduce((sum, { bytes }) => sum + bytes.length, 0);
    expect(queued).toBeLessThan(limits.SEND_HIGH_BYTES + 200_000);
    expect(peer.closedWith).toBe('FLOOD');
  });

  test('of requests by many at once is served in short steps, each in its turn', () => {
    const node = new TestNode({ seed: 1 });
    node.give(makeChain(node.headers.genesis, limits.HEADERS_MAX));
    const peers = Array.from({ length: 8 }, (_, i) => new ScriptedPeer(node, i + 2).join());
    const answered = () => peers.map((peer) => peer.fresh('headers').length);
    const before = node.effects.length;
    for (const peer of peers) {
      for (let request = 1; request <= 20; request++) {
        peer.say('getHeaders', { request, locator: [node.headers.chainId] });
        peer.drain();
      }
    }
    expect(node.effects.length).toBeGreaterThan(before);
    const first = answered().reduce((sum, count) => sum + count);
    expect(first * limits.HEADERS_MAX * 5).toBeLessThan(2 * limits.SERVING_UNITS_MAX);
    let all = first;
    for (let steps = 0; all < 8 * 20; steps++) {
      expect(steps).toBeLessThan(1_000);
      const at = node.machine.deadline()!;
      node.now = { ...node.now, monotonicMs: Math.max(at, node.now.monotonicMs) };
      node.input({ type: 'wake' });
      for (const peer of peers) peer.drain();
      const counts = answered();
      all += counts.reduce((sum, count) => sum + count);
      // Nobody is served twice before another is served once.
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2);
    }
    expect(node.closes).toEqual([]);
  });

  test('of pushes has them dropped, then is closed', () => {
    const { peer } = joined();
    const junk = new Uint8Array(limits.UNKNOWN_BYTES_MAX).fill(0xee);
    for (let i = 0; i < 100_000 && peer.closedWith === null; i++) peer.sayBytes(junk);
    expect(peer.closedWith).toBe('FLOOD');
  });

  test('of announcements holds no more than it may', () => {
    const { node, peer } = joined();
    for (let i = 0; i < 30; i++) {
      peer.say('announce', {
        ids: Array.from({ length: 1024 }, (_, j) =>
          new Uint8Array(32)
            .fill(j)
            .fill(i, 0, 2)
            .fill(j >> 8, 2, 4),
        ),
      });
    }
    expect(node.machine.peers()[0]!.heldBytes).toBeLessThanOrEqual(limits.ANNOUNCED_PER_PEER_MAX * 256);
    peer.hangUp();
    expect(node.machine.deadline()).toBeNull();
  });

  test('whose requests waited is answered once its link has drained', () => {
    const node = new TestNode({ seed: 1 });
    node.give(makeChain(node.headers.genesis, limits.HEADERS_MAX));
    const { peer } = joined(node);
    for (let i = 0; i < 30; i++) peer.say('getHeaders', { request: i, locator: [node.headers.genesis.id] });
    expect(peer.heard('headers').length).toBeLessThan(30);
    expect(node.machine.peers()[0]!.heldBytes).toBeGreaterThan(0);
    for (let i = 0; i < 4; i++) {
      node.now = { ...node.now, monotonicMs: node.now.monotonicMs + 80 };
      peer.drain();
    }
    expect(peer.heard('headers').map(({ request }) => request)).toEqual(
      Array.from({ length: 30 }, (_, i) => i),
    );
    expect(node.machine.peers()[0]!.heldBytes).toBe(0);
  });
});

test('an honest network punishes nobody, whatever is lost or late', () => {
  const world = new World();
  const random = draws(5);
  const nodes = [1, 2, 3, 4].map((seed) => world.add(seed));
  for (const [i, node] of nodes.entries()) for (const other of nodes.slice(0, i)) world.connect(node, other);
  world.loses = ({ message }) => random() % 10 === 0 && MESSAGES[message.name].role !== 'handshake';
  for (let round = 0; round < 60; round++) {
    const node = nodes[random() % 4]!;
    node.submit(transactions(round * 10, 5));
    const block = makeBlock(node.chain.tip, {
      transactions: [...node.pool.values()].slice(0, 20),
      salt: round + 1,
    });
    node.mine(block);
    world.advance(1_500);
  }
  world.loses = () => false;
  world.advance(60_000);
  nodes[0]!.mine(makeBlock(nodes[0]!.chain.tip, { salt: 99 }));
  world.advance(60_000);
  for (const node of nodes) {
    expect(node.chain.tip.key).toBe(nodes[0]!.chain.tip.key);
    for (const code of node.closes) expect(FAULT_TABLE[code as keyof typeof FAULT_TABLE][2], code).toBe(0);
  }
});

test('the same inputs give the same effects', () => {
  const runOnce = () => {
    const world = new World();
    const nodes = [1, 2, 3].map((seed) => world.add(seed));
    world.connect(nodes[0]!, nodes[1]!);
    world.connect(nodes[1]!, nodes[2]!);
    nodes[0]!.submit(transactions(0, 30));
    nodes[2]!.mine(makeBlock(nodes[2]!.headers.genesis));
    world.advance(90_000);
    return world.carried.map(
      ({ from, to, message, bytes }) => `${from.seed}>${to.seed} ${message.name} ${bytes}`,
    );
  };
  expect(runOnce()).toEqual(runOnce());
});

test('a spurious wake changes nothing', () => {
  const { node } = joined();
  const before = node.machine.deadline();
  expect(node.input({ type: 'wake' })).toEqual([]);
  expect(node.machine.deadline()).toBe(before);
});

test('the tables are whole', () => {
  for (const [code, [meaning, , minutes]] of Object.entries(FAULT_TABLE)) {
    expect(code).toMatch(/^[A-Z_]+$/);
    expect(meaning.length).toBeGreaterThan(5);
    expect(minutes).toBeGreaterThanOrEqual(0);
  }
  expect(Object.keys(EVENT_TABLE).length).toBeGreaterThan(5);
  expect(ERROR_TABLE.MUTATED_BODY[0]).toBe('mutated');
});
