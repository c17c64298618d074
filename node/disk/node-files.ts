/**
 * Owns the file port over a folder of this machine. Reads and writes are positional. Files are for their owner only.
 * Each open file takes one descriptor.
 */
import { createHash, randomBytes } from 'node:crypto';
import { type FileHandle, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from '../../chain/errors.ts';
import { FILE_NAME, type Files, FilesError, type OpenFile } from '../../chain/files/port.ts';
import { hash } from '../../chain/format/hash.ts';
import { SHORT_BYTES } from '../../chain/format/sha256.ts';
import { makePrivateDirectory, PRIVATE_MODE, syncDirectory } from '../files.ts';
import { StoreUnavailableError } from '../store-faults.ts';

export class NodeFiles implements Files {
  readonly #folder: string;

  /** Makes the folder if there is none. */
  constructor(folder: string) {
    makePrivateDirectory(folder);
    this.#folder = folder;
  }

  async list(): Promise<string[]> {
    return (await readdir(this.#folder).catch(refuse)).sort();
  }

  async open(name: string): Promise<OpenFile | null> {
    const path = this.#pathOf(name);
    try {
      const file = await open(path, 'r+');
      const { size } = await file.stat();
      return new NodeFile(file, size);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return null;
      if (code === 'EISDIR') throw new FilesError('NOT_A_FILE', `${path} is a folder`);
      return refuse(error);
    }
  }

  async create(name: string): Promise<OpenFile> {
    const path = this.#pathOf(name);
    // Not truncated: a link planted in its place must not be followed, and a folder not be in the way.
    await this.remove(name);
    return new NodeFile(await open(path, 'wx+', PRIVATE_MODE).catch(refuse), 0);
  }

  async remove(name: string): Promise<void> {
    await rm(this.#pathOf(name), { recursive: true, force: true }).catch(refuse);
  }

  async rename(from: string, to: string): Promise<void> {
    const target = this.#pathOf(to);
    const isFolder = await stat(target).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (isFolder) await this.remove(to);
    await rename(this.#pathOf(from), target).catch(refuse);
  }

  async sync(): Promise<void> {
    syncDirectory(this.#folder);
  }

  async free(): Promise<number | null> {
    try {
      const { bavail, bsize } = await statfs(this.#folder);
      return bavail * bsize;
    } catch {
      return null;
    }
  }

  random(length: number): Uint8Array {
    return new Uint8Array(randomBytes(length));
  }

  /** OpenSSL is faster for long messages, and slower to set up. */
  hash(domain: Uint8Array, ...parts: Uint8Array[]): Uint8Array {
    let length = domain.length;
    for (const part of parts) length += part.length;
    if (length <= SHORT_BYTES) return hash(domain, ...parts);
    const digest = createHash('sha256').update(domain);
    for (const part of parts) digest.update(part);
    return new Uint8Array(digest.digest());
  }

  #pathOf(name: string): string {
    assert(FILE_NAME.test(name), `${name} may be the name of a file`);
    return join(this.#folder, name);
  }
}

class NodeFile implements OpenFile {
  readonly #file: FileHandle;
  #size: number;
  /** Part of a failed append is behind the end. */
  #isTorn = false;

  constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  async append(bytes: Uint8Array): Promise<void> {
    await this.#cutTorn().catch(refuse);
    try {
      for (let at = 0; at < bytes.length; ) {
        const { bytesWritten } = await this.#file.write(bytes, at, bytes.length - at, this.#size + at);
        at += bytesWritten;
      }
    } catch (error) {
      // What is there of it is no part of the file. Until it is cut nothing is appended or synced: after a restart the
      // file would have it.
      this.#isTorn = true;
      await this.#cutTorn().catch(() => undefined);
      refuse(error);
    }
    this.#size += bytes.length;
  }

  async read(at: number, length: number): Promise<Uint8Array> {
    const wanted = Math.max(0, Math.min(length, this.#size - at));
    const bytes = new Uint8Array(wanted);
    let got = 0;
    while (got < wanted) {
      const { bytesRead } = await this.#file.read(bytes, got, wanted - got, at + got).catch(refuse);
      if (bytesRead === 0) break;
      got += bytesRead;
    }
    return bytes.subarray(0, got);
  }

  async sync(): Promise<void> {
    await this.#cutTorn().catch(refuse);
    await this.#file.datasync().catch(refuse);
  }

  async truncate(size: number): Promise<void> {
    assert(size <= this.#size, 'a file is cut, not stretched');
    await this.#file.truncate(size).catch(refuse);
    this.#size = size;
  }

  async close(): Promise<void> {
    await this.#cutTorn().catch(() => undefined);
    await this.#file.close().catch(refuse);
  }

  async #cutTorn(): Promise<void> {
    if (!this.#isTorn) return;
    await this.#file.truncate(this.#size);
    this.#isTorn = false;
  }
}

/** Says what the operator has to see to. */
function refuse(error: unknown): never {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
    throw new StoreUnavailableError(
      'DISK_FULL',
      'the disk is full',
      'Free some space and start again.',
      error,
    );
  }
  throw new StoreUnavailableError('IO', message, 'Check the disk and the rights to its files.', error);
}
