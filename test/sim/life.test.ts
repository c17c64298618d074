/** Random lives: faults of every kind drawn from a seed, then peace, in which all must agree. */
import { expect, test } from 'vitest';
import { Life } from '../../sim/life.ts';
import { drawPlan } from '../../sim/plan.ts';
import { seedsUpTo, testWorld } from './replay.ts';

const NAME = 'a random life ends in agreement';
/** Summed over the seeds, to see that every kind of fault has happened. */
const faults = new Map<string, number>();

test.each(seedsUpTo(20))(`${NAME}, seed %i`, { timeout: 60_000 }, async (seed) => {
  const world = testWorld('life', NAME, {
    seed,
    ...drawPlan(seed),
  });
  const life = new Life(world, { ...drawPlan(seed), safetyMs: 240_000, livenessMs: 400_000 });
  await life.run();
  expect(await life.payments.lost()).toEqual([]);
  for (const [name, count] of world.watch.counts) faults.set(name, (faults.get(name) ?? 0) + count);
});

test.runIf(process.env.SEED === undefined)('every kind of fault has happened', () => {
  const kinds = [
    'fault cut',
    'fault stall',
    'fault heal',
    'fault lag',
    'fault crash',
    'fault stop',
    'reorg',
    'dropped NONCE_USED',
  ];
  expect(kinds.filter((kind) => !faults.has(kind))).toEqual([]);
});
