import { describe, expect, test } from 'vitest';
import { AddressBook } from '../../p2p/addresses/address-book.ts';
import { hostOf, parsePeerUrl } from '../../p2p/addresses/peer-url.ts';
import * as limits from '../../p2p/limits.ts';
import { ScriptedPeer } from './scripted-peer.ts';
import { TestNode } from './test-node.ts';
import { World } from './world.ts';

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
const url = (address: string) => parsePeerUrl(address)!;

describe('an address', () => {
  test.each([
    ['ws://10.1.2.3:9000', '10.1'],
    ['ws://127.0.0.1:1', 'loopback'],
    ['ws://127.8.8.8:65535', 'loopback'],
    ['ws://localhost:80', 'loopback'],
    ['ws://a.localhost:80', 'loopback'],
    ['ws://[::1]:80', 'loopback'],
    ['ws://[2001:db8::1]:80', '[2001:db8]'],
    ['ws://node-1.example:80', 'name'],
  ])('%s is in the group %s', (given, group) => {
    expect(parsePeerUrl(given)).toMatchObject({ url: given, group, loopback: group === 'loopback' });
  });

  test.each([
    '',
    'ws://',
    'ws://a',
    'http://a.b:1',
    'wss://a.b:1',
    'WS://a.b:1',
    'ws://A.b:1',
    'ws://a.b:0',
    'ws://a.b:01',
    'ws://a.b:65536',
    'ws://a.b:1/',
    'ws://a.b:1/x',
    'ws://u@a.b:1',
    'ws://a.b:1?x',
    'ws://a..b:1',
    'ws://-a.b:1',
    'ws://a-.b:1',
    'ws://1.2.3:1',
    'ws://1.2.3.4.5:1',
    'ws://256.1.1.1:1',
    'ws://01.1.1.1:1',
    'ws://0.0.0.0:1',
    'ws://224.0.0.1:1',
    'ws://255.255.255.255:1',
    'ws://[::]:1',
    'ws://[1::2::3]:1',
    'ws://[1:2:3:4:5:6:7]:1',
    'ws://[1:2:3:4:5:6:7:8::]:1',
    'ws://[ff02::1]:1',
    'ws://[12345::]:1',
    'ws://[::ffff:1.2.3.4]:1',
    'ws://a b:1',
    'ws://é.example:1',
    `ws://${'a'.repeat(60)}.example:1`,
    'ws://1:2',
    'ws://0x7f.1:80',
  ])('%s is refused', (given) => {
    expect(parsePeerUrl(given)).toBeNull();
  });

  test.each([
    ['ws://10.0.0.1:1', true],
    ['ws://192.168.0.1:1', true],
    ['ws://192.169.0.1:1', false],
    ['ws://172.15.0.1:1', false],
    ['ws://172.16.0.1:1', true],
    ['ws://172.31.0.1:1', true],
    ['ws://172.32.0.1:1', false],
    ['ws://169.254.1.1:1', true],
    ['ws://100.63.0.1:1', false],
    ['ws://100.64.0.1:1', true],
    ['ws://100.127.0.1:1', true],
    ['ws://100.128.0.1:1', false],
    ['ws://[fc00::1]:1', true],
    ['ws://[fdff::1]:1', true],
    ['ws://[fe80::1]:1', true],
    ['ws://[febf::1]:1', true],
    ['ws://[fec0::1]:1', false],
    ['ws://[2001:db8::1]:1', false],
    ['ws://node-1.example:1', true],
  ])("%s may lead into a network of one's own: %s", (given, site) => {
    expect(url(given).site).toBe(site);
  });

  test('has a host, with or without its scheme', () => {
    expect(hostOf('ws://10.1.2.3:9000')).toBe('10.1.2.3');
    expect(hostOf('[::1]:80')).toBe('[::1]');
    expect(hostOf('10.1.2.3:9000')).toBe('10.1.2.3');
    expect(hostOf('[::ffff:10.1.2.3]:9000')).toBe('10.1.2.3');
  });
});

describe('the address book', () => {
  const fill = (book: AddressBook, groups: number, source: string): void => {
    for (let i = 0; i < groups; i++) {
      for (let j = 0; j < 64; j++) book.add(url(`ws://${1 + (i >> 8)}.${i & 255}.0.${j}:9000`), source);
    }
  };

  test('is bounded, and one source group reaches only some of it', () => {
    const book = new AddressBook(new Uint8Array(32));
    fill(book, 1, '10.1');
    expect(book.size).toBeLessThanOrEqual(limits.BUCKET_SLOTS);
    fill(book, 1_000, '10.1');
    const reach = limits.NEW_BUCKETS_PER_SOURCE * limits.BUCKET_SLOTS;
    expect(book.size).toBeLessThanOrEqual(reach);
    expect(book.size).toBeGreaterThan(reach / 2);
    for (let source = 2; source < 40; source++) fill(book, 300, `10.${source}`);
    expect(book.size).toBeLessThanOrEqual(limits.NEW_BUCKETS * limits.BUCKET_SLOTS);
    expect(book.size).toBeGreaterThan(3 * reach);
  });

  test('keeps places over a restart: no source gets more of it than before', () => {
    const book = new AddressBook(new Uint8Array(32).fill(5));
    fill(book, 1_000, '10.1');
    const copy = new AddressBook(new Uint8Array(32));
    expect(copy.load(book.save())).toBe(true);
    fill(copy, 1_000, '10.1');
    expect(copy.size).toBe(book.size);
  });

  test('never gives a place away while its address answers, also among the tried', () => {
    const book = new AddressBook(new Uint8Array(32));
    for (let i = 1; i <= 200; i++) book.add(url(`ws://20.1.0.${i}:9000`), `30.${i}`);
    for (const entry of [...book.values()]) book.met(entry, `${entry.address.host}`, 1);
    const tried = [...book.values()].filter((entry) => entry.tried);
    // One group, one bucket: the others stay heard of.
    expect(tried.length).toBeLessThanOrEqual(limits.BUCKET_SLOTS);
    expect(tried.length).toBeGreaterThan(limits.BUCKET_SLOTS / 2);
    expect(book.size).toBeGreaterThan(tried.length);
  });

  test('finds places for the nodes of one machine', () => {
    const book = new AddressBook(new Uint8Array(32));
    for (let port = 9_000; port < 9_016; port++) book.add(url(`ws://127.0.0.1:${port}`), 'loopback');
    expect(book.size).toBeGreaterThanOrEqual(15);
  });

  test('places depend on its secret', () => {
    const survivors = [1, 2].map((fillByte) => {
      const book = new AddressBook(new Uint8Array(32).fill(fillByte));
      fill(book, 1, '10.1');
      return [...book.values()].map(({ address }) => address.url).join();
    });
    expect(survivors[0]).not.toBe(survivors[1]);
  });

  test('comes back from its bytes, met and heard', () => {
    const book = new AddressBook(new Uint8Array(32).fill(3));
    book.add(url('ws://10.1.0.1:1'), 'x');
    book.add(url('ws://10.2.0.1:1'), 'x');
    book.pin(url('ws://10.3.0.1:1'));
    book.met(book.get('ws://10.2.0.1:1')!, 'abcd', 1_234.5);
    book.anchor(new Set(['ws://10.1.0.1:1']));
    const copy = new AddressBook(new Uint8Array(32));
    expect(copy.load(book.save())).toBe(true);
    expect(
      [...copy.values()]
        .map(({ address, tried, metAtMs, anchor }) => [address.url, tried, metAtMs, anchor])
        .sort(),
    ).toEqual([
      ['ws://10.1.0.1:1', false, 0, true],
      ['ws://10.2.0.1:1', true, 1_234, false],
    ]);
    expect(copy.save()).toEqual(book.save());
  });

  test('takes nothing from damaged bytes', () => {
    const book = new AddressBook(new Uint8Array(32));
    book.add(url('ws://10.1.0.1:1'), 'x');
    const saved = book.save();
    for (const bytes of [saved.subarray(1), saved.subarray(0, -1), new Uint8Array(), ascii('{"a":1}')]) {
      const copy = new AddressBook(new Uint8Array(32));
      expect(copy.load(bytes)).toBe(false);
      expect(copy.size).toBe(0);
    }
  });

  test('gives the place of one that never answers to another', () => {
    const book = new AddressBook(new Uint8Array(32));
    fill(book, 1, '10.1');
    const before = [...book.values()];
    for (const entry of before) entry.misses = 3;
    fill(book, 1, '10.1');
    expect(before.some(({ address }) => book.get(address.url) === undefined)).toBe(true);
    expect(book.size).toBeLessThanOrEqual(limits.BUCKET_SLOTS);
  });
});

describe('addresses', () => {
  test('spread until five nodes that knew one another in a line are all linked', () => {
    const world = new World();
    const nodes = [1, 2, 3, 4, 5].map((seed) => world.add(seed));
    for (let i = 1; i < nodes.length; i++) world.connect(nodes[i]!, nodes[i - 1]!);
    world.advance(20_000);
    for (const node of nodes) expect(node.machine.peers()).toHaveLength(4);
    // At rest: only pings and the like are left to do.
    const mark = world.carried.length;
    world.advance(25_000);
    expect(
      world.carried.slice(mark).every(({ message }) => message.name === 'ping' || message.name === 'pong'),
    ).toBe(true);
  });

  test('are told once to a peer that asks, and not its own', () => {
    const node = new TestNode({ seed: 1 });
    const listen = 'ws://127.0.0.1:7001';
    const first = new ScriptedPeer(node, 2, { hello: { listen: ascii(listen) } }).join();
    const second = new ScriptedPeer(node, 3).join();
    for (const peer of [first, first, second]) peer.say('getAddresses', {});
    expect(first.heard('addresses')).toEqual([]);
    expect(second.heard('addresses').map(({ urls }) => urls.map(text))).toEqual([[listen]]);
    second.say('getAddresses', {});
    expect(second.heard('addresses')).toHaveLength(1);
  });

  test('of this machine are taken from this machine only', () => {
    const node = new TestNode({ seed: 1 });
    const far = new ScriptedPeer(node, 2, { loopback: false, address: '10.1.1.1:5' }).join();
    const urls = ['ws://127.0.0.1:7001', 'ws://10.9.0.1:7001', 'http://x', 'ws://10.9.0.1:7001'].map(ascii);
    far.say('addresses', { urls });
    expect(node.machine.addresses()).toEqual([{ url: 'ws://10.9.0.1:7001', lastSeenMs: null }]);
    expect(far.closedWith).toBeNull();
  });

  test('of a private network, and names, are taken from its members only, and told to them only', () => {
    const site = ['ws://10.9.0.1:7001', 'ws://192.168.1.2:80', 'ws://router.example:80', 'ws://[fd00::1]:80'];
    const world = 'ws://20.1.0.1:9000';
    for (const [address, taken] of [
      ['30.1.0.1:5', [world]],
      ['[2001:db8::1]:5', [world]],
      ['10.1.0.1:5', [...site.slice(0, 3), world]],
    ] as const) {
      const node = new TestNode({ seed: 1, config: { outboundTarget: 0 } });
      const teller = new ScriptedPeer(node, 2, { loopback: false, address }).join();
      const near = new ScriptedPeer(node, 3, { loopback: false, address: '192.168.1.7:5' }).join();
      const far = new ScriptedPeer(node, 4, { loopback: false, address: '40.1.0.1:5' }).join();
      // Four are news; the world's comes first.
      teller.say('addresses', { urls: [world, ...site.slice(0, 3)].map(ascii) });
      expect(
        node.machine
          .addresses()
          .map(({ url }) => url)
          .sort(),
      ).toEqual([...taken].sort());
      expect(teller.closedWith).toBeNull();
      const told = (peer: ScriptedPeer): string[] =>
        peer.heard('addresses').flatMap(({ urls }) => urls.map(text));
      expect(told(far)).toEqual([world]);
      expect(told(near).sort()).toEqual([...taken].sort());
      far.say('getAddresses', {});
      near.say('getAddresses', {});
      expect(told(far)).toEqual([world, world]);
    }
  });

  test('of a flooder are taken slowly, of one that dialled us more slowly', () => {
    const batch = (n: number) => Array.from({ length: 64 }, (_, i) => ascii(`ws://${20 + n}.${i}.0.1:9000`));
    for (const [inbound, most] of [
      [true, limits.ADDRESS_TOKENS_INBOUND],
      [false, limits.ADDRESS_TOKENS_MAX],
    ] as const) {
      const node = new TestNode({ seed: 1, config: { outboundTarget: 0 } });
      const address = inbound ? '10.1.1.1:5' : 'ws://10.1.1.1:5';
      const peer = new ScriptedPeer(node, 2, { loopback: false, inbound, address }).join();
      for (let n = 0; n < 100; n++) peer.say('addresses', { urls: batch(n) });
      expect(node.machine.addresses().length).toBeLessThanOrEqual(most);
      expect(node.machine.addresses().length).toBeGreaterThan(most / 2);
    }
  });

  test('that are news are passed on to two others, once', () => {
    const node = new TestNode({ seed: 1, config: { outboundTarget: 0 } });
    const peers = [2, 3, 4, 5].map((seed) => new ScriptedPeer(node, seed).join());
    const urls = [ascii('ws://127.0.0.1:7001')];
    peers[0]!.say('addresses', { urls });
    peers[1]!.say('addresses', { urls });
    const told = peers.filter((peer) => peer.heard('addresses').length > 0);
    expect(told).toHaveLength(limits.ADDRESS_RELAY_LINKS);
    expect(told).not.toContain(peers[0]);
  });

  test('are saved some seconds after a change, and not at every one', () => {
    const world = new World();
    const node = world.add(1);
    const peer = new ScriptedPeer(node, 2).join();
    peer.say('addresses', { urls: [ascii('ws://127.0.0.1:7001')] });
    world.advance(4_000);
    expect(node.effectsOf('saveAddresses')).toHaveLength(0);
    world.advance(2_000);
    expect(node.effectsOf('saveAddresses')).toHaveLength(1);
    peer.say('addresses', { urls: [ascii('ws://127.0.0.1:7002')] });
    world.advance(30_000);
    expect(node.effectsOf('saveAddresses')).toHaveLength(1);
    world.advance(31_000);
    const [, second] = node.effectsOf('saveAddresses');
    const again = new TestNode({ seed: 3 });
    again.input({ type: 'start', savedAddresses: second!.bytes });
    expect(again.machine.addresses()).toHaveLength(node.machine.addresses().length);
    expect(
      again
        .effectsOf('dial')
        .map(({ address }) => address)
        .sort(),
    ).toEqual(['ws://127.0.0.1:7001', 'ws://127.0.0.1:7002']);
  });
});

describe('dialling', () => {
  /** Milliseconds between the dials of one address in an hour, nobody ever answering. */
  const gapsOf = (world: World, node: TestNode, url: string): number[] => {
    const times: number[] = [];
    let seen = 0;
    for (let second = 0; second < 3_600; second++) {
      world.advance(1_000);
      const dials = node.effectsOf('dial').filter(({ address }) => address === url).length;
      for (; seen < dials; seen++) times.push(world.nowMs);
    }
    return times.slice(1).map((at, i) => at - times[i]!);
  };

  test('waits longer after each failure, up to its end', () => {
    const url = 'ws://127.0.0.1:7001';
    const world = new World();
    const node = world.add(1);
    const peer = new ScriptedPeer(node, 2).join();
    peer.say('addresses', { urls: [ascii(url)] });
    const gaps = gapsOf(world, node, url);
    for (const [i, gap] of gaps.slice(1).entries())
      expect(gap).toBeGreaterThanOrEqual(Math.min(gaps[i]!, 300_000));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(376_000);
    expect(gaps.length).toBeLessThan(24);
  });

  test('waits seconds, not minutes, for an address the operator named', () => {
    const world = new World();
    const url = 'ws://127.0.0.1:7001';
    const gaps = gapsOf(world, world.add(1, { config: { peers: [url] } }), url);
    for (const [i, gap] of gaps.slice(1).entries())
      expect(gap).toBeGreaterThanOrEqual(Math.min(gaps[i]!, 15_000));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(20_000);
  });

  test('tries a named address again once its host is no more shut out, though nothing else happens', () => {
    const address = 'ws://20.0.0.1:9000';
    const node = new TestNode({ seed: 1, config: { peers: [address] } });
    node.input({ type: 'start', savedAddresses: null });
    const peer = new ScriptedPeer(node, 2, { loopback: false, inbound: false, address }).join();
    peer.say('transactions', { request: 1, transactions: [new Uint8Array(3)] });
    expect(peer.closedWith).toBe('BAD_TRANSACTION');
    peer.hangUp();
    const dials = () => node.effectsOf('dial').length;
    for (let at = node.machine.deadline(); at !== null && dials() < 2; at = node.machine.deadline()) {
      node.now = { ...node.now, monotonicMs: at };
      node.input({ type: 'wake' });
    }
    expect(dials()).toBe(2);
    expect(node.now.monotonicMs).toBeLessThanOrEqual(3_600_000 + limits.DIAL_BACKOFF_MAX_MS);
  });

  test('connects again to a node that was lost, within seconds', () => {
    const world = new World();
    const [a, b] = [world.add(1), world.add(2, { config: { outboundTarget: 0 } })];
    world.connect(a, b);
    world.cut(a, b);
    expect(a.machine.peers()).toEqual([]);
    world.advance(3_000);
    expect(a.machine.peers()).toHaveLength(1);
  });

  test('keeps to its target and to two a network group', () => {
    const node = new TestNode({ seed: 1, config: { outboundTarget: 9 } });
    const far = new ScriptedPeer(node, 2, {
      loopback: false,
      inbound: false,
      address: 'ws://10.1.1.1:5',
    }).join();
    const same = Array.from({ length: 20 }, (_, i) => ascii(`ws://20.1.0.${i + 1}:9000`));
    far.say('addresses', { urls: same });
    expect(node.effectsOf('dial')).toHaveLength(limits.OUTBOUND_PER_GROUP);
    far.say('addresses', { urls: Array.from({ length: 40 }, (_, i) => ascii(`ws://30.${i}.0.1:9000`)) });
    let link = 5_000;
    for (let i = 0; i < 30; i++) {
      const { address } = node.effectsOf('dial')[i] ?? {};
      if (address === undefined) break;
      node.input({ type: 'opened', link: link++, inbound: false, address, loopback: false });
    }
    // One of the nine was there from the beginning.
    expect(node.effectsOf('dial')).toHaveLength(8);
  });

  test('begins with the oldest links of the run before, whatever else is known', () => {
    const node = new TestNode({ seed: 1 });
    const anchors = ['ws://20.1.0.1:9000', 'ws://20.2.0.1:9000'];
    const first = new ScriptedPeer(node, 2, {
      loopback: false,
      inbound: false,
      address: 'ws://20.0.0.1:1',
    }).join();
    first.say('addresses', { urls: anchors.map(ascii) });
    for (const [i, address] of anchors.entries())
      new ScriptedPeer(node, 3 + i, { loopback: false, inbound: false, address }).join();
    first.say('addresses', { urls: Array.from({ length: 60 }, (_, i) => ascii(`ws://30.${i}.0.1:9000`)) });
    // A third link is younger, and no anchor.
    new ScriptedPeer(node, 9, { loopback: false, inbound: false, address: 'ws://30.1.0.1:9000' }).join();
    for (const monotonicMs of [1_000, 10_000]) {
      node.now = { ...node.now, monotonicMs };
      node.input({ type: 'wake' });
    }
    const again = new TestNode({ seed: 7 });
    again.input({ type: 'start', savedAddresses: node.effectsOf('saveAddresses').at(-1)!.bytes });
    const dials = again.effectsOf('dial').map(({ address }) => address);
    expect(dials).toHaveLength(limits.DIALS_MAX);
    expect(dials.slice(0, limits.ANCHORS_MAX).sort()).toEqual(anchors);
    // Those that don't answer yet stay anchors: they may be restarting too.
    for (const address of dials) again.input({ type: 'dialFailed', address });
    for (const monotonicMs of [1_000, 10_000, 80_000]) {
      again.now = { ...again.now, monotonicMs };
      again.input({ type: 'wake' });
    }
    const third = new TestNode({ seed: 8 });
    const saved =
      again.effectsOf('saveAddresses').at(-1)?.bytes ?? node.effectsOf('saveAddresses').at(-1)!.bytes;
    third.input({ type: 'start', savedAddresses: saved });
    expect(
      third
        .effectsOf('dial')
        .map(({ address }) => address)
        .slice(0, 2)
        .sort(),
    ).toEqual(anchors);
  });

  test('is not kept from an address by who says to be there, from another machine', () => {
    const url = 'ws://20.1.0.1:9000';
    for (const [address, dials] of [
      ['10.1.1.1:5', 1],
      ['20.1.0.1:5', 0],
    ] as const) {
      const node = new TestNode({ seed: 1 });
      const options = { loopback: false, address, hello: { listen: ascii(url) } };
      const claimant = new ScriptedPeer(node, 2, options).join();
      claimant.say('addresses', { urls: [ascii(url)] });
      expect(node.effectsOf('dial')).toHaveLength(dials);
    }
  });

  test('is not kept from a node by who only claims its id', () => {
    const url = 'ws://20.1.0.1:9000';
    const node = new TestNode({ seed: 1, config: { peers: [url] } });
    node.input({ type: 'start', savedAddresses: null });
    const honest = new ScriptedPeer(node, 3, { inbound: false, loopback: false, address: url }).join();
    const claimed = { nodeId: honest.identity.publicKey };
    const liar = new ScriptedPeer(node, 2, { loopback: false, address: '10.1.1.1:5', hello: claimed });
    liar.say('hello', liar.hello);
    honest.hangUp();
    node.now = { ...node.now, monotonicMs: 2_000 };
    node.input({ type: 'wake' });
    expect(node.effectsOf('dial')).toHaveLength(2);
  });

  test('leaves alone what the operator closed, until told to connect', () => {
    const world = new World();
    const [a, b] = [world.add(1), world.add(2, { config: { outboundTarget: 0 } })];
    world.connect(a, b);
    a.input({ type: 'disconnect', link: a.machine.peers()[0]!.link });
    world.advance(60_000);
    expect(a.machine.peers()).toEqual([]);
    world.connect(a, b);
    expect(a.machine.peers()).toHaveLength(1);
    expect(a.closes).toEqual(['REQUESTED']);
  });

  test('does not dial what is no address', () => {
    const node = new TestNode({ seed: 1 });
    node.input({ type: 'connect', address: 'http://127.0.0.1:1/' });
    expect(node.effectsOf('dial')).toEqual([]);
  });
});
