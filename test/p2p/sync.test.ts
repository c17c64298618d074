import { expect, test } from 'vitest';
import { makeChain, makeTree, transactions } from './chain-maker.ts';
import { World } from './world.ts';

test('a fresh node gets 2,000 blocks from one peer', () => {
  const world = new World();
  const a = world.add(1);
  const tip = a.give(makeChain(a.headers.genesis, 2_000));
  const b = world.add(2);
  world.connect(b, a);
  expect(b.chain.tip.key).toBe(tip.key);
  expect(b.machine.syncState()).toEqual({ syncing: false, headers: 2_000, missing: 0, inFlight: 0 });
  expect(a.closes).toEqual([]);
  expect(b.closes).toEqual([]);
});
