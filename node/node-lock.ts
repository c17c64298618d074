/**
 * Owns the lock of a node's folder. The node holds it from before it reads anything there until its process ends, and
 * so does whatever else works on the folder's store. Whether a node lives in a folder is asked here, not of a pid.
 */
import { makePrivateDirectory } from './files.ts';
import { holderOf, LockHeldError, takeLock } from './folder-lock.ts';
import type { FolderLock } from './lock-socket.ts';
import { StoreUnavailableError } from './store-faults.ts';

const LOCK = 'node.lock';
/** A node that was told to end, or whose launcher was killed, may need a moment. */
const WAIT_MS = 5_000;

/** Takes the folder, making it if needed. Rejects with `StoreUnavailableError` 'LOCKED' if a node has it. */
export async function lockNodeFolder(dataDir: string, waitMs = WAIT_MS): Promise<FolderLock> {
  makePrivateDirectory(dataDir);
  try {
    return await takeLock(dataDir, LOCK, { waitMs });
  } catch (error) {
    if (!(error instanceof LockHeldError)) throw error;
    const who = error.holder === null ? '' : `: ${error.holder}`;
    throw new StoreUnavailableError(
      'LOCKED',
      `another node uses this folder${who}`,
      'Stop that node, or choose another folder with --data.',
      error,
    );
  }
}

/** Who has the folder: null if nobody, '' if the holder does not say. */
export function nodeFolderHolder(dataDir: string): Promise<string | null> {
  return holderOf(dataDir, LOCK);
}
