/**
 * Measures how much faster than real time the simulator is: five nodes, ten-second blocks, one payment a second, real
 * signatures and proof of work, all laws checked. Counted in processor time, so that it is the speed on one core
 * whatever else the machine does.
 */
import { once } from 'node:events';
import { startWorldThread } from '../../cli/worlds/workers.ts';
import type { Measure } from './figure.ts';

/** Virtual minutes until the compiler has seen everything, and of a measurement. */
const WARM_UP = 60;
const MINUTES = 60;
const RUNS = 5;

const measureSim: Measure = async ({ programs }) => {
  const worker = startWorldThread(new URL('steady-world.js', programs));
  await once(worker, 'message');
  const live = async (minutes: number): Promise<number> => {
    const before = process.cpuUsage();
    worker.postMessage(minutes);
    await once(worker, 'message');
    const { user, system } = process.cpuUsage(before);
    return (minutes * 60e6) / (user + system);
  };
  const first = await live(WARM_UP);
  const samples: number[] = [];
  for (let run = 0; run < RUNS; run++) samples.push(await live(MINUTES));
  await worker.terminate();
  return [
    {
      name: 'five simulated nodes, a payment a second, per core',
      unit: '× real time',
      samples,
      goal: { atLeast: 2_000 },
    },
    { name: 'its first hour, with the compiler', unit: '× real time', samples: [first] },
  ];
};

export default measureSim;
