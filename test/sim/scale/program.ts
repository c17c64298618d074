/** Owns one run of a large world, in a process of its own so that each has a fresh heap: options in, figures out. */
import { measureScale } from '../../../sim/scale/figures.ts';

const [nodes, seed, blocks, transactions] = process.argv.slice(2).map(Number);
const figures = await measureScale({
  nodes: nodes!,
  seed: seed!,
  blocks: blocks!,
  transactions: transactions!,
  progress: (what) => process.stderr.write(`\r${what.padEnd(60)}`),
});
process.stderr.write(`\r${''.padEnd(60)}\r`);
process.stdout.write(`${JSON.stringify(figures)}\n`);
