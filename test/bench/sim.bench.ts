/**
 * Measures how much faster than real time the simulator is: five nodes, ten-second blocks, one payment a second, real
 * signatures and proof of work, all laws checked. On one core, the collector's threads included, and counted in processor
 * time, so that it is the speed whatever else the machine does.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { startWorldThread } from '../../cli/worlds/workers.ts';
import type { Measure } from './figure.ts';

/** Virtual minutes of a measurement, and how many come before those that count: V8 compiles for some eight seconds. */
const MINUTES = 60;
const WARM_UPS = 4;
const RUNS = 7;

/** Keeps all threads of this process, and those it will start, on one core: with two they also cost one another time. */
function stayOnOneCore(): void {
  const ask = (...args: string[]): string =>
    execFileSync('taskset', [...args, String(process.pid)], { encoding: 'utf8', stdio: 'pipe' });
  try {
    // `pid 7's current affinity list: 0,2-5`: the last, since the first serves most of the machine's interrupts.
    const last = /(\d+)\s*$/.exec(ask('-c', '-p'))?.[1];
    if (last !== undefined) ask('-a', '-c', '-p', last);
  } catch {
    process.stderr.write('no `taskset` here (util-linux): measured on all cores, in processor time\n');
  }
}

const measureSim: Measure = async ({ programs }) => {
  stayOnOneCore();
  const worker = startWorldThread(new URL('steady-world.js', programs));
  await once(worker, 'message');
  /** Lets so many virtual minutes pass. How much faster than real time, by processor time and by the clock. */
  const live = async (): Promise<{ processor: number; clock: number }> => {
    const [before, began] = [process.cpuUsage(), performance.now()];
    worker.postMessage(MINUTES);
    await once(worker, 'message');
    const { user, system } = process.cpuUsage(before);
    return {
      processor: (MINUTES * 60e6) / (user + system),
      clock: (MINUTES * 60e3) / (performance.now() - began),
    };
  };
  const first = await live();
  for (let run = 1; run < WARM_UPS; run++) await live();
  const runs: { processor: number; clock: number }[] = [];
  for (let run = 0; run < RUNS; run++) runs.push(await live());
  await worker.terminate();
  return [
    {
      name: 'five simulated nodes, a payment a second, one core',
      unit: '× real time',
      samples: runs.map(({ processor }) => processor),
      goal: { atLeast: 2_000 },
    },
    { name: 'the same by the clock', unit: '× real time', samples: runs.map(({ clock }) => clock) },
    { name: 'its first hour, with the compiler', unit: '× real time', samples: [first.processor] },
  ];
};

export default measureSim;
