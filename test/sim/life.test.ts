/** Random lives: faults of every kind drawn from a seed, then peace, in which all must agree. */
import { expect, test } from 'vitest';
import { Life } from '../../sim/life.ts';
import { drawPlan, FAULTS } from '../../sim/plan.ts';
import { seedsUpTo, testWorld } from './replay.ts';

const KINDS = [
  'transfer',
  'put',
  'give',
  'drop',
  'rotate',
  'setRecovery',
  'recover',
  'veto',
  'claim',
  'revoke',
];
const NAME = 'a random life ends in agreement';
/** Of all seeds together. */
const happened = new Set<string>();

test.each(seedsUpTo(14))(`${NAME}, seed %i`, { timeout: 60_000 }, async (seed) => {
  const world = testWorld('life', NAME, {
    seed,
    ...drawPlan(seed),
  });
  const life = new Life(world, { ...drawPlan(seed), safetyMs: 240_000, livenessMs: 400_000 });
  await life.run();
  expect(await life.payments.lost()).toEqual([]);
  for (const name of world.watch.counts.keys()) happened.add(name);
});

test.runIf(process.env.SEED === undefined)('every kind of fault has happened', () => {
  const kinds = [
    ...FAULTS.map((name) => `fault ${name}`),
    'fault heal',
    'left',
    'rebuilt',
    'reorg',
    'dropped NONCE_USED',
    'dropped EXPIRED',
    'dropped REPLACEMENT_FEE',
  ];
  expect(kinds.filter((kind) => !happened.has(kind))).toEqual([]);
});

test('every kind of transaction is mined in lives without faults', { timeout: 60_000 }, async () => {
  const kinds = new Set<string>();
  for (const seed of [1, 2]) {
    const plan = { ...drawPlan(1), nodes: 3, faults: [], adversaries: [], actMs: 1_000 };
    const world = testWorld('life', 'every kind of transaction', { seed, ...plan });
    await new Life(world, { ...plan, safetyMs: 400_000, livenessMs: 400_000 }).run();
    for (const kind of world.watch.referee.kinds.keys()) kinds.add(kind);
  }
  expect([...kinds].sort()).toEqual([...KINDS].sort());
});
