/** Owns a node's life as a process: its signals, its last words, its exit code, and a new start after damage. */
import { ForeignStoreError } from '../chain/errors.ts';
import { FilesError } from '../chain/files/port.ts';
import { ConfigError, type NodeConfig } from './config.ts';
import type { ChildFault } from './launch.ts';
import { MemoryKeeper } from './memory-keeper.ts';
import { type NodeInfo, type RunningNode, startNode } from './node.ts';
import { StoreUnavailableError } from './store-faults.ts';

/** A state that is damaged again and again is a broken disk. */
const REBUILDS_MAX = 3;

export interface RunHooks {
  /** Called each time the node serves. */
  ready?(info: NodeInfo): void;
}

/**
 * Runs a node until SIGINT, SIGTERM or the RPC stops it; a second signal ends the process at once. Resolves when
 * everything is closed. Rejects with `ConfigError` or `StoreUnavailableError`, which have a `hint`, if it can't start;
 * with anything else if it can't go on.
 */
export async function runNode(config: NodeConfig, hooks: RunHooks = {}): Promise<void> {
  let node: RunningNode | null = null;
  let signalled = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (signalled) process.exit(signal === 'SIGINT' ? 130 : 143);
    signalled = true;
    node?.stop();
  };
  const memory = new MemoryKeeper();
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  try {
    for (let start = 0; !signalled; start++) {
      node = await startNode(config, new URL('./miner-worker.js', import.meta.url));
      if (signalled) node.stop();
      else hooks.ready?.(node.info);
      const end = await node.ended;
      if (end.cause === 'stopped') return;
      if (end.cause === 'failed') throw end.error;
      if (start === REBUILDS_MAX)
        throw new Error('the state was damaged again after it had been rebuilt: check the disk');
    }
  } finally {
    memory.stop();
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}

/** What was refused and what to do about it, or null if it is a fault of the program's own. */
export function faultOf(error: unknown): ChildFault | null {
  if (error instanceof ForeignStoreError || error instanceof FilesError) {
    const code = error instanceof FilesError ? error.code : 'OTHER_LEDGER';
    return { code, message: error.message, hint: STORE_HINTS[code] };
  }
  if (!(error instanceof ConfigError || error instanceof StoreUnavailableError)) {
    const { code, syscall, path, message } = error as NodeJS.ErrnoException;
    if (typeof code !== 'string' || syscall === undefined) return null;
    return { code, message, hint: SYSTEM_HINTS[code] ?? `Check ${path ?? 'the disk'} and who may use it.` };
  }
  const { code, message, hint } = error;
  return { code, message, hint };
}

/** What to say of an error, and what to do about it if that is known. */
export function explain(error: unknown): string {
  const fault = faultOf(error);
  if (fault !== null) return `${fault.message}. ${fault.hint}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

const STORE_HINTS = {
  OTHER_LEDGER: 'Name its genesis.json with --genesis, or choose another folder with --data.',
  DISK_FULL: 'Free some space and start again.',
  IO: 'Check the disk and the rights to its files.',
  NOT_A_FILE: 'A folder is in the place of a file, or a file in that of a folder: move it away.',
} as const;

const SYSTEM_HINTS: Partial<Record<string, string>> = {
  ENOSPC: 'The disk is full: free some space and start again.',
  EROFS: 'The disk is read-only: choose another folder with --data.',
  EISDIR: 'A folder is in the place of a file: move it away.',
  ENOTDIR: 'A file is in the place of a folder: move it away.',
};
