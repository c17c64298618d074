/** Owns what a study of seeded worlds gives: figures, each beside what theory expects and what is demanded. */
import type { Verifier } from '../../chain/ledger/ports.ts';
import type { Verify } from '../../p2p/door.ts';
import type { Sign } from '../users.ts';

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What the rules of the ledger lead one to expect, a number or words. */
  readonly expected: string;
  /** More than this is a miss; `null` for what is only told. */
  readonly atMost: number | null;
}

export interface StudyOptions {
  /** Worlds of each kind; `null` for as many as the study needs to say something. */
  readonly seeds: number | null;
  readonly sign?: Sign;
  readonly verifier: Verifier;
  /** Checks the signatures of handshakes, quickly. */
  readonly verify?: Verify;
  /** Told now and then how far it is. */
  readonly progress?: (text: string) => void;
}

export interface Study {
  /** What it is called on the command line. */
  readonly name: string;
  /** What was done to which worlds, in a sentence. */
  readonly about: string;
  run(options: StudyOptions): Promise<Figure[]>;
}

/** What each of the first worlds gives, told as it goes; `what` says in whose run. */
export async function liveWorlds<T>(
  { progress }: StudyOptions,
  seeds: number,
  live: (seed: number) => Promise<T>,
  what = '',
): Promise<T[]> {
  const found: T[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    progress?.(`${what}world ${seed} of ${seeds}`);
    found.push(await live(seed));
  }
  return found;
}
