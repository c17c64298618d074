/** Nodes die at any moment and come back; new ones catch up. */
import { expect, test } from 'vitest';
import type { SimNode } from '../../sim/node.ts';
import { Payments } from '../../sim/payments.ts';
import { seeds, testWorld } from './replay.ts';

const FILE = 'restart';

test.each(seeds(1, 2, 3))('crashes at random moments, seed %i', { timeout: 60_000 }, async (seed) => {
  const world = testWorld(FILE, 'crashes at random moments', { seed, nodes: 4, diskLatencyMs: 25 });
  const payments = new Payments(world);
  await world.run(10_000);
  for (let i = 0; i < 40; i++) {
    const node = world.nodes[i % 4]!;
    await payments.pay(world.up[i % world.up.length]!, 2 * (i % 4), 1, 1_000 + i);
    // In the middle of a commit as often as not: disks are slow, and something is always written.
    await world.run(world.random.below(4_000));
    const heightBefore = node.reactor?.ledger.tip.height ?? 0;
    node.crash();
    await world.run(world.random.below(3_000));
    node.start();
    await world.until('it is up', () => node.reactor !== null, 60_000);
    expect(node.reactor!.ledger.tip.height).toBeGreaterThanOrEqual(heightBefore);
  }
  await world.until('all agree', () => world.up.length === world.nodes.length && world.agrees, 300_000);
  await world.until('all is mined', () => world.agrees && world.up[0]!.reactor!.pool.size === 0, 300_000);
  expect(await payments.lost()).toEqual([]);
  await world.auditSame();
});

test.each(seeds(1, 2))(
  'a lone node keeps what it acknowledged, seed %i',
  { timeout: 30_000 },
  async (seed) => {
    const options = { seed, nodes: 1, diskLatencyMs: 10, blockMs: 60_000 };
    const world = testWorld(FILE, 'a lone node keeps', options);
    const payments = new Payments(world);
    const [node] = world.nodes;
    await world.run(1_000);
    for (let i = 0; i < 20; i++) await payments.pay(node!, 0, 1, 1_000);
    expect(payments.accepted.size).toBe(20);
    node!.crash();
    node!.start();
    await world.until('it is up', () => node!.reactor !== null, 10_000);
    await world.until(
      'all is mined',
      () => node!.reactor!.ledger.tip.height > 0 && node!.atRest && node!.reactor!.pool.size === 0,
      600_000,
    );
    expect(await payments.unmined()).toEqual([]);
  },
);

test('what rests on a transaction that only peers have survives a restart', async () => {
  const world = testWorld(FILE, 'what rests on', { seed: 1, nodes: 2, miners: 0 });
  const [near, far] = world.nodes as [SimNode, SimNode];
  const pools = (): number[] => [near, far].map(({ reactor }) => reactor?.pool.size ?? -1);
  await world.run(5_000);
  await world.pay(near, 0, 1, 1_000);
  await world.run(1_000);
  world.network.split([[0], [1]], true);
  await world.pay(far, 0, 1, 1_000);
  expect(pools()).toEqual([1, 2]);
  far.crash();
  far.start();
  await world.run(1_000);
  // Its first came from the other node and was never its own to keep.
  expect(pools()).toEqual([1, 0]);
  world.network.heal();
  await world.until('both have both', () => pools().join() === '2,2', 120_000);
});

test.each(seeds(1, 2))('a fresh node catches up, seed %i', { timeout: 60_000 }, async (seed) => {
  const options = { seed, nodes: 4, started: 3, miners: 3, diskLatencyMs: seed === 1 ? 0 : 5 };
  const world = testWorld(FILE, 'a fresh node catches up', options);
  const payments = new Payments(world);
  await world.run(5_000);
  for (let i = 0; i < 100; i++) await payments.pay(world.nodes[i % 3]!, 2 * (i % 4), 1, 10);
  await world.until(
    '300 blocks',
    () => world.up.length === 3 && world.up.every(({ reactor }) => reactor!.ledger.tip.height >= 300),
    8_000_000,
  );
  const fresh = world.nodes[3]!;
  fresh.start();
  if (seed === 2) {
    await world.until('it has begun', () => (fresh.reactor?.ledger.tip.height ?? 0) > 0, 20_000, 1);
    fresh.crash();
    fresh.start();
  }
  const startedAt = world.now;
  await world.until('all agree', () => world.up.length === 4 && world.agrees, 60_000);
  expect(world.now - startedAt).toBeLessThan(30_000);
  await world.auditSame();
});
