/**
 * Owns the block files of a disk as one process sees them: calls take their time, and the end of the process in the middle
 * of an append leaves any part of what it wrote.
 */
import { assert } from '../chain/errors.ts';
import type { MemoryFile, MemoryFiles } from '../chain/files/memory-files.ts';
import type { Files, OpenFile } from '../chain/files/port.ts';

/** How calls of a process are made: after a while, or never if it ends before. */
export interface Calls {
  later<T>(work: () => T): Promise<T>;
  /** Told of bytes that are being appended until they are, or the process ends. */
  appending(append: Append): void;
  appended(append: Append): void;
}

/** Bytes on their way to a file. */
export interface Append {
  readonly file: MemoryFile;
  readonly bytes: Uint8Array;
}

export class MountedFiles implements Files {
  readonly #files: MemoryFiles;
  readonly #calls: Calls;

  constructor(files: MemoryFiles, calls: Calls) {
    this.#files = files;
    this.#calls = calls;
  }

  list(): Promise<string[]> {
    return this.#calls.later(() => this.#files.names());
  }

  open(name: string): Promise<OpenFile | null> {
    return this.#calls.later(() => this.#mounted(this.#files.find(name)));
  }

  create(name: string): Promise<OpenFile> {
    return this.#calls.later(() => this.#mounted(this.#files.make(name))!);
  }

  remove(name: string): Promise<void> {
    return this.#calls.later(() => this.#files.removeNow(name));
  }

  rename(from: string, to: string): Promise<void> {
    return this.#calls.later(() => this.#files.renameNow(from, to));
  }

  sync(): Promise<void> {
    return this.#calls.later(() => this.#files.settleNames());
  }

  free(): Promise<number | null> {
    return this.#files.free();
  }

  random(length: number): Uint8Array {
    return this.#files.random(length);
  }

  hash(domain: Uint8Array, ...parts: Uint8Array[]): Uint8Array {
    return this.#files.hash(domain, ...parts);
  }

  #mounted(file: MemoryFile | null): OpenFile | null {
    return file === null ? null : new MountedFile(file, this.#calls);
  }
}

class MountedFile implements OpenFile {
  readonly #file: MemoryFile;
  readonly #calls: Calls;
  #isOpen = true;

  constructor(file: MemoryFile, calls: Calls) {
    this.#file = file;
    this.#calls = calls;
  }

  get size(): number {
    return this.#file.size;
  }

  async append(bytes: Uint8Array): Promise<void> {
    const append = { file: this.#file, bytes };
    this.#calls.appending(append);
    try {
      await this.#call(() => this.#file.put(bytes));
    } finally {
      this.#calls.appended(append);
    }
  }

  read(at: number, length: number): Promise<Uint8Array> {
    return this.#call(() => this.#file.get(at, length));
  }

  sync(): Promise<void> {
    return this.#call(() => this.#file.settle());
  }

  truncate(size: number): Promise<void> {
    return this.#call(() => this.#file.cut(size));
  }

  async close(): Promise<void> {
    this.#isOpen = false;
  }

  /** As with a real descriptor, nothing can be done with a file that is closed, also while the call is under way. */
  #call<T>(work: () => T): Promise<T> {
    return this.#calls.later(() => {
      assert(this.#isOpen, 'a file is used before it is closed');
      return work();
    });
  }
}
