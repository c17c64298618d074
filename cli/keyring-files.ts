/**
 * Owns the keyring's files on disk: `NAME.json` in one directory (0700), each readable by its owner alone (0600), written
 * whole or not at all, and never over another. Keys kept beside it are `NAME.LABEL.spare`. None is ever deleted.
 */

import { constants } from 'node:fs';
import { type FileHandle, link, mkdir, open, readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { equalBytes } from '../chain/format/bytes.ts';
import { syncDirectory, writeFileAtomically } from '../node/files.ts';
import { WalletError } from '../wallet/errors.ts';
import { KEY_FILE_BYTES_MAX } from '../wallet/keyfile.ts';
import type { KeyFiles } from '../wallet/keyring.ts';
import { exclusively } from './exclusively.ts';

const SUFFIX = '.json';
const SPARE_SUFFIX = '.spare';
const LOCK = 'keyring.lock';
/** A swap takes milliseconds. */
const PATIENCE_MS = 10_000;
/** Windows keeps permissions elsewhere: the mode bits there say nothing. */
const HAS_MODES = process.platform !== 'win32';

/** Key files in `directory`, which is made when the first key is written. */
export class DirectoryKeyFiles implements KeyFiles {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  async list(): Promise<string[]> {
    return this.#namesWith('', SUFFIX);
  }

  /** Names of files without what they begin and end with. */
  async #namesWith(prefix: string, suffix: string): Promise<string[]> {
    try {
      const names = await readdir(this.directory);
      // Temporary files of earlier versions begin with a point.
      return names
        .filter((name) => name.startsWith(prefix) && name.endsWith(suffix) && !name.startsWith('.'))
        .map((name) => name.slice(prefix.length, -suffix.length));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    }
  }

  read(name: string): Promise<Uint8Array | undefined> {
    return this.#read(this.#path(name));
  }

  async #read(path: string): Promise<Uint8Array | undefined> {
    let file: FileHandle;
    try {
      // Not through a link, and without waiting if it is a pipe: what was checked is what is read.
      file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      if (codeOf(error) === 'ELOOP') throw new WalletError('BAD_KEY_FILE', `${path} is a symbolic link`);
      throw error;
    }
    try {
      const { mode, size } = await file.stat().then((found) => {
        if (!found.isFile()) throw new WalletError('BAD_KEY_FILE', `${path} is not a file`);
        return found;
      });
      if (HAS_MODES && (mode & 0o077) !== 0) {
        throw new WalletError('INSECURE_KEY_FILE', path, `chmod 600 ${path}`);
      }
      if (size > KEY_FILE_BYTES_MAX)
        throw new WalletError('BAD_KEY_FILE', `${path} is larger than ${KEY_FILE_BYTES_MAX} bytes`);
      return new Uint8Array(await file.readFile());
    } finally {
      await file.close();
    }
  }

  write(name: string, bytes: Uint8Array): Promise<boolean> {
    return this.#write(this.#path(name), bytes);
  }

  listSpares(name: string): Promise<string[]> {
    return this.#namesWith(`${name}.`, SPARE_SUFFIX);
  }

  readSpare(name: string, label: string): Promise<Uint8Array | undefined> {
    return this.#read(this.#sparePath(name, label));
  }

  writeSpare(name: string, label: string, bytes: Uint8Array): Promise<boolean> {
    return this.#write(this.#sparePath(name, label), bytes);
  }

  exclusively<T>(change: () => Promise<T>): Promise<T> {
    const doing = `changes ${this.directory}`;
    return exclusively({ folder: this.directory, name: LOCK, patienceMs: PATIENCE_MS, doing }, change);
  }

  async swap(name: string, label: string, oldLabel: string): Promise<void> {
    const old = this.#sparePath(name, oldLabel);
    // The key in use gets its second name first, so a crash between the two steps leaves it under both.
    await link(this.#path(name), old).catch(async (error) => {
      if (codeOf(error) !== 'EEXIST') throw error;
      const [current, kept] = [await this.read(name), await this.#read(old)];
      if (current !== undefined && kept !== undefined && equalBytes(current, kept)) return;
      const hint = 'nothing was changed: move that file to another folder, keep it, and try again';
      throw new WalletError('KEY_EXISTS', `${old} holds another key than the one in use`, hint);
    });
    syncDirectory(this.directory);
    await rename(this.#sparePath(name, label), this.#path(name));
    syncDirectory(this.directory);
  }

  async #write(path: string, bytes: Uint8Array): Promise<boolean> {
    await this.#makeDirectory();
    return writeFileAtomically(path, bytes, { replace: false });
  }

  #path(name: string): string {
    return join(this.directory, `${name}${SUFFIX}`);
  }

  #sparePath(name: string, label: string): string {
    return join(this.directory, `${name}.${label}${SPARE_SUFFIX}`);
  }

  async #makeDirectory(): Promise<void> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    if (!HAS_MODES) return;
    // Whoever may write to the directory could swap a key; one that was there before keeps its mode.
    const { mode } = await stat(this.directory);
    if ((mode & 0o077) !== 0)
      throw new WalletError('INSECURE_KEY_FILE', this.directory, `chmod 700 ${this.directory}`);
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as { code?: string }).code;
}
