import { describe, expect, test } from 'vitest';
import { HANDSHAKE_TIMEOUT_MS } from '../../p2p/limits.ts';
import { encodeMessage } from '../../p2p/messages.ts';
import { NAMES, SAMPLES } from './sample-messages.ts';
import { ScriptedPeer } from './scripted-peer.ts';
import { identityOf, TestNode } from './test-node.ts';
import { addressOf, World } from './world.ts';

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));

describe('a handshake', () => {
  test.each([true, false])('succeeds, inbound %s', (inbound) => {
    const node = new TestNode({ seed: 1 });
    const peer = new ScriptedPeer(node, 2, { inbound }).join();
    expect(peer.closedWith).toBeNull();
    expect(node.machine.peers()).toMatchObject([{ node: peer.nodeKey, inbound, agent: '' }]);
  });

  test('tells of the node: chain, identity, tip, address, agent', () => {
    const node = new TestNode({ seed: 1, config: { listen: 'ws://127.0.0.1:9', agent: 'pier/x' } });
    const [hello] = new ScriptedPeer(node, 2).heard('hello');
    expect(hello).toMatchObject({
      version: 1,
      chainId: node.headers.chainId,
      nodeId: identityOf(1).publicKey,
      work: node.chain.tip.work,
      height: 0,
      listen: ascii('ws://127.0.0.1:9'),
      agent: ascii('pier/x'),
    });
  });

  test('has a fresh nonce on every link', () => {
    const node = new TestNode({ seed: 1 });
    const nonces = [2, 3].map((seed) => String(new ScriptedPeer(node, seed).heard('hello')[0]!.nonce));
    expect(nonces[0]).not.toBe(nonces[1]);
  });

  test.each<[string, ConstructorParameters<typeof ScriptedPeer>[2]]>([
    ['WRONG_VERSION', { hello: { version: 2 } }],
    ['WRONG_CHAIN', { hello: { chainId: new Uint8Array(32) } }],
    ['SELF', { hello: { nodeId: identityOf(1).publicKey } }],
    ['MALFORMED', { hello: { listen: ascii('http://x') } }],
    ['MALFORMED', { hello: { agent: Uint8Array.of(27, 91, 65) } }],
  ])('ends with %s', (code, options) => {
    const node = new TestNode({ seed: 1 });
    const peer = new ScriptedPeer(node, 2, options);
    peer.say('hello', peer.hello);
    expect(peer.closedWith).toBe(code);
    expect(peer.heard('proof')).toEqual([]);
  });

  test('knows another version even if it cannot read its hello', () => {
    const peer = new ScriptedPeer(new TestNode({ seed: 1 }), 2);
    peer.sayBytes(Uint8Array.of(1, 0, 9, 1, 2, 3));
    expect(peer.closedWith).toBe('WRONG_VERSION');
  });

  test.each<[string, (peer: ScriptedPeer) => Uint8Array]>([
    ['of another key', (peer) => identityOf(3).sign(peer.transcript(peer.heard('hello')[0]!))],
    ['over the other role', (peer) => peer.identity.sign(peer.transcript(peer.heard('hello')[0]!, 2))],
    [
      'over another nonce',
      (peer) =>
        peer.identity.sign(peer.transcript({ ...peer.heard('hello')[0]!, nonce: new Uint8Array(32) })),
    ],
    ['that is ours, sent back', (peer) => peer.heard('proof')[0]!.signature],
  ])('refuses a proof %s', (_, signatureOf) => {
    const peer = new ScriptedPeer(new TestNode({ seed: 1 }), 2);
    peer.say('hello', peer.hello);
    peer.say('proof', { signature: signatureOf(peer) });
    expect(peer.closedWith).toBe('BAD_PROOF');
  });

  test('has proofs checked its own way, if it is given one', () => {
    for (const [verdict, closedWith] of [
      [true, null],
      [false, 'BAD_PROOF'],
    ] as const) {
      const asked: Uint8Array[][] = [];
      const verify = (...check: Uint8Array[]): boolean => {
        asked.push(check);
        return verdict;
      };
      const peer = new ScriptedPeer(new TestNode({ seed: 1, verify }), 2).join();
      expect(peer.closedWith).toBe(closedWith);
      const message = peer.transcript(peer.heard('hello')[0]!);
      expect(asked).toEqual([[peer.identity.publicKey, message, peer.identity.sign(message)]]);
    }
  });

  test('times out', () => {
    const node = new TestNode({ seed: 1 });
    const peer = new ScriptedPeer(node, 2);
    expect(node.machine.deadline()).toBe(HANDSHAKE_TIMEOUT_MS);
    node.now = { ...node.now, monotonicMs: HANDSHAKE_TIMEOUT_MS };
    node.input({ type: 'wake' });
    expect(peer.closedWith).toBe('HANDSHAKE_TIMEOUT');
    peer.hangUp();
    expect(node.machine.deadline()).toBeNull();
  });
});

describe('before the handshake is done', () => {
  const others = NAMES.filter((name) => name !== 'hello' && name !== 'proof');
  test.each(others)('%s closes the link', (name) => {
    const node = new TestNode({ seed: 1 });
    const early = new ScriptedPeer(node, 2);
    early.say(name, SAMPLES[name] as never);
    expect(early.closedWith).toBe('OUT_OF_ORDER');
    const half = new ScriptedPeer(node, 3);
    half.say('hello', half.hello);
    half.sayBytes(encodeMessage(name, SAMPLES[name] as never));
    expect(half.closedWith).toBe('OUT_OF_ORDER');
  });

  test('an unknown type closes it too, and later does not', () => {
    const node = new TestNode({ seed: 1 });
    const early = new ScriptedPeer(node, 2);
    early.sayBytes(Uint8Array.of(0xee));
    expect(early.closedWith).toBe('OUT_OF_ORDER');
    const joined = new ScriptedPeer(node, 3).join();
    joined.sayBytes(Uint8Array.of(0xee));
    expect(joined.closedWith).toBeNull();
  });

  test('a second hello closes it', () => {
    const peer = new ScriptedPeer(new TestNode({ seed: 1 }), 2).join();
    peer.say('hello', peer.hello);
    expect(peer.closedWith).toBe('OUT_OF_ORDER');
  });
});

describe('two links between the same nodes', () => {
  test('the later of the two, if the other is old: who has restarted is let in at once', () => {
    const node = new TestNode({ seed: 1 });
    const nonce = (byte: number) => ({ hello: { nonce: new Uint8Array(32).fill(byte) } });
    const dead = new ScriptedPeer(node, 2, nonce(1)).join();
    node.now = { ...node.now, monotonicMs: HANDSHAKE_TIMEOUT_MS - 1 };
    // Links that crossed: the lower nonce of the dialler stays, whichever was first.
    expect(new ScriptedPeer(node, 2, nonce(2)).join().closedWith).toBe('DUPLICATE');
    expect(dead.closedWith).toBeNull();
    node.now = { ...node.now, monotonicMs: HANDSHAKE_TIMEOUT_MS };
    const next = new ScriptedPeer(node, 2, nonce(2)).join();
    expect([dead.closedWith, next.closedWith]).toEqual(['DUPLICATE', null]);
    // Whoever only says that he is the node, without its key, changes nothing.
    node.now = { ...node.now, monotonicMs: 2 * HANDSHAKE_TIMEOUT_MS };
    const thief = new ScriptedPeer(node, 3, { hello: { nodeId: next.identity.publicKey } });
    thief.say('hello', thief.hello);
    thief.say('proof', { signature: new Uint8Array(64) });
    expect([thief.closedWith, next.closedWith]).toEqual(['BAD_PROOF', null]);
  });

  test('by an address behind which one is linked already: who dials leaves before it proves anything', () => {
    const node = new TestNode({ seed: 1 });
    const old = new ScriptedPeer(node, 2).join();
    node.now = { ...node.now, monotonicMs: HANDSHAKE_TIMEOUT_MS };
    // It may be somebody in between who hands everything on: a proof of ours would have the other side cut the old link.
    const alias = new ScriptedPeer(node, 2, { inbound: false, address: 'ws://127.0.0.1:7' });
    alias.say('hello', alias.hello);
    expect(alias.heard('proof')).toEqual([]);
    expect([alias.closedWith, old.closedWith]).toEqual(['DUPLICATE', null]);
  });

  test.each([
    [1, 2],
    [2, 1],
  ])('become one, the same for both, when %d and %d dial each other at once', (first, second) => {
    const world = new World();
    const a = world.add(first);
    const b = world.add(second);
    a.input({ type: 'connect', address: addressOf(b) });
    b.input({ type: 'connect', address: addressOf(a) });
    world.run();
    world.advance(60_000);
    expect(a.machine.peers()).toHaveLength(1);
    expect(b.machine.peers()).toHaveLength(1);
    const dialler = a.nodeKey < b.nodeKey ? a : b;
    expect(dialler.machine.peers()[0]!.inbound).toBe(false);
    expect([...a.closes, ...b.closes].every((code) => code === 'DUPLICATE')).toBe(true);
  });

  test('of one dialler: the lower nonce stays, whichever came first', () => {
    for (const order of [
      [1, 2],
      [2, 1],
    ]) {
      const node = new TestNode({ seed: 1 });
      const links = order.map((fill) =>
        new ScriptedPeer(node, 2, { hello: { nonce: new Uint8Array(32).fill(fill) } }).join(),
      );
      const kept = links.filter(({ closedWith }) => closedWith === null);
      expect(kept.map(({ hello }) => hello.nonce[0])).toEqual([1]);
    }
  });

  test('a node that dials itself finds out and does not try again', () => {
    const world = new World();
    const a = world.add(1, { config: { listen: '' } });
    a.input({ type: 'connect', address: addressOf(a) });
    world.run();
    world.advance(600_000);
    expect(a.closes.filter((code) => code === 'SELF')).toHaveLength(2);
    expect(a.effectsOf('dial')).toHaveLength(1);
  });
});

describe('the lab switch', () => {
  test('drops forbidden links, refuses new ones, and lets them back at once', () => {
    const world = new World();
    const [a, b, c] = [1, 2, 3].map((seed) => world.add(seed)) as [TestNode, TestNode, TestNode];
    world.connect(a, b);
    world.connect(a, c);
    a.input({ type: 'allow', nodeIds: [c.nodeKey] });
    world.advance(30_000);
    expect(a.machine.peers().map(({ node }) => node)).toEqual([c.nodeKey]);
    b.input({ type: 'connect', address: addressOf(a) });
    world.advance(30_000);
    expect(a.machine.peers()).toHaveLength(1);
    a.input({ type: 'allow', nodeIds: null });
    world.advance(3_000);
    expect(
      a.machine
        .peers()
        .map(({ node }) => node)
        .sort(),
    ).toEqual([b.nodeKey, c.nodeKey].sort());
  });
});

describe('keep-alive', () => {
  test('measures the round trip and closes who does not answer', () => {
    const node = new TestNode({ seed: 1 });
    const peer = new ScriptedPeer(node, 2).join();
    const [ping] = peer.heard('ping');
    peer.say('headers', { request: peer.heard('getHeaders')[0]!.request, headers: [] });
    node.now = { ...node.now, monotonicMs: 40 };
    peer.say('pong', { nonce: new Uint8Array(8) });
    expect(node.machine.peers()[0]!.pingMs).toBeNull();
    peer.say('pong', { nonce: ping!.nonce });
    expect(node.machine.peers()[0]!.pingMs).toBe(40);
    node.now = { ...node.now, monotonicMs: 30_040 };
    node.input({ type: 'wake' });
    expect(peer.heard('ping')).toHaveLength(2);
    node.now = { ...node.now, monotonicMs: 90_040 };
    node.input({ type: 'wake' });
    expect(peer.closedWith).toBe('PING_TIMEOUT');
  });

  test('asks nothing of a link on which something comes', () => {
    const node = new TestNode({ seed: 1 });
    const peer = new ScriptedPeer(node, 2).join();
    peer.say('headers', { request: peer.heard('getHeaders')[0]!.request, headers: [] });
    peer.say('pong', { nonce: peer.heard('ping')[0]!.nonce });
    for (let ms = 29_000; ms < 290_000; ms += 29_000) {
      node.now = { ...node.now, monotonicMs: ms };
      peer.say('ping', SAMPLES.ping);
    }
    const quietFromMs = node.now.monotonicMs;
    node.now = { ...node.now, monotonicMs: quietFromMs + 29_999 };
    node.input({ type: 'wake' });
    expect(peer.heard('ping')).toHaveLength(1);
    expect(node.machine.deadline()).toBe(quietFromMs + 30_000);
    node.now = { ...node.now, monotonicMs: quietFromMs + 30_000 };
    node.input({ type: 'wake' });
    expect(peer.heard('ping')).toHaveLength(2);
  });

  test('measures the round trip now and then, whatever comes', () => {
    const node = new TestNode({ seed: 1 });
    const peer = new ScriptedPeer(node, 2).join();
    peer.say('headers', { request: peer.heard('getHeaders')[0]!.request, headers: [] });
    for (let ms = 0; ms < 600_000; ms += 20_000) {
      node.now = { ...node.now, monotonicMs: ms + 100 };
      expect(peer.heard('ping')).toHaveLength(1);
      peer.say('pong', { nonce: peer.heard('ping')[0]!.nonce });
    }
    node.now = { ...node.now, monotonicMs: 600_099 };
    node.input({ type: 'wake' });
    expect(peer.heard('ping')).toHaveLength(1);
    node.now = { ...node.now, monotonicMs: 600_100 };
    node.input({ type: 'wake' });
    expect(peer.heard('ping')).toHaveLength(2);
  });

  test('answers a ping', () => {
    const peer = new ScriptedPeer(new TestNode({ seed: 1 }), 2).join();
    peer.say('ping', SAMPLES.ping);
    expect(peer.heard('pong')).toEqual([SAMPLES.ping]);
  });
});
