/** What a person reads of a world that broke a law. */
import { expect, test } from 'vitest';
import { describeShortly, describe as page } from '../../../cli/worlds/pages.ts';
import { drawPlan } from '../../../sim/plan.ts';
import type { Report } from '../../../sim/report.ts';

const REPLAY = 'Replay: pier sim --seed 9 --minutes 10';
const broken: Report = {
  seed: 9,
  plan: { ...drawPlan(9), nodes: 4, faults: ['cut', 'flip'], adversaries: ['liar'] },
  lastedMs: 61_000,
  blocks: 1,
  judged: 1,
  paid: 5,
  mined: null,
  events: 100,
  digest: '00',
  counts: { 'fault cut': 3, 'deed liar push': 2, 'deed liar tell': 1, reorg: 1 },
  failure: `seed 9, 61000 ms: a law\n${REPLAY}`,
};

test('a broken world ends with the line that replays it, alone and as one of many', () => {
  expect(page(broken)).toMatch(new RegExp(`BROKEN: .*a law\n${REPLAY}$`));
  expect(describeShortly(broken)).toMatch(new RegExp(`^seed 9: BROKEN.*\n.*a law\n${REPLAY}$`));
});

test('what was done is counted, and nothing is said of what a broken world never got to', () => {
  expect(page(broken).split('\n').slice(0, 5)).toEqual([
    'seed 9: 4 nodes, 1 minute',
    'done to it   3 × cut, 0 × flip',
    'adversaries  liar (3 deeds)',
    'happened     1 block, 1 reorganisation, 0 rebuilds after damage',
    'people       5 transactions accepted',
  ]);
});
