/**
 * Stops each command that writes at every write that it makes, by SIGKILL, in the middle of the write, and by a full disk.
 * The next command must go on, or name a remedy that works. `PIER_TRIAL=NAME` runs those whose name contains NAME (`PIER_TRIAL='=NAME'` the one of
 * that name), `PIER_HOW=kill`, `torn` or `full` one of the three ways,
 * `PIER_EVERY=N` each Nth write.
 */
import type { Measure } from '../bench/figure.ts';
import { Bench, type How, preloadIn, type Trial } from './at-writes.ts';
import {
  ACCOUNT_SETUP,
  accountTrials,
  keyTrials,
  ledgerTrials,
  nodeTrials,
  pendingTrials,
  runningTrials,
  testnetTrials,
} from './write-trials.ts';

const HOWS: readonly How[] = ['kill', 'torn', 'full'];
const startEvery = (blockMs: number): string[] => {
  const size = ['--nodes', '2', '--block-time', String(blockMs), '--base-port', '0'];
  return ['testnet', 'start', '--detach', ...size];
};
const START = startEvery(300);
/** So far apart that what waits is not mined meanwhile. */
const START_SLOW = startEvery(60_000);

const soakWrites: Measure = async ({ bundle, programs }) => {
  const bench = new Bench(bundle, preloadIn(programs));
  const wanted = process.env.PIER_TRIAL ?? '';
  const isWanted = ({ name }: Trial): boolean =>
    wanted.startsWith('=') ? name === wanted.slice(1) : name.includes(wanted);
  const every = Number(process.env.PIER_EVERY ?? 1);
  const hows = HOWS.filter((how) => (process.env.PIER_HOW ?? how) === how);
  const failures: string[] = [];
  let rounds = 0;
  const run = async (trials: readonly Trial[], prepare: () => Promise<unknown>): Promise<void> => {
    for (const trial of trials.filter(isWanted)) {
      for (const how of hows) {
        bench.empty();
        await prepare();
        const verdict = await bench.try(trial, how, every);
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
    await run(accountTrials(), async () => {
      for (const command of [START, ...ACCOUNT_SETUP]) await bench.run(command);
    });
    await run(pendingTrials(), () => bench.run(START_SLOW));
    await run(nodeTrials(), () => bench.run(START).then(() => bench.run(['testnet', 'stop'])));
    return [
      { name: 'commands stopped at a write', unit: '', samples: [rounds] },
      { name: 'of these without a way on', unit: '', samples: [failures.length], goal: { atMost: 0 } },
    ];
  } finally {
    await bench.remove();
  }
};

export default soakWrites;
