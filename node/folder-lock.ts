/**
 * Owns locks on folders that end with the process that holds them, however it ends. A file with a pid cannot do that,
 * and Node has no `flock`: see docs/decisions/0010-locks-that-end-with-their-holder.md.
 *
 * A lock belongs to the folder itself, whatever path leads to it, and excludes takers within one process too. It does
 * not reach over a network file system to another machine.
 */
import { closeSync, existsSync, openSync, readFileSync, realpathSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PRIVATE_MODE } from './files.ts';
import { askSocketLock, checkLockName, type FolderLock, type Taken, takeSocketLock } from './lock-socket.ts';

/** Another process, or another part of this one, has the lock. */
export class LockHeldError extends Error {
  override readonly name = 'LockHeldError';
  readonly code = 'LOCKED';
  readonly hint = 'Wait for it, or stop it, and try again.';
  /** `process 4711 (pier testnet start)`, or null if the holder did not say. */
  readonly holder: string | null;
  constructor(dir: string, holder: string | null) {
    super(`${dir} is in use by ${holder ?? 'another process'}`);
    this.holder = holder;
  }
}

export interface LockOptions {
  /** How long to wait for a holder to end; 0 if left out. */
  readonly waitMs?: number;
  /** Called once, before the first wait, with the holder. */
  onWait?(holder: string | null): void;
}

const POLL_MS = 20;
const COMMAND_LENGTH_MAX = 120;
/** `O_EXLOCK` of open(2) on BSD and macOS, and libuv's flag of that name on Windows (uv_fs_open). */
const EXCLUSIVE = process.platform === 'win32' ? 0x10000000 : 0x20;
const NON_BLOCKING = process.platform === 'win32' ? 0 : 0x4;
const READ_WRITE_CREATE = process.platform === 'win32' ? 0x102 : 0x202;

/**
 * Takes the lock `name` of a folder that exists. `name` is the beginning of a file name, one for each purpose, as
 * `testnet.lock`, of at most 67 bytes. Rejects with `LockHeldError` once `waitMs` have passed, or with what the file system says.
 */
export async function takeLock(
  dir: string,
  name: string,
  { waitMs = 0, onWait }: LockOptions = {},
): Promise<FolderLock> {
  checkLockName(name);
  const folder = realpathSync(dir);
  const take = process.platform === 'linux' ? takeSocketLock : takeExclusiveFile;
  const end = performance.now() + waitMs;
  for (let first = true; ; first = false) {
    const taken = await take(folder, name, describeSelf());
    if ('lock' in taken) return taken.lock;
    if (performance.now() >= end) throw new LockHeldError(folder, taken.heldBy);
    if (first) onWait?.(taken.heldBy);
    // Two that wait for each other's attempts must not stay in step.
    await sleep(POLL_MS * (0.5 + Math.random()));
  }
}

/** Runs `change` while the lock is held. Rejects as `takeLock` does, or with what `change` throws. */
export async function withFolderLock<T>(
  dir: string,
  name: string,
  options: LockOptions,
  change: () => Promise<T>,
): Promise<T> {
  const lock = await takeLock(dir, name, options);
  try {
    return await change();
  } finally {
    lock.release();
  }
}

/** Who holds the lock, without taking it: null if nobody, '' if the holder does not say. */
export async function holderOf(dir: string, name: string): Promise<string | null> {
  checkLockName(name);
  if (!existsSync(dir)) return null;
  const folder = realpathSync(dir);
  if (process.platform === 'linux') return askSocketLock(folder, name);
  const taken = await takeExclusiveFile(folder, name, '');
  if (!('lock' in taken)) return taken.heldBy ?? '';
  taken.lock.release();
  return null;
}

/** True for the files that locks of that name leave in a folder. They hold nothing; who deletes them must hold the lock. */
export function isLockFile(fileName: string, name: string): boolean {
  return (
    fileName === name ||
    (fileName.startsWith(`${name}.`) && /^\.[0-9a-z]+$/.test(fileName.slice(name.length)))
  );
}

/** BSD, macOS, Windows: the system locks an open file, and unlocks it with its last descriptor. */
async function takeExclusiveFile(folder: string, name: string, self: string): Promise<Taken> {
  const path = join(folder, name);
  let file: number;
  try {
    file = openSync(path, READ_WRITE_CREATE | EXCLUSIVE | NON_BLOCKING, PRIVATE_MODE);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EAGAIN' && code !== 'EWOULDBLOCK' && code !== 'EBUSY') throw error;
    return { heldBy: readHolder(path) };
  }
  try {
    writeSync(file, self.padEnd(COMMAND_LENGTH_MAX), 0);
  } catch {
    // A full disk: the lock holds without saying whose it is.
  }
  let open = true;
  const release = (): void => {
    if (open) closeSync(file);
    open = false;
  };
  return { lock: { release } };
}

function readHolder(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim() || null;
  } catch {
    return null;
  }
}

/** For the message of whoever is kept out. Paths and values of options are nobody else's business. */
function describeSelf(): string {
  const [, program = '', ...args] = process.argv;
  const words = args.filter((argument) => /^[a-z]{2,12}$/.test(argument)).slice(0, 2);
  const command = [basename(program).replace(/^(?:cli\.js|pier\.mjs)$/, 'pier'), ...words].join(' ');
  return `process ${process.pid} (${command})`.slice(0, COMMAND_LENGTH_MAX);
}
