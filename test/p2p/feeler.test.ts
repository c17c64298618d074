/** Addresses that are tried while all links are in place, and what becomes of one that claims more than we have. */
import { expect, test } from 'vitest';
import { encodeHeader } from '../../chain/format/header.ts';
import { AddressBook } from '../../p2p/addresses/address-book.ts';
import { parsePeerUrl } from '../../p2p/addresses/peer-url.ts';
import * as limits from '../../p2p/limits.ts';
import { type Made, makeChain, PARAMS } from './chain-maker.ts';
import { ScriptedPeer } from './scripted-peer.ts';
import { TestNode } from './test-node.ts';

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
const TARGET = 2;
/** A ledger on which no block for some minutes is nothing special. */
const SLOW = { ...PARAMS, difficulty: { ...PARAMS.difficulty, targetMs: 3_600_000, halfLifeMs: 36_000_000 } };
let linked: ScriptedPeer[] = [];
let pongs = new Map<ScriptedPeer, number>();

/** A node with all its outbound links, and other addresses that it knows of. */
function setUp(target = TARGET, params = SLOW) {
  linked = [];
  pongs = new Map();
  const node = new TestNode({ seed: 1, params, config: { outboundTarget: target } });
  const own = Array.from({ length: TARGET }, (_, i) => dialled(node, 10 + i, `ws://20.${i}.0.1:9000`, 1n));
  own[0]!.say('addresses', { urls: Array.from({ length: 40 }, (_, i) => ascii(`ws://30.${i}.0.1:9000`)) });
  return { node, own };
}

function dialled(node: TestNode, seed: number, address: string, work: bigint): ScriptedPeer {
  const options = { loopback: false, inbound: false, address, hello: { work } };
  const peer = new ScriptedPeer(node, seed, options).join();
  peer.say('headers', { request: peer.heard('getHeaders')[0]?.request ?? 0, headers: [] });
  linked.push(peer);
  return peer;
}

/** Lets time go on to that moment; all who are linked answer pings meanwhile. */
function at(node: TestNode, monotonicMs: number): void {
  while (node.now.monotonicMs < monotonicMs) {
    node.now = { ...node.now, monotonicMs: Math.min(monotonicMs, node.now.monotonicMs + 5_000) };
    node.input({ type: 'wake' });
    for (const peer of linked) {
      for (const { nonce } of peer.heard('ping').slice(pongs.get(peer) ?? 0)) peer.say('pong', { nonce });
      pongs.set(peer, peer.heard('ping').length);
    }
  }
}

const dials = (node: TestNode): string[] => node.effectsOf('dial').map(({ address }) => address);

/** Lets time pass until the next feeler is dialled. */
function feel(node: TestNode): string {
  const before = dials(node).length;
  for (let i = 0; i < 100 && dials(node).length === before; i++) at(node, node.now.monotonicMs + 5_000);
  expect(dials(node).length, node.closes.join()).toBe(before + 1);
  return dials(node).at(-1)!;
}

test('one address is tried now and then, remembered and left', () => {
  const { node } = setUp();
  expect(dials(node)).toEqual([]);
  const seen: string[] = [];
  for (let i = 0; i < 10; i++) {
    const began = node.now.monotonicMs;
    const address = feel(node);
    expect(node.now.monotonicMs - began).toBeLessThanOrEqual(1.5 * limits.FEELER_INTERVAL_MS + 5_000);
    expect(dialled(node, 40 + i, address, 1n).closedWith).toBe('FEELER');
    seen.push(address);
  }
  expect(new Set(seen).size).toBeGreaterThan(3);
  const met = node.machine.addresses().filter(({ lastSeenMs }) => lastSeenMs !== null);
  expect(new Set(met.map(({ url }) => url))).toEqual(new Set(seen));
});

test('one that never answers gives way, and no second is dialled meanwhile', () => {
  const { node } = setUp();
  const address = feel(node);
  at(node, node.now.monotonicMs + 10 * limits.FEELER_INTERVAL_MS);
  expect(dials(node)).toHaveLength(1);
  node.input({ type: 'dialFailed', address });
  feel(node);
  expect(dials(node)).toHaveLength(2);
});

test('nothing is tried while links are missing, for those are dialled anyway', () => {
  const { node } = setUp(TARGET + 1);
  const [address] = dials(node);
  node.input({ type: 'dialFailed', address: address! });
  expect(dials(node).length).toBeLessThanOrEqual(2);
});

/** A feeler that claims more work than the node has. */
function claim(node: TestNode, seed: number): ScriptedPeer {
  return dialled(node, seed, feel(node), 10n ** 9n);
}

function show(peer: ScriptedPeer, chain: readonly Made[]): void {
  for (const { header } of chain) peer.say('block', { header: encodeHeader(header), shortIds: [] });
}

test('one that claims more work and does not show it is left after its trial', () => {
  const { node } = setUp();
  const liar = claim(node, 50);
  expect(liar.closedWith).toBeNull();
  at(node, node.now.monotonicMs + limits.FEELER_TRIAL_MS);
  expect(liar.closedWith).toBe('FEELER');
});

test('one that shows more work than our own links stays, and none of those goes for it', () => {
  const { node, own } = setUp();
  const chain = makeChain(node.headers.genesis, 6, { params: SLOW });
  const kept: ScriptedPeer[] = [];
  for (let i = 0; i < limits.EXTRA_OUTBOUND_MAX + 1; i++) {
    const honest = claim(node, 50 + i);
    show(honest, chain.slice(0, 2 + i));
    at(node, node.now.monotonicMs + limits.FEELER_TRIAL_MS);
    kept.push(honest);
  }
  // Of those beside the target, the one that has shown least makes room.
  expect(kept.map(({ closedWith }) => closedWith)).toEqual(['FEELER', null, null]);
  expect(own.map(({ closedWith }) => closedWith)).toEqual([null, null]);
});

test('when no block comes for long, addresses are tried much more often', () => {
  const { node } = setUp(TARGET, PARAMS);
  at(node, limits.STALE_TIP_BLOCKS * PARAMS.difficulty.targetMs);
  dialled(node, 40, feel(node), 1n);
  const began = node.now.monotonicMs;
  for (let i = 0; i < 5; i++) dialled(node, 41 + i, feel(node), 1n);
  expect(node.now.monotonicMs - began).toBeLessThanOrEqual(
    5 * (1.5 * limits.FEELER_STALE_INTERVAL_MS + 5_000),
  );
});

test('liars on trial do not keep one out that tells the truth', () => {
  const { node } = setUp(TARGET, PARAMS);
  const [block] = makeChain(node.headers.genesis, 1);
  at(node, limits.STALE_TIP_BLOCKS * PARAMS.difficulty.targetMs);
  for (let i = 0; i < limits.FEELER_TRIALS_MAX - 1; i++) claim(node, 50 + i);
  const honest = claim(node, 60);
  show(honest, [block!]);
  at(node, node.now.monotonicMs + limits.FEELER_TRIAL_MS);
  expect([honest.closedWith, node.closes]).toEqual([
    null,
    Array(limits.FEELER_TRIALS_MAX - 1).fill('FEELER'),
  ]);
});

test('one that the operator names while it is tried stays', () => {
  const { node } = setUp();
  const address = feel(node);
  node.input({ type: 'connect', address });
  expect(dialled(node, 40, address, 1n).closedWith).toBeNull();
});

test('one that the operator names while it is on trial is dialled again after it', () => {
  const { node } = setUp();
  const liar = claim(node, 50);
  node.input({ type: 'connect', address: liar.address });
  const before = dials(node).length;
  at(node, node.now.monotonicMs + limits.FEELER_TRIAL_MS);
  expect(liar.closedWith).toBe('FEELER');
  expect(dials(node).slice(before)).toContain(liar.address);
});

test('links of the last run that are not needed do not take the turns of all others', () => {
  const book = new AddressBook(new Uint8Array(32));
  const urls = Array.from({ length: 20 }, (_, i) => `ws://40.${i}.0.1:9000`);
  for (const url of urls) book.add(parsePeerUrl(url)!, '1.1');
  const anchors = [...book.values()].slice(0, limits.ANCHORS_MAX).map(({ address }) => address.url);
  book.anchor(new Set(anchors));
  const other = new TestNode({ seed: 2, params: SLOW, config: { outboundTarget: TARGET } });
  for (let i = 0; i < TARGET; i++) dialled(other, 10 + i, `ws://20.${i}.0.1:9000`, 1n);
  other.input({ type: 'start', savedAddresses: book.save() });
  const seen = Array.from({ length: 6 }, (_, i) => {
    const address = feel(other);
    dialled(other, 40 + i, address, 1n);
    return address;
  });
  expect(seen.filter((url) => !anchors.includes(url)).length).toBeGreaterThan(1);
});

test('one that the operator named is never dialled only to be left', () => {
  const { node } = setUp(TARGET, PARAMS);
  at(node, limits.STALE_TIP_BLOCKS * PARAMS.difficulty.targetMs);
  node.input({ type: 'dialFailed', address: feel(node) });
  // As many as are dialled at once: the one named last has to wait for its turn.
  const named = Array.from({ length: limits.DIALS_MAX + 1 }, (_, i) => `ws://50.${i}.0.1:9000`);
  for (const address of named) node.input({ type: 'connect', address });
  at(node, node.now.monotonicMs + 2 * limits.FEELER_STALE_INTERVAL_MS);
  const waiting = named.filter((url) => !dials(node).includes(url));
  expect(waiting).toHaveLength(1);
});
