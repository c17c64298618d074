/** Owns how files of a node come into being: with modes that keep others out, and all at once or not at all. */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** Only its owner may read and write it. */
export const PRIVATE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/** Makes a folder, and those above it, that only its owner may look into. One that exists is left as it is. */
export function makePrivateDirectory(path: string): void {
  mkdirSync(path, { recursive: true, mode: DIRECTORY_MODE });
}

/**
 * Writes a file so that, whatever happens, the old or the new content is there in whole: a new file beside it, synced,
 * takes its name. Mode 0600. Throws what the file system says.
 */
export function writeFileAtomically(path: string, content: string | Uint8Array): void {
  const scratch = `${path}.${process.pid}.tmp`;
  // A scratch file of an earlier process with our id is nobody's: a link planted in its place must not be followed.
  rmSync(scratch, { force: true });
  try {
    const file = openSync(scratch, 'wx', PRIVATE_MODE);
    try {
      const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(scratch, path);
  } catch (error) {
    rmSync(scratch, { force: true });
    throw error;
  }
  syncDirectory(dirname(path));
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
  } catch {
    // A file system without it: nothing better can be done.
  } finally {
    closeSync(folder);
  }
}
