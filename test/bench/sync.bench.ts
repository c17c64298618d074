/** Measures re-validation from blocks: a fresh node gets 50,000 transfers and believes nothing. */
import type { Measure } from './figure.ts';
import { timeSyncs } from './sync-run.ts';

const BLOCKS = 50;
const TRANSFERS = 1_000;

const measureSync: Measure = async (context) => {
  const seconds = await timeSyncs(context, { blocks: BLOCKS, transfers: TRANSFERS });
  const samples = seconds.map((time) => (BLOCKS * TRANSFERS) / time);
  return [{ name: '50,000 transfers synced', unit: 'tx/s', samples, goal: { atLeast: 5_000 } }];
};

export default measureSync;
