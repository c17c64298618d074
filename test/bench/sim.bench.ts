/**
 * Measures how much faster than real time the simulator is: five nodes, ten-second blocks, one payment a second, real
 * signatures and proof of work, all laws checked. Counted in processor time of all threads, so that it is the speed on
 * one core whatever else the machine does; by the clock it is a little faster, since the collector has the other core.
 */
import { once } from 'node:events';
import { startWorldThread } from '../../cli/worlds/workers.ts';
import type { Measure } from './figure.ts';

/** Virtual minutes of a measurement, and how many come before those that count: V8 compiles for some eight seconds. */
const MINUTES = 60;
const WARM_UPS = 4;
const RUNS = 7;

const measureSim: Measure = async ({ programs }) => {
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
      name: 'five simulated nodes, a payment a second, per core',
      unit: '× real time',
      samples: runs.map(({ processor }) => processor),
      goal: { atLeast: 2_000 },
    },
    { name: 'the same by the clock', unit: '× real time', samples: runs.map(({ clock }) => clock) },
    { name: 'its first hour, with the compiler', unit: '× real time', samples: [first.processor] },
  ];
};

export default measureSim;
