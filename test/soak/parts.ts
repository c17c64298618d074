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
 * Runs the trials of a part. `name` is that of the soak. Each trial counts as `width`: their numbers are multiples of it. A
 * trial that throws ends the part once those under way have ended.
 */
export async function runPart(
  name: string,
  { seed, from, count, lanes, minutes }: Part,
  width: number,
  trial: (number: number, chance: Chance) => Promise<void>,
): Promise<void> {
  const first = from - (from % width);
  const end = from + count;
  const until = Date.now() + minutes * 60_000;
  process.once('disconnect', abandon);
  process.stderr.write(`${name}: seed ${seed}, from ${first} to ${end}\n`);
  let next = first;
  let failure: unknown = null;
  const lane = async (): Promise<void> => {
    while (next < end && failure === null && Date.now() < until) {
      const number = next;
      next += width;
      await trial(number, chanceOf(seed, number)).catch((error) => {
        failure ??= new Error(`trial ${number} of seed ${seed}`, { cause: error });
      });
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  process.off('disconnect', abandon);
  process.stderr.write(`${name}: seed ${seed}, done up to ${Math.min(next, end)}\n`);
  if (next < end) {
    const command = `npm run soak -- ${name} --seed ${seed} --from ${next} --count ${end - next}`;
    process.stderr.write(`${name}: to go on: ${command}\n`);
  }
  if (failure !== null) throw failure;
}

/** The command that was to hear of the figures is gone, and with it whoever wants them. */
function abandon(): void {
  process.exit(1);
}
