/** Owns how files of a node come into being: with modes that keep others out, and all at once or not at all. */
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  closeSync,
  fchownSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/** Only its owner may read and write it. */
export const PRIVATE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;
const SCRATCH_AGE_MS = 3600_000;

/** Makes a folder, and those above it, that only its owner may look into. One that exists is left as it is. */
export function makePrivateDirectory(path: string): void {
  const first = mkdirSync(path, { recursive: true, mode: DIRECTORY_MODE });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) {
    const owner = ownerToKeep(dirname(made));
    if (owner !== null) chownSync(made, owner.uid, owner.gid);
  }
}

/** What the system's administrator makes in the folder of a user is that user's, who would be locked out otherwise. */
function ownerToKeep(folder: string): { uid: number; gid: number } | null {
  if (process.geteuid?.() !== 0) return null;
  const { uid, gid } = statSync(folder);
  return uid === 0 ? null : { uid, gid };
}

/**
 * The one spelling of a path: without symbolic links, also where its last parts don't exist yet. What can't be looked at
 * stays as it was given, made absolute.
 */
export function realPath(path: string): string {
  const whole = resolve(path);
  const missing: string[] = [];
  for (let above = whole; ; above = dirname(above)) {
    try {
      return join(realpathSync.native(above), ...missing);
    } catch {
      if (dirname(above) === above) return whole;
      missing.unshift(basename(above));
    }
  }
}

export interface WriteOptions {
  /** False: a file that has the name already stays. */
  readonly replace?: boolean;
  /** Before the umask; `PRIVATE_MODE` if left out. */
  readonly mode?: number;
}

/**
 * Writes a file so that, whatever happens, the old or the new content is there in whole: a new file beside it, synced,
 * takes its name. False if that was taken and is not to be replaced. Throws what the file system says, and then the old
 * content is there.
 */
export function writeFileAtomically(
  path: string,
  content: string | Uint8Array,
  { replace = true, mode = PRIVATE_MODE }: WriteOptions = {},
): boolean {
  const scratch = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    writeSynced(scratch, content, mode);
    if (replace) renameSync(scratch, path);
    else if (!giveName(scratch, path)) return false;
  } finally {
    rmSync(scratch, { force: true });
  }
  syncDirectory(dirname(path));
  sweepScratch(path);
  return true;
}

/** A hard link never replaces. Where there are none, as on FAT, the name is looked at once more. */
function giveName(scratch: string, path: string): boolean {
  try {
    linkSync(scratch, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(code ?? '')) throw error;
  }
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return false;
  renameSync(scratch, path);
  return true;
}

/** True for a scratch file of it, which a process that was killed may leave behind. */
export function isScratch(name: string): boolean {
  return /\.[0-9a-f]{12}\.tmp$/.test(name);
}

function writeSynced(path: string, content: string | Uint8Array, mode: number): void {
  const file = openSync(path, 'wx', mode);
  try {
    const owner = ownerToKeep(dirname(path));
    if (owner !== null) fchownSync(file, owner.uid, owner.gid);
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Takes away what killed writers of this file left: a write is over in far less than an hour. */
function sweepScratch(path: string): void {
  try {
    for (const name of readdirSync(dirname(path))) {
      if (!name.startsWith(`${basename(path)}.`) || !isScratch(name)) continue;
      const scratch = join(dirname(path), name);
      if (Date.now() - statSync(scratch).mtimeMs > SCRATCH_AGE_MS) rmSync(scratch, { force: true });
    }
  } catch {
    // It does no harm where it is.
  }
}

/** The file's content, or null if there is no such file. */
export function readFileIfThere(path: string): Uint8Array | null {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Makes a rename survive a power cut. Not every system can: Windows refuses to open a folder. */
export function syncDirectory(path: string): void {
  let folder: number;
  try {
    folder = openSync(path, 'r');
  } catch {
    return;
  }
  try {
    fsyncSync(folder);
  } catch (error) {
    // A file system without it refuses as well, with another code: nothing better can be done there.
    if (['EIO', 'ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    closeSync(folder);
  }
}
