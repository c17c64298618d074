/** Owns writing a file that a user names: whole or not at all, and over another one only if that is asked for. */
import { realpathSync, type Stats, statSync, writeFileSync } from 'node:fs';
import { writeFileAtomically } from '../node/files.ts';
import { CliError } from './faults.ts';

/** The mode that most programs ask for; the umask takes away from it. */
const MODE = 0o666;

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
  if (!writeFileAtomically(target, bytes, { replace: force, mode: MODE })) throw taken(path);
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
