/**
 * Owns `npm run sim:scale`: measures large worlds, each in a process of its own so that it has a fresh heap, and tells
 * their figures, whether they keep what is promised, or draws how they grow.
 */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { measureScale, type ScaleFigures } from '../../../sim/scale/figures.ts';
import { goalsOf } from '../../../sim/scale/goals.ts';
import { plotOf } from '../../../sim/scale/plot.ts';
import { tableOf } from '../../../sim/scale/table.ts';

const SIZES = [10, 100, 1_000, 10_000];
const PICTURE = 'docs/scale.svg';
/** Small worlds are measured for longer: they cost less. */
const BLOCKS_MIN = 30;
const BLOCKS_MAX = 400;
/** Heap of a world of 10,000 nodes, with room; young objects live for a few frames, so there is space for many of them. */
const NODE_OPTIONS = ['--max-old-space-size=8000', '--max-semi-space-size=128'];
const SELF = fileURLToPath(import.meta.url);

const values = readOptions();
const seed = parseCount('--seed', values.seed, 0, 2 ** 32 - 1);
const blocks = values.blocks === undefined ? null : parseCount('--blocks', values.blocks, 1, 100_000);
const sizes = values.nodes === undefined ? SIZES : [parseCount('--nodes', values.nodes, 2, 50_000)];

if (values.measure) process.stdout.write(JSON.stringify(await measure(sizes[0]!)));
else await run();

async function run(): Promise<void> {
  const worlds: ScaleFigures[] = [];
  for (const nodes of sizes) worlds.push(await measureApart(nodes));
  if (values.json) for (const figures of worlds) process.stdout.write(`${JSON.stringify(figures)}\n`);
  else process.stdout.write(`${tableOf(worlds)}\n`);
  if (values.plot) writeFileSync(PICTURE, plotOf(worlds));
  if (!values.check) return;
  for (const figures of worlds) {
    for (const { what, value, goal, met } of goalsOf(figures)) {
      const verdict = `${met ? 'kept  ' : 'MISSED'}  ${figures.nodes} nodes: ${what}: ${value.toFixed(3)}, ${goal}`;
      process.stderr.write(`${verdict}\n`);
      if (!met) process.exitCode = 1;
    }
  }
}

/** Measures in a child, whose progress is seen. */
async function measureApart(nodes: number): Promise<ScaleFigures> {
  const child = promisify(execFile)(
    process.execPath,
    [...NODE_OPTIONS, SELF, '--measure', `--nodes=${nodes}`, `--seed=${seed}`, `--blocks=${sampleOf(nodes)}`],
    { maxBuffer: 2 ** 24 },
  );
  if (process.stderr.isTTY) child.child.stderr?.pipe(process.stderr, { end: false });
  const { stdout } = await child;
  return JSON.parse(stdout, (_, value) => (value === null ? Number.POSITIVE_INFINITY : value));
}

function measure(nodes: number): Promise<ScaleFigures> {
  const found = sampleOf(nodes);
  return measureScale({
    nodes,
    seed,
    blocks: found,
    transactions: found,
    progress: (what) => process.stderr.write(`\r${`${nodes}: ${what}`.padEnd(60)}\r`),
  });
}

/** Blocks to measure. */
function sampleOf(nodes: number): number {
  return blocks ?? Math.min(BLOCKS_MAX, Math.max(BLOCKS_MIN, Math.ceil((1_000 * 100) / nodes)));
}

function readOptions() {
  try {
    return parseArgs({
      options: {
        nodes: { type: 'string' },
        seed: { type: 'string', default: '1' },
        blocks: { type: 'string' },
        json: { type: 'boolean', default: false },
        plot: { type: 'boolean', default: false },
        check: { type: 'boolean', default: false },
        measure: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return refuse((error as Error).message);
  }
}

function parseCount(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^[0-9]+$/.test(text) && value >= least && value <= most) return value;
  return refuse(`${name} is a whole number from ${least} to ${most}, not "${text}"`);
}

function refuse(why: string): never {
  process.stderr.write(`${why}\n`);
  process.exit(2);
}
