/**
 * Flips single bits in the files of LevelDB, thousands of them, and asks everything after each. No answer may be wrong,
 * and each store must be whole again in the end. `npm run soak -- flip FLIPS SEED FROM` goes on where a run ended.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Measure } from '../bench/figure.ts';
import { makeGold, runFlips } from '../node/flip-batches.ts';

const FLIPS = 1_000;

const soakFlips: Measure = async ({ programs, options }) => {
  const [count = FLIPS, seed = 1, from = 0] = options.map(Number);
  const folder = mkdtempSync(join(tmpdir(), 'pier-flips-'));
  const program = fileURLToPath(new URL('flip-run.js', programs));
  try {
    const gold = join(folder, 'gold');
    makeGold(program, gold);
    const tally = await runFlips(program, { gold, scratch: join(folder, 'run'), seed, from, count });
    for (const line of tally.wrong) process.stdout.write(`wrong: ${line}\n`);
    const figure = (name: string, value: number) => ({ name, unit: '', samples: [value] });
    return [
      figure(`flips, seed ${seed}, from ${from}`, tally.tried),
      { ...figure('that hit live derived rows', tally.hit + tally.aborted), goal: { atLeast: count / 2 } },
      figure('after which LevelDB alone answers otherwise, without a word', tally.silent),
      figure('at which LevelDB ends the process', tally.aborted),
      figure('mended from the blocks', tally.mended),
      figure('rebuilt from the block files', tally.rebuilt),
      { ...figure('wrong answers', tally.wrong.length), goal: { atMost: 0 } },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

export default soakFlips;
