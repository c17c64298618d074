/**
 * Owns saving what only a database that was moved aside has: the blocks and the accepted transactions of an earlier
 * version, which kept them in rows. A copy of the database is repaired and read; the ledger verifies each block that it
 * takes from it. The database itself stays as it was.
 *
 * Bounds: `TRIES` for each database, since LevelDB may end the process over it. The copy shares the disk space of tables until
 * LevelDB compacts them: then it takes as much again.
 */
import { copyFileSync, existsSync, linkSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CorruptStoreError } from '../chain/errors.ts';
import type { Ledger } from '../chain/ledger/ledger.ts';
import { endOf, OLD_HEADER_ROWS } from '../chain/ledger/store-keys.ts';
import { unlessDamaged } from '../chain/ledger/whole-rows.ts';
import { makePrivateDirectory, writeFileAtomically } from './files.ts';
import { type LevelStore, openRepaired } from './level-store.ts';
import { readLoss } from './store-aside.ts';

/** The copy, while it is read. */
const SCRATCH = 'salvage';
/** In the database that was moved aside: how often it has been tried, or `DONE`. */
const NOTE = 'SALVAGE';
const DONE = 'done';
const TRIES = 3;

/** Blocks were found and are moved; or what there may be can't be saved, this time or ever, for a reason. */
export type SalvageEvent = 'salvaging' | 'notSalvaged';

/**
 * Looks, once, for blocks in the database that was moved aside first since the node was last whole, and has `open` move them
 * to the block files as for any store of an earlier version. It may end at any moment: the next start goes on while there
 * are tries left. It never rejects for what it finds.
 */
export async function salvage(
  dataDir: string,
  open: (store: LevelStore) => Promise<Ledger>,
  tell: (event: SalvageEvent, kept: string, reason?: string) => void,
): Promise<void> {
  const scratch = join(dataDir, SCRATCH);
  // A process that was killed left it, and it keeps the disk space of tables.
  rmSync(scratch, { recursive: true, force: true });
  const kept = readLoss(dataDir)?.kept;
  if (kept == null || !isFolder(join(dataDir, kept))) return;
  const note = join(dataDir, kept, NOTE);
  const tried = existsSync(note) ? readFileSync(note, 'utf8') : '0';
  if (tried === DONE) return;
  if (!(Number(tried) < TRIES)) {
    tell('notSalvaged', kept, `the process ended ${tried} times over it`);
    return;
  }
  try {
    writeFileAtomically(note, String(Number(tried) + 1));
    copyDatabase(join(dataDir, kept), scratch);
    await readCopy(scratch, open, () => tell('salvaging', kept));
    writeFileAtomically(note, DONE);
  } catch (error) {
    // A full disk, say. It keeps no node from starting, and takes no try: the next start begins again.
    tell('notSalvaged', kept, String(error));
    writeIfPossible(note, tried);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function writeIfPossible(path: string, text: string): void {
  try {
    writeFileAtomically(path, text);
  } catch {
    // It costs a try.
  }
}

async function readCopy(
  path: string,
  open: (store: LevelStore) => Promise<Ledger>,
  found: () => void,
): Promise<void> {
  const store = await openRepaired(path);
  if (store === null) return;
  try {
    if (!(await hasBlocks(store))) return;
    found();
    await moveBlocks(() => open(store));
  } finally {
    await store.close();
  }
}

/** Opens a ledger for the blocks that it moves to its files, whatever else is damaged. */
export async function moveBlocks(open: () => Promise<Ledger>): Promise<void> {
  try {
    await (await open()).close();
  } catch (error) {
    if (!(error instanceof CorruptStoreError)) throw error;
  }
}

/** LevelDB never changes a table, so the copy shares those where the file system has links. */
function copyDatabase(from: string, to: string): void {
  makePrivateDirectory(to);
  for (const { name } of readdirSync(from, { withFileTypes: true }).filter((entry) => entry.isFile())) {
    const [source, target] = [join(from, name), join(to, name)];
    if (!name.endsWith('.ldb') || !isLinked(source, target)) copyFileSync(source, target);
  }
}

function isLinked(source: string, target: string): boolean {
  try {
    linkSync(source, target);
    return true;
  } catch {
    return false;
  }
}

/** True also if damage is in the way: the ledger reads around it. */
async function hasBlocks(store: LevelStore): Promise<boolean> {
  const range = { from: OLD_HEADER_ROWS, to: endOf(OLD_HEADER_ROWS), limit: 1, keysOnly: true };
  const rows = await unlessDamaged(store.iterate(range));
  return rows === null || rows.length > 0;
}

/** False for a file, or nothing, in the place of the database. */
const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
