/**
 * Owns `reached.json`: how far the chain of a folder had come, apart from the database. After a loss it tells what is
 * missing, and when all of it is there again. It may lag behind the chain, and is never ahead of it.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomically } from './files.ts';

export interface Reached {
  readonly height: number;
  /** Of the whole chain. */
  readonly work: bigint;
}

/** What was last noted, or null. A file that is damaged counts as none. */
export function readReached(dataDir: string): Reached | null {
  try {
    const { height, work } = JSON.parse(readFileSync(join(dataDir, 'reached.json'), 'utf8'));
    const valid = Number.isSafeInteger(height) && height >= 0 && /^[0-9]{1,78}$/.test(work);
    return valid ? { height, work: BigInt(work) } : null;
  } catch {
    return null;
  }
}

export function writeReached(dataDir: string, { height, work }: Reached): void {
  writeFileAtomically(join(dataDir, 'reached.json'), `${JSON.stringify({ height, work: String(work) })}\n`);
}

export function forgetReached(dataDir: string): void {
  rmSync(join(dataDir, 'reached.json'), { force: true });
}
