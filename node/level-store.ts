/**
 * Owns the store on disk: LevelDB in `<data>/db`, which survives `kill -9` but hides corruption. So every value has a
 * checksum, a file `SENTINEL` beside the database tells a lost database from a new one, and a database that can't be
 * opened is moved aside, never repaired in place: LevelDB's `repair` turns damage into wrong data that looks right.
 *
 * Bounds: LevelDB's caches as set below.
 */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Level } from 'level';
import { assert, CorruptStoreError } from '../chain/errors.ts';
import { Slab } from '../chain/format/slab.ts';
import type { IterateOptions, Store, StoreWrite } from '../chain/ledger/ports.ts';
import { makePrivateDirectory, syncDirectory, writeFileAtomically } from './files.ts';
import { moveStoreAside } from './store-aside.ts';
import { StoreUnavailableError } from './store-faults.ts';
import { openValue, sealValue } from './store-value.ts';

const CACHE_BYTES = 8 * 1024 * 1024;
const WRITE_BUFFER_BYTES = 4 * 1024 * 1024;
/** Few descriptors a node: a testnet has many nodes. */
const MAX_OPEN_FILES = 100;
const SEALED_PIECE_BYTES = 64 * 1024;
/** Rows put into a batch between two rests: about 5 ms of work. */
const ROWS_A_SLICE = 2_000;
/** A whole database that is to take the place of the present one. */
const FRESH = 'db.new';
/** The one before it, until it is deleted. */
const OLD = 'db.old';
const SENTINEL_TEXT = 'The database beside this file was made once. If it is gone, it was lost.\n';

/** What LevelDB says of files that are gone, have another content, or are folders. */
const DAMAGE = /corruption|no such file|invalid argument|(?:is|not) a directory/i;

type Database = Level<Uint8Array, Uint8Array>;

/** `Store` over an open database. Made by `openLevelStore`. */
export class LevelStore implements Store {
  readonly #db: Database;
  /** The batch copies each value out of it at once. */
  readonly #sealed = new Slab(SEALED_PIECE_BYTES);

  constructor(db: Database) {
    this.#db = db;
  }

  /** One call is one snapshot: LevelDB takes it before the first read. */
  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    if (keys.length === 0) return [];
    const sealed = await this.#db.getMany(keys as Uint8Array[]).catch(refuse);
    return sealed.map((value, i) => (value === undefined ? undefined : openValue(keys[i]!, value)));
  }

  async write(batch: Iterable<StoreWrite>, options: { readonly sync: boolean }): Promise<void> {
    // Chained: five times as fast as an array of operations, and as atomic.
    const chained = this.#db.batch();
    for (const [key, value] of batch) {
      // Readers see no part of the batch before it is written, so other work may run in between.
      if (chained.length % ROWS_A_SLICE === ROWS_A_SLICE - 1)
        await new Promise((resolve) => setImmediate(resolve));
      if (value === null) chained.del(key);
      else chained.put(key, sealValue(key, value, this.#sealed));
    }
    // The typings of chained batches know no options of the implementation; LevelDB's takes `sync`.
    await (chained as unknown as { write(options: { sync: boolean }): Promise<void> })
      .write({ sync: options.sync })
      .catch(refuse);
  }

  async iterate(options: IterateOptions): Promise<[key: Uint8Array, value: Uint8Array][]> {
    const { from, to, limit, reverse = false, keysOnly = false } = options;
    assert(Number.isSafeInteger(limit) && limit >= 0, 'a limit is a whole number');
    if (limit === 0) return [];
    if (keysOnly) {
      const keys = await this.#db.keys({ gte: from, lt: to, limit, reverse }).all().catch(refuse);
      return keys.map((key) => [plain(key), new Uint8Array(0)]);
    }
    const found = await this.#db.iterator({ gte: from, lt: to, limit, reverse }).all().catch(refuse);
    return found.map(([key, sealed]) => [plain(key), openValue(key, sealed)]);
  }

  async close(): Promise<void> {
    await this.#db.close();
  }
}

/**
 * Opens the store of a data folder, making both if needed. `lost` is true if there was a database that is gone or
 * can't be opened: the store is empty then, and is made again from the block files. Rejects with
 * `StoreUnavailableError` if another process has it open, the disk is full, or the files can't be reached.
 */
export async function openLevelStore(dataDir: string): Promise<{ store: LevelStore; lost: boolean }> {
  makePrivateDirectory(dataDir);
  const path = join(dataDir, 'db');
  const sentinel = join(dataDir, 'SENTINEL');
  let lost = false;
  // A process ended while it put one database in the place of another.
  if (!existsSync(path) && existsSync(join(dataDir, FRESH))) renameSync(join(dataDir, FRESH), path);
  if (existsSync(sentinel) && !existsSync(join(path, 'CURRENT'))) {
    // LevelDB would open an empty database here, and delete what is left of the old one.
    moveStoreAside(dataDir, 'incomplete');
    lost = true;
  }
  let db = await openDatabase(path);
  if (db === null) {
    moveStoreAside(dataDir, 'unreadable');
    lost = true;
    db = await openDatabase(path);
    if (db === null) {
      throw new StoreUnavailableError('IO', `a new database in ${path} can't be opened`, 'Check the disk.');
    }
  }
  // Not before it is open: another process may be at work.
  rmSync(join(dataDir, OLD), { recursive: true, force: true });
  if (!existsSync(sentinel)) writeFileAtomically(sentinel, SENTINEL_TEXT);
  return { store: new LevelStore(db), lost };
}

/** The database at `path` as far as LevelDB can read it; null if it can't at all. For a copy: rows may be gone or old. */
export async function openRepaired(path: string): Promise<LevelStore | null> {
  await (Level as unknown as { repair(path: string): Promise<void> }).repair(path).catch(() => undefined);
  const db = await openDatabase(path);
  return db === null ? null : new LevelStore(db);
}

/**
 * Makes the database at `path`, which is whole and not open, that of a data folder. Whenever the process ends, the next
 * start finds one of the two.
 */
export function takePlace(path: string, dataDir: string): void {
  const fresh = join(dataDir, FRESH);
  rmSync(fresh, { recursive: true, force: true });
  renameSync(path, fresh);
  syncDirectory(dataDir);
  const old = join(dataDir, OLD);
  rmSync(old, { recursive: true, force: true });
  renameSync(join(dataDir, 'db'), old);
  renameSync(fresh, join(dataDir, 'db'));
  syncDirectory(dataDir);
  rmSync(old, { recursive: true, force: true });
}

/** The open database, or null if it is damaged. */
async function openDatabase(path: string): Promise<Database | null> {
  const db: Database = new Level(path, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    cacheSize: CACHE_BYTES,
    writeBufferSize: WRITE_BUFFER_BYTES,
    maxOpenFiles: MAX_OPEN_FILES,
  });
  try {
    await db.open();
    return db;
  } catch (error) {
    const fault = faultOf(error);
    if (fault instanceof CorruptStoreError) return null;
    throw fault;
  }
}

function refuse(error: unknown): never {
  throw faultOf(error);
}

/** Tells damage, which a rebuild heals, from what the operator has to see to. */
function faultOf(error: unknown): Error {
  const { code, message } = rootCause(error);
  if (code === 'LEVEL_LOCKED') {
    return new StoreUnavailableError(
      'LOCKED',
      'another node uses this folder',
      'Stop that node, or choose another folder with --data.',
      error,
    );
  }
  if (/no space left|disk quota/i.test(message)) {
    return new StoreUnavailableError(
      'DISK_FULL',
      'the disk is full',
      'Free some space and start again.',
      error,
    );
  }
  // A file that another one names and that isn't there is damage too: something deleted it.
  const damaged = code === 'LEVEL_CORRUPTION' || DAMAGE.test(message);
  if (damaged) return new CorruptStoreError(message, { cause: error });
  if (code === 'LEVEL_IO_ERROR') {
    return new StoreUnavailableError('IO', message, 'Check the disk and the rights to its files.', error);
  }
  return error instanceof Error ? error : new Error(message);
}

function rootCause(error: unknown): { code: string; message: string } {
  let cause = error as { code?: string; message?: string; cause?: unknown };
  while (cause.cause instanceof Error) cause = cause.cause as typeof cause;
  return { code: cause.code ?? '', message: cause.message ?? String(cause) };
}

/** LevelDB gives Buffers; the ledger deals in plain byte arrays. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
