/** Owns how commands of one machine take turns at a folder beside the keys, and what the one that waits in vain says. */
import { LockHeldError, withFolderLock } from '../node/folder-lock.ts';
import { CliError } from './faults.ts';

export interface Turn {
  /** The folder, which exists. */
  readonly folder: string;
  /** Of the lock. */
  readonly name: string;
  readonly patienceMs: number;
  /** Completes the sentence that begins with the command that has the lock, as 'signs for this account'. */
  readonly doing: string;
}

/** Runs `change` while no other command has the lock. 'ACCOUNT_BUSY' if one keeps it for `patienceMs`. */
export async function exclusively<T>(
  { folder, name, patienceMs, doing }: Turn,
  change: () => Promise<T>,
): Promise<T> {
  try {
    return await withFolderLock(folder, name, { waitMs: patienceMs }, change);
  } catch (error) {
    if (!(error instanceof LockHeldError)) throw error;
    const who = error.holder ?? 'another command';
    throw new CliError('ACCOUNT_BUSY', `${who} ${doing}`, 'wait for it, and try again');
  }
}
