/** Owns the turn-taking of commands that change one testnet. */
import { makePrivateDirectory } from '../../node/files.ts';
import { isLockFile, LockHeldError, withFolderLock } from '../../node/folder-lock.ts';
import { CliError } from '../faults.ts';

const LOCK = 'testnet.lock';

/** Runs `change` while no other command changes the testnet in `dir`. 'TESTNET_BUSY' if one is at it. */
export async function withLock<T>(dir: string, change: () => Promise<T>): Promise<T> {
  makePrivateDirectory(dir);
  try {
    return await withFolderLock(dir, LOCK, {}, change);
  } catch (error) {
    if (!(error instanceof LockHeldError)) throw error;
    const who = error.holder ?? 'another command';
    throw new CliError(
      'TESTNET_BUSY',
      `${who} is changing this testnet`,
      'wait for it, or stop it and try again',
    );
  }
}

/** True for the files of the lock, which stay when all else of a testnet goes. */
export function isTestnetLock(fileName: string): boolean {
  return isLockFile(fileName, LOCK);
}
