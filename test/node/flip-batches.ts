/** Owns running many flips in processes of their own, going on behind one that LevelDB aborts. */
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { FlipOutcome } from './flips.ts';

/** Flips of one process. */
const BATCH = 500;

export interface FlipTally {
  readonly tried: number;
  /** Flips after which LevelDB alone gives a live derived row otherwise. */
  readonly hit: number;
  /** Of these, those after which it gives an older row or none without an error. */
  readonly silent: number;
  /** Flips at which LevelDB ended the process. */
  readonly aborted: number;
  readonly mended: number;
  readonly rebuilt: number;
  /** What was answered wrongly: flips by number, with the place. */
  readonly wrong: readonly string[];
}

export function makeGold(program: string, gold: string): void {
  const { status, stderr } = spawnSync(process.execPath, [program, gold, 'make']);
  if (status !== 0) throw new Error(`the store to be damaged could not be made: ${stderr}`);
}

export async function runFlips(
  program: string,
  {
    gold,
    scratch,
    seed,
    from,
    count,
  }: {
    gold: string;
    scratch: string;
    seed: number;
    from: number;
    count: number;
  },
): Promise<FlipTally> {
  const outcomes: FlipOutcome[] = [];
  const wrong: string[] = [];
  let aborted = 0;
  for (let next = from; next < from + count; ) {
    const most = Math.min(BATCH, from + count - next);
    const done = await runBatch(program, [gold, scratch, String(seed), String(next), String(most)]);
    outcomes.push(...done.outcomes);
    next += done.outcomes.length;
    if (done.outcomes.length === most) continue;
    if (done.signal === null) throw new Error(`flip ${next} of seed ${seed} failed: ${done.errors}`);
    aborted++;
    next++;
  }
  for (const { flip, where, wrong: questions } of outcomes)
    if (questions.length > 0) wrong.push(`flip ${flip} at ${where}: ${questions.slice(0, 3).join(', ')}`);
  const countOf = (test: (outcome: FlipOutcome) => boolean): number => outcomes.filter(test).length;
  return {
    tried: count,
    hit: countOf(({ hit }) => hit > 0),
    silent: countOf(({ silent }) => silent > 0),
    aborted,
    mended: countOf(({ mended }) => mended > 0),
    rebuilt: countOf(({ rebuilt }) => rebuilt),
    wrong,
  };
}

function runBatch(
  program: string,
  args: readonly string[],
): Promise<{ outcomes: FlipOutcome[]; signal: NodeJS.Signals | null; errors: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const outcomes: FlipOutcome[] = [];
    let errors = '';
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said = JSON.parse(line) as FlipOutcome | { begun: number };
      if (!('begun' in said)) outcomes.push(said);
    });
    child.stderr.on('data', (data: Buffer) => {
      errors = `${errors}${data}`.slice(0, 2_000);
    });
    child.on('error', reject);
    child.on('close', (_, signal) => resolve({ outcomes, signal, errors }));
  });
}
