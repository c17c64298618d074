/**
 * Owns making a node's LevelDB anew from its block files, without any peer: in a folder of its own, which takes the place
 * of the old database once it is whole. It may end at any moment: the old database is there until then, and the next call
 * goes on.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CorruptStoreError } from '../chain/errors.ts';
import type { Params } from '../chain/format/params.ts';
import { Ledger } from '../chain/ledger/ledger.ts';
import { ConfigError } from './config.ts';
import { BLOCK_FOLDER } from './disk/folders.ts';
import { NodeFiles } from './disk/node-files.ts';
import { syncDirectory } from './files.ts';
import { noteJournalLoss } from './journal-loss.ts';
import { type LevelStore, openLevelStore, takePlace } from './level-store.ts';
import { lockNodeFolder } from './node-lock.ts';
import { moveBlocks, salvage } from './salvage.ts';
import { ThreadPoolVerifier } from './verifier.ts';

export interface Rebuilt {
  /** Of the tip. */
  readonly height: number;
  /** Height up to which the files have blocks: above that of the tip if a block between them is lost. */
  readonly stored: number;
  /** What of the files can't be used, in words. */
  readonly damages: readonly string[];
}

/** The database while it is made. */
const SCRATCH = 'rebuild';

/**
 * Rejects with `ConfigError` if the folder has no node's data, with `StoreUnavailableError` if a node runs on it or the
 * disk is full.
 */
export async function rebuildStore(
  dataDir: string,
  params: Params,
  onProgress: (height: number, of: number) => void,
): Promise<Rebuilt> {
  if (!existsSync(join(dataDir, BLOCK_FOLDER)) && !existsSync(join(dataDir, 'db'))) {
    throw new ConfigError(`${dataDir} has no blocks`, 'Name the folder of a node with --data.');
  }
  // LevelDB's own lock ends with the old database, before the new one has taken its place.
  const lock = await lockNodeFolder(dataDir, 0);
  try {
    const { store: old } = await openLevelStore(dataDir);
    let rebuilt: Rebuilt;
    const notSaved: string[] = [];
    try {
      // A store of an earlier version has blocks that no file has yet.
      const move = (store: LevelStore) => open(dataDir, params, store, () => {});
      await salvage(dataDir, move, (event, kept, reason) => {
        if (event === 'notSalvaged') notSaved.push(`blocks that ${kept} may have are not saved: ${reason}`);
      });
      await moveBlocks(() => move(old));
      rebuilt = await fill(dataDir, params, onProgress);
    } finally {
      await old.close();
    }
    takePlace(join(dataDir, SCRATCH, 'db'), dataDir);
    rmSync(join(dataDir, SCRATCH), { recursive: true, force: true });
    syncDirectory(dataDir);
    return { ...rebuilt, damages: [...notSaved, ...rebuilt.damages] };
  } finally {
    lock.release();
  }
}

async function fill(
  dataDir: string,
  params: Params,
  onProgress: (height: number, of: number) => void,
): Promise<Rebuilt> {
  const scratch = join(dataDir, SCRATCH);
  const damages: string[] = [];
  let { store } = await openLevelStore(scratch);
  try {
    let ledger: Ledger;
    try {
      ledger = await open(dataDir, params, store, (damage) => damages.push(damage));
    } catch (error) {
      if (!(error instanceof CorruptStoreError)) throw error;
      // What an earlier call left is damaged too.
      await store.close();
      rmSync(scratch, { recursive: true, force: true });
      ({ store } = await openLevelStore(scratch));
      ledger = await open(dataDir, params, store, (damage) => damages.push(damage));
    }
    const stored = ledger.rebuilding?.of ?? ledger.tip.height;
    try {
      for (let moved = true; moved; ) {
        onProgress(ledger.tip.height, stored);
        moved = (await ledger.advance()) !== null;
      }
    } finally {
      await ledger.close();
    }
    return { height: ledger.tip.height, stored, damages };
  } finally {
    await store.close();
  }
}

function open(
  dataDir: string,
  params: Params,
  store: LevelStore,
  onDamage: (damage: string) => void,
): Promise<Ledger> {
  return Ledger.open({
    params,
    store,
    files: new NodeFiles(join(dataDir, BLOCK_FOLDER)),
    verifier: new ThreadPoolVerifier(),
    pause: () => new Promise((resolve) => setImmediate(resolve)),
    onDamage,
    onJournalLoss(loss) {
      onDamage(loss);
      return noteJournalLoss(dataDir, loss, Date.now());
    },
  });
}
