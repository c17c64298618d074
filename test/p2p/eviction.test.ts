import { describe, expect, test } from 'vitest';
import { fullestOf } from '../../p2p/census.ts';
import * as limits from '../../p2p/limits.ts';
import { type Candidate, chooseEviction } from '../../p2p/peers/eviction.ts';
import { ScriptedPeer } from './scripted-peer.ts';
import { TestNode } from './test-node.ts';

const candidate = (link: number, changes: Partial<Candidate> = {}): Candidate => ({
  link,
  openedAtMs: link,
  pingMs: null,
  lastTransactionAtMs: 0,
  lastBlockAtMs: 0,
  group: 'g',
  ...changes,
});

describe('the choice of whom to evict', () => {
  test('is nobody when there is nobody', () => {
    expect(chooseEviction([])).toBeNull();
  });

  test('is the youngest of those without merit', () => {
    expect(chooseEviction([1, 2, 3, 4].map((link) => candidate(link)))).toBe(4);
  });

  test.each<[string, number, (rank: number) => Partial<Candidate>]>([
    ['ping', 8, (rank) => ({ pingMs: rank })],
    ['transactions', 4, (rank) => ({ lastTransactionAtMs: 1_000 - rank })],
    ['blocks', 4, (rank) => ({ lastBlockAtMs: 1_000 - rank })],
  ])('spares the best by %s, even the youngest', (_, spared, merit) => {
    const good = Array.from({ length: spared }, (_, i) => candidate(100 + i, merit(i)));
    expect(chooseEviction(good)).toBeNull();
    expect(chooseEviction([candidate(1), ...good])).toBeNull();
    expect(chooseEviction([candidate(1), candidate(2), ...good])).toBe(2);
    expect(chooseEviction([...good, candidate(1), candidate(200, merit(spared))])).toBe(200);
  });

  test('spares the older half, and takes of the largest group', () => {
    const crowd = [10, 11, 12].map((link) => candidate(link, { group: 'crowd' }));
    const old = [1, 2, 3, 4].map((link) => candidate(link, { group: 'crowd' }));
    expect(chooseEviction([...old, ...crowd, candidate(20, { group: 'alone' })])).toBe(12);
  });

  test('does not hang on the order they are given in', () => {
    const all = Array.from({ length: 30 }, (_, i) => candidate(i, { group: `g${i % 4}`, pingMs: i % 7 }));
    expect(chooseEviction([...all].reverse())).toBe(chooseEviction(all));
  });
});

describe('inbound links', () => {
  const inbound = (node: TestNode, seed: number) =>
    new ScriptedPeer(node, seed, { loopback: false, address: `10.${seed}.0.1:5` });

  test('above the limit make one of the ready give way', () => {
    const node = new TestNode({ seed: 1, config: { inboundMax: 4 } });
    const peers = [2, 3, 4, 5].map((seed) => inbound(node, seed).join());
    const sixth = inbound(node, 6);
    // One that only opens a link takes nobody's place.
    expect(peers.map(({ closedWith }) => closedWith)).toEqual([null, null, null, null]);
    sixth.join();
    expect(peers.map(({ closedWith }) => closedWith)).toEqual([null, null, null, 'EVICTED']);
    expect(sixth.closedWith).toBeNull();
  });

  test('above the limit are refused while nobody can give way', () => {
    const node = new TestNode({ seed: 1, config: { inboundMax: 1 } });
    const only = inbound(node, 2).join();
    expect(inbound(node, 3).join().closedWith).toBe('INBOUND_FULL');
    expect(only.closedWith).toBeNull();
  });

  test('in their handshake are few', () => {
    const node = new TestNode({ seed: 1 });
    const idle = Array.from({ length: limits.INBOUND_GREETING_MAX + 3 }, (_, i) => inbound(node, i + 2));
    const refused = (): boolean[] => idle.map(({ closedWith }) => closedWith === 'INBOUND_FULL');
    expect(refused()).not.toContain(true);
    node.now = { ...node.now, monotonicMs: limits.INBOUND_GREETING_GRACE_MS };
    node.input({ type: 'wake' });
    expect(refused()).toEqual(idle.map((_, i) => i < 3));
    // Whoever idles doesn't keep out who doesn't, and those that came in a rush are bounded.
    for (let i = 0; i < 2 * limits.INBOUND_GREETING_RUSH; i++) inbound(node, 2 + (i % 200));
    const held = fullestOf(node.machine).held;
    expect(held.get('handshake.peers')).toBe(limits.INBOUND_GREETING_RUSH);
    expect(inbound(node, 200).join().closedWith).toBeNull();
  });

  test('of this machine are no crowd: who has nothing to show makes room by age', () => {
    const node = new TestNode({ seed: 1, config: { inboundMax: 3 } });
    const local = (seed: number) =>
      new ScriptedPeer(node, seed, { loopback: true, address: `127.0.0.1:${seed}` }).join();
    const peers = [local(2), local(3), inbound(node, 4).join()];
    local(5);
    expect(peers.map(({ closedWith }) => closedWith)).toEqual([null, null, 'EVICTED']);
  });
});
