/** Measures how fast a fresh node gets a chain without transactions: headers, requests and commits. */
import type { Measure } from './figure.ts';
import { timeSyncs } from './sync-run.ts';

const BLOCKS = 2_000;

const measureEmpty: Measure = async (context) => {
  const seconds = await timeSyncs(context, { blocks: BLOCKS, transfers: 0 });
  const samples = seconds.map((time) => BLOCKS / time);
  return [{ name: '2,000 empty blocks synced', unit: 'blocks/s', samples, goal: { atLeast: 1_000 } }];
};

export default measureEmpty;
