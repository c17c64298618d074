/**
 * Owns the trial of commands that sign against nodes that lie: each field of each answer altered, for every command, beside
 * an honest node and alone. `npm run soak -- lies SEED FROM TO`; by default seed 1, and one
 * alteration of each field.
 */

import type { Figure, Measure } from '../bench/figure.ts';
import { Random } from '../chain/random.ts';
import { SigningDesk } from '../lying/signing-desk.ts';
import { describeTrial, drawTrials, SCENARIOS, tryLie } from '../lying/signing-trial.ts';

const lies: Measure = async ({ options }) => {
  const [seed = '1', from = '0', to] = options;
  const desk = await SigningDesk.open();
  const counts = new Map<string, number>();
  const count = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
  let wrongs = 0;
  try {
    const all = await drawTrials(desk, new Random(Number(seed)));
    const trials = all.slice(Number(from), to === undefined ? all.length : Number(to));
    process.stdout.write(`seed ${seed}: lies ${from} to ${Number(from) + trials.length} of ${all.length}\n`);
    for (const [i, trial] of trials.entries()) {
      if (i > 0 && i % 100 === 0) process.stdout.write(`${i} done, ${wrongs} wrong\n`);
      const { run, wrongs: found } = await tryLie(desk, trial);
      count(`${trial.scenario}: ${run.answer === null ? `refused ${run.fault?.code}` : run.answer.status}`);
      for (const wrong of found) {
        wrongs++;
        process.stdout.write(`WRONG ${describeTrial(trial)}: ${wrong}\n`);
      }
    }
    for (const [name, times] of [...counts].sort()) process.stdout.write(`${name}  ${times}\n`);
    const figures: Figure[] = [
      { name: 'commands run against a node that lies', unit: 'runs', samples: [trials.length] },
      {
        name: 'payments too many, fees over the cap, foreign signatures, false verdicts, crashes',
        unit: '',
        samples: [wrongs],
        goal: { atMost: 0 },
      },
    ];
    if (SCENARIOS.some((one) => trials.every(({ scenario }) => scenario !== one)))
      throw new Error('a scenario is missing');
    return figures;
  } finally {
    desk.close();
  }
};

export default lies;
