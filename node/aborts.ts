/**
 * Owns `aborts.json`: when the process of a node was ended by a crash of native code, as a failed assertion of LevelDB.
 * JavaScript cannot catch that; the launcher sees it and notes it here.
 *
 * Bounds: `NOTED_MAX` entries, none older than a day.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomically } from './files.ts';

export interface Abort {
  /** Wall clock, milliseconds since 1970. */
  readonly at: number;
  /** `SIGABRT` and the like. */
  readonly signal: string;
  /** True if the database was moved aside after it. */
  readonly moved: boolean;
}

/** An abort longer ago has nothing to do with the next one. */
const MEMORY_MS = 24 * 3600_000;
const NOTED_MAX = 20;

/** Newest last. A file that is damaged counts as none. */
export function readAborts(dataDir: string, nowMs: number): Abort[] {
  try {
    const noted: unknown = JSON.parse(readFileSync(join(dataDir, 'aborts.json'), 'utf8'));
    if (!Array.isArray(noted)) return [];
    return (
      noted
        .filter(
          (abort): abort is Abort => typeof abort?.signal === 'string' && Number.isSafeInteger(abort.at),
        )
        // A clock that was put back makes an abort one of the future, which is recent too.
        .filter(({ at }) => Math.abs(nowMs - at) < MEMORY_MS)
    );
  } catch {
    return [];
  }
}

export function writeAborts(dataDir: string, aborts: readonly Abort[]): void {
  writeFileAtomically(join(dataDir, 'aborts.json'), `${JSON.stringify(aborts.slice(-NOTED_MAX))}\n`);
}

/** What follows from the crashes of the last day: the last of them has just been. */
export function nextStep(aborts: readonly Abort[]): 'restart' | 'moveAside' | 'giveUp' {
  const moves = aborts.filter(({ moved }) => moved).length;
  const since = aborts.length - 1 - aborts.findLastIndex(({ moved }) => moved);
  // One may be chance. The second points at the database. New databases that abort point at the machine.
  if (since < ABORTS_UNTIL_MOVED) return 'restart';
  return moves < MOVES_MAX ? 'moveAside' : 'giveUp';
}

const ABORTS_UNTIL_MOVED = 2;
const MOVES_MAX = 2;
