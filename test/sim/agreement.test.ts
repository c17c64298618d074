/** Nodes without faults stay agreed; and a seed is a world. `SIM_MINUTES=60` makes it an hour. */
import { expect, test } from 'vitest';
import { seeds, testWorld } from './replay.ts';

const FILE = 'agreement';
const MINUTES = Number(process.env.SIM_MINUTES ?? 10);

test.each(seeds(1))(
  'five nodes stay agreed, seed %i',
  { timeout: 30_000 + MINUTES * 5_000 },
  async (seed) => {
    const world = testWorld(FILE, 'five nodes stay agreed', { seed, nodes: 5 });
    await world.until(
      'all are linked',
      () => world.up.length === 5 && world.up.every(({ reactor }) => reactor!.machine.peers().length === 4),
      60_000,
    );
    let paid = 0;
    for (let second = 0; second < MINUTES * 60; second++) {
      const user = 2 * (second % 4);
      const { answer } = await world.pay(world.nodes[second % 5]!, user, (user + 1) % 8, 1_000);
      expect(answer).toMatchObject({ status: 'pending' });
      paid++;
      await world.run(1_000);
    }
    await world.until('all is mined', () => world.agrees && world.up[0]!.reactor!.pool.size === 0, 300_000);
    const { tip } = world.up[0]!.reactor!.ledger;
    // Five standard deviations of a Poisson process.
    const expected = MINUTES * 6;
    expect(Math.abs(tip.height - expected)).toBeLessThan(5 * Math.sqrt(expected) + 30);
    // Rebuilt from the mempools, all of them: nothing had to be fetched as a body.
    expect(world.watch.count('blockFallback')).toBe(0);
    expect(world.watch.count('pending')).toBeGreaterThanOrEqual(Math.floor(5 * paid * 0.97));
    await world.auditSame();
  },
);

test('the same seed is the same world, another is another', { timeout: 30_000 }, async () => {
  const live = async (seed: number): Promise<string> => {
    const world = testWorld(FILE, 'the same seed', { seed, nodes: 4, diskLatencyMs: 8 });
    for (let i = 0; i < 30; i++) {
      await world.run(1_000);
      await world.pay(world.up[i % world.up.length]!, 0, 1, 1 + i);
      if (i === 10)
        world.network.split(
          [
            [0, 1],
            [2, 3],
          ],
          true,
        );
      if (i === 15) world.nodes[3]!.crash();
      if (i === 18) world.nodes[3]!.start();
      if (i === 20) world.network.heal();
    }
    await world.run(60_000);
    expect(world.watch.digest.count).toBeGreaterThan(500);
    return world.watch.digest.hex;
  };
  const first = await live(3);
  expect(await live(3)).toBe(first);
  expect(await live(4)).not.toBe(first);
});
