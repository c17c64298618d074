/** Owns one trial of changed bits: a node on a copy of the gold folder, at rest or running, and what became of it. */
import type { Flip } from './flip.ts';
import { flipBit } from './flip.ts';
import type { Chance } from './parts.ts';
import type { Course, Stage } from './stage.ts';
import type { TrialNode } from './trial-node.ts';

export interface FlipReport {
  readonly running: boolean;
  readonly flips: readonly Flip[];
  readonly served: boolean;
  /** It was not all right at some time, or the log tells of damage. */
  readonly noticed: boolean;
  /** A peer was needed. */
  readonly byPeer: boolean;
  /** Wrong answers without a word, and false health. */
  readonly wrong: readonly string[];
  /** Errors that do not say why. */
  readonly unclear: readonly string[];
  /** What was not right in the end. */
  readonly left: readonly string[];
  /** The journal lost transactions, and the log says so. */
  readonly toldLost: boolean;
  /** Last words and what the log tells of damage. */
  readonly words: readonly string[];
}

/** Bits of one node that runs. */
const RUNNING_FLIPS = 4;
/** Without a launcher, a native abort is followed by another start here. */
const STARTS_MAX = 4;

/** Damages the folder, which nothing uses, and has a node run there. */
export async function tryFlips(
  stage: Stage,
  data: string,
  running: boolean,
  chance: Chance,
): Promise<FlipReport> {
  const flips: Flip[] = [];
  const courses: Course[] = [];
  let node: TrialNode | null = null;
  let served = false;
  const start = async (): Promise<boolean> => {
    served = false;
    for (let i = 0; i < STARTS_MAX && !served; i++) {
      node = stage.start(data);
      served = await node.serves();
      if (!served && node.end?.signal !== 'SIGABRT') return false;
    }
    return served;
  };
  const watch = async (): Promise<void> => {
    const mayLose = flips.some(({ file }) => file.startsWith('chain/blocks'));
    let course = await stage.watch(node!, mayLose);
    if (node!.end?.signal === 'SIGABRT' && (await start())) course = await stage.watch(node!, mayLose);
    courses.push(course);
  };
  if (!running) flips.push(flipBit(data, chance));
  if (await start()) {
    if (!running) await watch();
    for (let i = 0; running && i < RUNNING_FLIPS && served; i++) {
      flips.push(flipBit(data, chance));
      await watch();
    }
  }
  const noticed = courses.some((course) => course.noticed) || node!.damages.length > 0;
  if (served) await node!.stop();
  // What was right because it was in memory, or was repaired, has to be right again.
  if (served && (running || noticed || chance.below(4) === 0) && (await start())) {
    await watch();
    await node!.stop();
  }
  const damages = node!.damages;
  const isTold =
    flips.some(({ file }) => file === 'chain/journal') && damages.some((text) => text.includes('journal'));
  const isExcused = (text: string): boolean => isTold && stage.isAboutSpare(text);
  const silent = courses.flatMap((course) => course.silent);
  return {
    running,
    flips,
    served,
    noticed,
    byPeer: courses.some(({ way }) => way === 'peer'),
    wrong: silent.filter((text) => !isExcused(text)),
    unclear: courses.flatMap((course) => course.unclear),
    left: (courses.at(-1)?.left ?? []).filter((text) => !isExcused(text)),
    toldLost: silent.some(isExcused),
    words: [node!.stderr.slice(-600), ...damages.slice(-4)],
  };
}
