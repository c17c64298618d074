/**
 * Owns saving what only a database that was moved aside has: the blocks and the accepted transactions of an earlier
 * version, which kept them in rows. A copy of the database is repaired and read; the ledger verifies each block that it
 * takes from it. The database itself stays as it was.
 *
 * Bounds: `TRIES` for each database, since LevelDB may end the process over it. The copy shares the tables' disk space.
 */
import { copyFileSync, existsSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CorruptStoreError } from '../chain/errors.ts';
import type { Ledger } from '../chain/ledger/ledger.ts';
import { endOf, OLD_HEADER_ROWS } from '../chain/ledger/store-keys.ts';
import { writeFileAtomically } from './files.ts';
import { type LevelStore, openRepaired } from './level-store.ts';
import { readLoss } from './store-aside.ts';

/** The copy, while it is read. */
const SCRATCH = 'salvage';
/** In the database that was moved aside: how often it has been tried, or `DONE`. */
const NOTE = 'SALVAGE';
const DONE = 'done';
const TRIES = 2;

/**
 * Looks, once, for blocks in the database that was moved aside last, and has `open` move them to the block files as for any
 * store of an earlier version. It may end at any moment: the next start goes on.
 */
export async function salvage(
  dataDir: string,
  open: (store: LevelStore) => Promise<Ledger>,
  found: (kept: string) => void,
): Promise<void> {
  const kept = readLoss(dataDir)?.kept;
  if (kept == null) return;
  const note = join(dataDir, kept, NOTE);
  const tried = existsSync(note) ? readFileSync(note, 'utf8') : '0';
  if (tried === DONE || !(Number(tried) < TRIES)) return;
  writeFileAtomically(note, String(Number(tried) + 1));
  const scratch = join(dataDir, SCRATCH);
  rmSync(scratch, { recursive: true, force: true });
  try {
    copyDatabase(join(dataDir, kept), scratch);
    await readCopy(scratch, open, () => found(kept));
  } catch (error) {
    // A full disk, say: what ends a start with an error is not what the tries are for.
    rmSync(note, { force: true });
    rmSync(scratch, { recursive: true, force: true });
    throw error;
  }
  writeFileAtomically(note, DONE);
  rmSync(scratch, { recursive: true, force: true });
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
  mkdirSync(to, { mode: 0o700 });
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

async function hasBlocks(store: LevelStore): Promise<boolean> {
  const range = { from: OLD_HEADER_ROWS, to: endOf(OLD_HEADER_ROWS), limit: 1, keysOnly: true };
  return (await store.iterate(range)).length > 0;
}
