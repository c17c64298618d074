/**
 * Owns moving a node's database aside, when it is gone, damaged, or ends the process: it becomes `db.corrupt-<n>` in the
 * node's folder, with a file `REASON`. LevelDB holds nothing that may be repaired in place. Whoever calls holds the
 * folder's lock, and the database is not open.
 *
 * Bounds: at most `KEPT` such folders, and the one that `lost.json` names.
 */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { syncDirectory, writeFileAtomically } from './files.ts';

/** Why a database was moved aside, for people. */
export const ASIDE_REASONS = {
  incomplete: 'files of the database were gone',
  unreadable: 'LevelDB could not open the database',
  damaged: 'what was read from the database was damaged',
  aborted: 'LevelDB ended the process again and again',
  asked: 'the operator asked for a new one',
} as const;
export type AsideReason = keyof typeof ASIDE_REASONS;

export interface Aside {
  readonly reason: AsideReason;
  /** The folder's name within the node's, or null if nothing was left of the database. */
  readonly kept: string | null;
}

const KEPT = 2;
const NAME = /^db\.corrupt-([0-9]{1,9})$/;

/** Moves the database of a folder aside, if it has one, and notes that its content is missing until it is made again. */
export function moveStoreAside(dataDir: string, reason: AsideReason): Aside {
  const path = join(dataDir, 'db');
  const numbers = numbersIn(dataDir);
  const kept = existsSync(path) ? `db.corrupt-${(numbers.at(-1) ?? 0) + 1}` : null;
  // The note comes first: a process killed between the two finds it, and the database still in its place.
  const first = readLoss(dataDir);
  const aside = { reason, kept };
  if (first?.kept == null) writeFileAtomically(lossPath(dataDir), `${JSON.stringify(aside)}\n`);
  if (kept === null) return aside;
  renameSync(path, join(dataDir, kept));
  syncDirectory(dataDir);
  try {
    writeFileAtomically(join(dataDir, kept, 'REASON'), `${ASIDE_REASONS[reason]}\n`);
  } catch {
    // A full disk, or a file in place of the folder: its name says enough.
  }
  const named = first?.kept ?? kept;
  for (const old of numbers.slice(0, Math.max(0, numbers.length + 1 - KEPT))) {
    const name = `db.corrupt-${old}`;
    if (name !== named) rmSync(join(dataDir, name), { recursive: true, force: true });
  }
  return aside;
}

/** The first database that was moved aside since the node was last whole, or null if nothing is missing. */
export function readLoss(dataDir: string): Aside | null {
  try {
    const { reason, kept } = JSON.parse(readFileSync(lossPath(dataDir), 'utf8'));
    const known = Object.hasOwn(ASIDE_REASONS, reason) ? (reason as AsideReason) : 'damaged';
    return { reason: known, kept: typeof kept === 'string' && existsSync(join(dataDir, kept)) ? kept : null };
  } catch {
    return existsSync(lossPath(dataDir)) ? { reason: 'damaged', kept: null } : null;
  }
}

/** All that was missing is there again, or the operator does without. */
export function forgetLoss(dataDir: string): void {
  rmSync(lossPath(dataDir), { force: true });
}

function lossPath(dataDir: string): string {
  return join(dataDir, 'lost.json');
}

function numbersIn(dataDir: string): number[] {
  return readdirSync(dataDir)
    .map((name) => NAME.exec(name)?.[1])
    .filter((text) => text !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
}
