/**
 * Owns `journal-lost.json`: that transactions which a node of this folder accepted may be lost, and why. Nobody else knows
 * of them, so `/health` and `status` warn for a week, or until the operator accepts the loss.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomically } from './files.ts';

const TOLD_MS = 7 * 24 * 3600_000;

const pathIn = (dataDir: string): string => join(dataDir, 'journal-lost.json');

/** False if it can't be written: a full disk must not keep a node from starting, and the next start tries again. */
export function noteJournalLoss(dataDir: string, reason: string, nowMs: number): boolean {
  try {
    writeFileAtomically(pathIn(dataDir), `${JSON.stringify({ at: nowMs, reason })}\n`);
    return true;
  } catch {
    return false;
  }
}

/** One sentence for people, or null if nothing is lost. */
export function readJournalLoss(dataDir: string, nowMs: number): string | null {
  let at: unknown;
  let reason: unknown;
  try {
    ({ at, reason } = JSON.parse(readFileSync(pathIn(dataDir), 'utf8')));
  } catch {
    return null;
  }
  // A clock that was put back makes it one of the future, which is recent too.
  if (typeof at !== 'number' || typeof reason !== 'string' || !(Math.abs(nowMs - at) < TOLD_MS)) return null;
  const when = new Date(at).toISOString();
  return `transactions that were accepted here before ${when} and are not mined may be lost: ${reason}; see "pier pending" where they were signed`;
}

export function forgetJournalLoss(dataDir: string): void {
  rmSync(pathIn(dataDir), { force: true });
}
