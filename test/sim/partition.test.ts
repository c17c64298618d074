/** Split in two, both sides grow; healed, there is one tip, and all that was accepted on either side is mined, once. */
import { expect, test } from 'vitest';
import { Payments } from '../../sim/payments.ts';
import { seeds, testWorld } from './replay.ts';

const FILE = 'partition';
const NAME = 'a partition heals';

test.each(seeds(1, 2, 3, 4))(`${NAME}, seed %i`, { timeout: 60_000 }, async (seed) => {
  const world = testWorld(FILE, NAME, { seed, nodes: 5, diskLatencyMs: seed % 2 === 0 ? 15 : 0 });
  const payments = new Payments(world);
  await world.run(30_000);
  const sides =
    seed < 3
      ? [
          [0, 1],
          [2, 3, 4],
        ]
      : [
          [0, 1, 2],
          [3, 4],
        ];
  world.network.split(sides, seed % 2 === 0);
  for (let second = 0; second < 120; second++) {
    // Each side has its own people, so nothing contradicts anything; those without an account live on what they got.
    const side = second % 2;
    const from = (second >> 1) % 4;
    const node = world.nodes[world.random.pick(sides[side]!)]!;
    const amount = world.users.isFunded(from) ? 1_000_000 : 1_000;
    await payments.pay(node, 4 * side + from, 4 * side + ((from + 1) % 4), amount);
    await world.run(1_000);
  }
  const [left, right] = [world.nodes[0]!, world.nodes[4]!].map(({ reactor }) => reactor!.ledger.tip);
  expect(left).not.toBe(right);
  expect(Math.min(left!.height, right!.height)).toBeGreaterThan(3);
  expect(payments.accepted.size).toBeGreaterThan(90);
  world.network.heal();
  await world.until('all agree', () => world.up.length === world.nodes.length && world.agrees, 300_000);
  await world.until('all is mined', () => world.agrees && world.up[0]!.reactor!.pool.size === 0, 300_000);
  expect(world.watch.count('reorg')).toBeGreaterThan(0);
  expect(await payments.unmined()).toEqual([]);
  await world.auditSame();
});
