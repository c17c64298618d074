/** Who wants to be all that a node sees: how far it gets, and how long it can hold what it has. */
import { expect, test } from 'vitest';
import { tryEclipse } from '../../sim/adversaries/eclipse-trial.ts';
import { eclipse, eclipseWorld } from './bank/network-scenes.ts';
import { seeds, testWorld } from './replay.ts';

const FREED = 'all links in one hand after a restart: the node finds the honest chain again';
const MINUTE_MS = 60_000;

test.each(seeds(4, 5))(`${FREED}, seed %i`, { timeout: 60_000 }, async (seed) => {
  const world = eclipseWorld((options) => testWorld('eclipse', FREED, options), seed);
  await eclipse(world);
  expect(world.watch.count('deed eclipser link')).toBeGreaterThan(8);
});

const PLAN = { honest: 50, calmHours: 1, attackHours: 2, hoursAfter: 2 };

test('few network groups do not get all links of a node, however many addresses they have', async () => {
  for (const seed of seeds(1, 2, 3)) {
    const tried = await tryEclipse({ ...PLAN, seed, attackers: 512, groups: 3 });
    expect(tried.honestAfter, `seed ${seed}`).toBeGreaterThanOrEqual(2);
    // One bucket of the tried for each group, and those of the heard that its own telling reaches.
    expect(tried.attackersKnown).toBeLessThanOrEqual(3 * (32 + 8 * 32));
  }
});

test('many groups with most addresses may, and lose them again', async () => {
  const freed: number[] = [];
  for (const seed of seeds(1, 2, 3, 4)) {
    const options = { ...PLAN, calmHours: 0, attackHours: 3, seed, attackers: 512, groups: 128 };
    const tried = await tryEclipse(options);
    expect(tried.linkedAfterMs, `seed ${seed}`).not.toBeNull();
    freed.push(tried.linkedAfterMs!);
  }
  expect(Math.max(...freed)).toBeLessThan(60 * MINUTE_MS);
});
