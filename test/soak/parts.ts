/**
 * Owns long series of trials that are run in parts: `--seed S` is what all chance follows from, `--from K` the trial to
 * begin with, `--count N` how many, `--lanes L` how many at a time, `--minutes M` when no further one is begun. Each trial
 * depends on the seed and its number alone. The line that goes on with the series is printed at the end of a part.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { draws } from '../p2p/test-node.ts';

export interface Part {
  readonly seed: number;
  readonly from: number;
  readonly count: number;
  readonly lanes: number;
  readonly minutes: number;
}

/** Whole numbers drawn for a trial. */
export interface Chance {
  /** From 0 up to `bound`, which it is not. */
  below(bound: number): number;
  pick<T>(list: readonly T[]): T;
}

const MINUTES_MAX = 60;

export function readPart(
  options: readonly string[],
  { count, lanes }: { readonly count: number; readonly lanes: number },
): Part {
  const { values } = parseArgs({
    args: [...options],
    options: {
      seed: { type: 'string', default: String(randomInt(2 ** 31)) },
      from: { type: 'string', default: '0' },
      count: { type: 'string', default: String(count) },
      lanes: { type: 'string', default: String(lanes) },
      minutes: { type: 'string', default: String(MINUTES_MAX) },
    },
  });
  const numbers = Object.entries(values).map(([name, text]): [string, number] => {
    if (!/^[0-9]{1,10}$/.test(text)) throw new Error(`--${name} takes a whole number`);
    return [name, Number(text)];
  });
  return Object.fromEntries(numbers) as unknown as Part;
}

export function chanceOf(seed: number, trial: number): Chance {
  const next = draws(Math.imul(seed ^ 0x5bd1e995, 31) + Math.imul(trial, 0x9e3779b1));
  const below = (bound: number): number => next() % bound;
  return { below, pick: (list) => list[below(list.length)]! };
}

/**
 * Runs the trials of a part and resolves with how many were done. `name` is that of the soak. A trial that throws ends the
 * part once those under way have ended.
 */
export async function runPart(
  name: string,
  part: Part,
  trial: (number: number, chance: Chance) => Promise<void>,
): Promise<number> {
  const { seed, lanes, minutes } = part;
  const end = part.from + part.count;
  const until = Date.now() + minutes * 60_000;
  process.stderr.write(`${name}: seed ${seed}, from ${part.from} to ${end}\n`);
  let next = part.from;
  let failure: unknown = null;
  const lane = async (): Promise<void> => {
    while (next < end && failure === null && Date.now() < until) {
      const number = next;
      next++;
      await trial(number, chanceOf(seed, number)).catch((error) => {
        failure ??= new Error(`trial ${number} of seed ${seed}`, { cause: error });
      });
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  if (failure !== null) throw failure;
  const done = next - part.from;
  const rest = end - part.from - done;
  process.stderr.write(`${name}: ${done} done\n`);
  if (rest > 0) {
    const command = `npm run soak -- ${name} --seed ${seed} --from ${part.from + done} --count ${rest}`;
    process.stderr.write(`${name}: to go on: ${command}\n`);
  }
  return done;
}
