/** Commands that sign, with a node that lies: one command makes one payment at most, whatever is answered. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Random } from '../chain/random.ts';
import { COMMANDS, HONEST, LIAR, SigningDesk } from './signing-desk.ts';
import { describeTrial, drawTrials, tryLie } from './signing-trial.ts';

/** Of several thousand: `npm run soak -- lies` takes all. */
const TRIALS = 100;

let desk: SigningDesk;
beforeAll(async () => {
  desk = await SigningDesk.open();
});
afterAll(() => desk.close());

test.each(Object.keys(COMMANDS))('%s: with honest nodes it does what it says', async (name) => {
  await desk.reset();
  const run = await desk.run(COMMANDS[name]!, [LIAR, HONEST], () => undefined);
  expect(run.fault).toBe(null);
  expect(run.signed).toHaveLength(1);
  expect(desk.wrongsOf(run)).toEqual([]);
});

/** `npm run soak -- lies` does the same with every field, thousands of times. */
test('a lie in any field never makes it pay twice, pay too much, sign for another ledger or call false things proved', async () => {
  const seed = 20261130;
  const random = new Random(seed);
  const trials = (await drawTrials(desk, random)).slice(0, TRIALS);
  const wrongs: string[] = [];
  for (const trial of trials) {
    const verdict = await tryLie(desk, trial);
    for (const wrong of verdict.wrongs) wrongs.push(`${describeTrial(trial)}: ${wrong}`);
  }
  expect(wrongs, `seed ${seed}`).toEqual([]);
}, 600_000);
