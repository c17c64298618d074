/** Owns opening the ledger of a node's folder: from its store, or, where that is damaged, anew from the block files. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { CorruptStoreError, OutdatedStoreError } from '../chain/errors.ts';
import type { Params } from '../chain/format/params.ts';
import { Ledger } from '../chain/ledger/ledger.ts';
import { systemClock } from './clock.ts';
import { BLOCK_FOLDER } from './disk/folders.ts';
import { NodeFiles } from './disk/node-files.ts';
import { noteJournalLoss } from './journal-loss.ts';
import { type LevelStore, openLevelStore } from './level-store.ts';
import type { FolderLock } from './lock-socket.ts';
import type { FileLogger } from './logs.ts';
import { salvage } from './salvage.ts';
import { moveStoreAside } from './store-aside.ts';
import { ThreadPoolVerifier } from './verifier.ts';

/** What must be closed if a start fails half-way. */
export interface Opened {
  readonly lock: FolderLock;
  store: LevelStore | null;
  ledger: Ledger | null;
  log: FileLogger | null;
  /** Ends what else has been opened. */
  readonly parts: (() => Promise<void>)[];
}

export type Folder = Opened & { store: LevelStore; log: FileLogger };

/** The ledger of the store. If that is damaged, an empty one takes its place, to be filled from the block files. */
export async function openLedger(dataDir: string, params: Params, opened: Folder): Promise<Ledger> {
  const { log } = opened;
  const steps = new Set<number>();
  const open = (store = opened.store): Promise<Ledger> =>
    Ledger.open({
      params,
      store,
      files: new NodeFiles(join(dataDir, BLOCK_FOLDER)),
      verifier: new ThreadPoolVerifier(),
      pause: () => new Promise((resolve) => setImmediate(resolve)),
      onDamage: (damage) => log.error('blocksDamaged', { damage }),
      onJournalLoss(loss) {
        log.error('journalDamaged', { loss });
        return noteJournalLoss(dataDir, loss, systemClock.wallMs());
      },
      onMigration({ done, total }) {
        const percent = Math.floor((done / total) * 10) * 10;
        if (!steps.has(percent)) log.info('migrating', { percent, blocks: total / 3 });
        steps.add(percent);
      },
      onMend: (what) => log.warn('mended', { what }),
    });
  const openWithSaved = async (): Promise<Ledger> => {
    await salvage(dataDir, open, (event, from, reason) => log.warn(event, { from, reason: reason ?? null }));
    return open();
  };
  try {
    return await openWithSaved();
  } catch (error) {
    if (!(error instanceof CorruptStoreError)) throw error;
    const isOutdated = error instanceof OutdatedStoreError;
    if (!isOutdated) log.error('storeDamaged', { error: error.message });
    await removeStore(dataDir, opened.store, !isOutdated);
    opened.store = (await openLevelStore(dataDir)).store;
    const ledger = await openWithSaved();
    log.warn('rebuilding', { reason: error.message, ...ledger.rebuilding });
    return ledger;
  }
}

/** Closes a store and removes it: the next to be opened is empty, and filled from the block files. `keep`: it is moved aside. */
export async function removeStore(dataDir: string, store: LevelStore, keep: boolean): Promise<void> {
  await store.close();
  if (keep) moveStoreAside(dataDir, 'damaged');
  else rmSync(join(dataDir, 'db'), { recursive: true, force: true });
}
