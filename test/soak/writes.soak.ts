/**
 * Stops each command that writes at every write that it makes, by SIGKILL, in the middle of the write, and by a full disk.
 * The next command must go on, or name a remedy that works. `PIER_TRIAL=NAME` runs those whose name contains NAME.
 */
import type { Measure } from '../bench/figure.ts';
import { Bench, type How, preloadIn, type Trial } from './at-writes.ts';
import { keyTrials, ledgerTrials, runningTrials, testnetTrials } from './write-trials.ts';

const HOWS: readonly How[] = ['kill', 'torn', 'full'];
const START = ['testnet', 'start', '--detach', '--nodes', '2', '--block-time', '300', '--base-port', '0'];

const soakWrites: Measure = async ({ bundle, programs }) => {
  const bench = new Bench(bundle, preloadIn(programs));
  const wanted = process.env.PIER_TRIAL ?? '';
  const failures: string[] = [];
  let rounds = 0;
  const run = async (trials: readonly Trial[], prepare: () => Promise<unknown>): Promise<void> => {
    for (const trial of trials.filter(({ name }) => name.includes(wanted))) {
      for (const how of HOWS) {
        bench.empty();
        await prepare();
        const verdict = await bench.try(trial, how);
        process.stderr.write(`${trial.name}, ${how}: ${verdict.rounds} rounds\n`);
        for (const failure of verdict.failures) process.stderr.write(`  ${failure}\n`);
        rounds += verdict.rounds;
        failures.push(...verdict.failures);
        await bench.run(['testnet', 'stop']);
      }
    }
  };
  try {
    await run(keyTrials(), async () => {});
    await run(testnetTrials(0), () => bench.run(START).then(() => bench.run(['testnet', 'stop'])));
    await run(runningTrials(), () => bench.run(START));
    await run(ledgerTrials(), () => bench.run(START));
    return [
      { name: 'commands stopped at a write', unit: '', samples: [rounds] },
      { name: 'of these without a way on', unit: '', samples: [failures.length], goal: { atMost: 0 } },
    ];
  } finally {
    await bench.remove();
  }
};

export default soakWrites;
