/** What a seed makes of a world. */
import { expect, test } from 'vitest';
import { drawPlan } from '../../sim/plan.ts';

const SEEDS = Array.from({ length: 200 }, (_, seed) => seed);

test.each([2, 3, 20])('of %i nodes asked for, at least half can be dialled', (nodes) => {
  const plans = SEEDS.map((seed) => drawPlan(seed, { nodes }));
  expect(plans.every((plan) => plan.nodes === nodes && 2 * plan.hidden <= nodes)).toBe(true);
  expect(plans.some(({ hidden }) => hidden > 0)).toBe(true);
});

test('how many nodes there are changes nothing else of what is drawn but who is hidden', () => {
  for (const seed of SEEDS) {
    const { nodes, hidden, ...others } = drawPlan(seed, { nodes: 9 });
    expect(drawPlan(seed)).toMatchObject(others);
  }
});

test('only what is allowed is drawn', () => {
  const drawn = SEEDS.map((seed) => drawPlan(seed, { faults: ['cut', 'flip'], adversaries: ['liar'] }));
  expect(new Set(drawn.flatMap(({ faults }) => faults))).toEqual(new Set(['cut', 'flip']));
  expect(new Set(drawn.flatMap(({ adversaries }) => adversaries))).toEqual(new Set(['liar']));
  expect(drawn.every(({ spares }) => spares === 0)).toBe(true);
});
