/** Owns writing a file that a user names: whole or not at all, and over another one only if that is asked for. */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { CliError } from './faults.ts';

/** Says before any work is done that the file could not be written: it is there ('FILE_EXISTS'), or is a folder. */
export function refuseTaken(path: string, force: boolean): void {
  const found = find(path);
  if (found?.isDirectory()) throw new CliError('NOT_A_FILE', `${path} is a folder`, 'name a file in it');
  if (found?.isFile() && !force) throw taken(path);
}

/** Writes it. A device or a pipe is written to as it is. Throws as `refuseTaken` does, and what the file system says. */
export function writeNewFile(path: string, bytes: Uint8Array, force: boolean): void {
  refuseTaken(path, force);
  const found = find(path);
  if (found !== null && !found.isFile()) {
    writeFileSync(path, bytes);
    return;
  }
  // A link stays, and what it points to is replaced.
  const target = found === null ? path : realpathSync(path);
  const scratch = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    writeWhole(scratch, bytes);
    if (force) renameSync(scratch, target);
    else giveName(scratch, target);
  } finally {
    rmSync(scratch, { force: true });
  }
}

function writeWhole(path: string, bytes: Uint8Array): void {
  const file = openSync(path, 'wx');
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** A hard link never replaces. Where there are none, as on FAT, the name is looked at once more. */
function giveName(scratch: string, path: string): void {
  try {
    linkSync(scratch, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw taken(path);
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(code ?? '')) throw error;
    if (find(path) !== null) throw taken(path);
    renameSync(scratch, path);
  }
}

function find(path: string): Stats | null {
  return statSync(path, { throwIfNoEntry: false }) ?? null;
}

function taken(path: string): CliError {
  return new CliError(
    'FILE_EXISTS',
    `${path} is there already`,
    'give another name, or --force to replace it',
  );
}
