/**
 * Owns files in memory, for tests, the simulator and ledgers that need not outlive their process. They know what was
 * synced, so that a power cut can be played: it takes the end of any file, and names, that were not.
 */
import { assert } from '../errors.ts';
import { hash } from '../format/hash.ts';
import { FILE_NAME, type Files, FilesError, type OpenFile } from './port.ts';

/** Draws a whole number from 0 up to, not with, the bound. */
export type Draw = (bound: number) => number;

export class MemoryFiles implements Files {
  /** No append succeeds, and no new file. */
  full = false;
  readonly #random: (length: number) => Uint8Array;
  #names = new Map<string, MemoryFile | 'folder'>();
  /** What the names were at the last `sync`. */
  #synced = new Map<string, MemoryFile | 'folder'>();

  /** `random` makes salts; in a world it draws from the seed. */
  constructor(random: (length: number) => Uint8Array = countedSalts()) {
    this.#random = random;
  }

  async list(): Promise<string[]> {
    return this.names();
  }

  async open(name: string): Promise<OpenFile | null> {
    return this.find(name);
  }

  async create(name: string): Promise<OpenFile> {
    return this.make(name);
  }

  async remove(name: string): Promise<void> {
    this.removeNow(name);
  }

  async rename(from: string, to: string): Promise<void> {
    this.renameNow(from, to);
  }

  async sync(): Promise<void> {
    this.settleNames();
  }

  async free(): Promise<number | null> {
    return this.full ? 0 : null;
  }

  random(length: number): Uint8Array {
    return this.#random(length);
  }

  hash(domain: Uint8Array, ...parts: Uint8Array[]): Uint8Array {
    return hash(domain, ...parts);
  }

  /** As `list`. */
  names(): string[] {
    return [...this.#names.keys()].sort();
  }

  /** As `open`. */
  find(name: string): MemoryFile | null {
    const file = this.#names.get(checked(name)) ?? null;
    if (file === 'folder') throw new FilesError('NOT_A_FILE', `${name} is a folder`);
    return file;
  }

  /** As `create`. */
  make(name: string): MemoryFile {
    if (this.full) throw new FilesError('DISK_FULL', 'no space is left');
    const file = new MemoryFile(() => this.full);
    this.#names.set(checked(name), file);
    return file;
  }

  /** As `remove`. */
  removeNow(name: string): void {
    this.#names.delete(checked(name));
  }

  /** As `rename`. */
  renameNow(from: string, to: string): void {
    const file = this.#names.get(checked(from));
    if (file === undefined) throw new FilesError('IO', `there is no file ${from}`);
    this.#names.delete(from);
    this.#names.set(checked(to), file);
  }

  /** As `sync`. */
  settleNames(): void {
    this.#synced = new Map(this.#names);
  }

  /** Puts a folder in place of a name. */
  makeFolder(name: string): void {
    this.#names.set(checked(name), 'folder');
  }

  /** The same content in files of their own, as a process that starts after a crash finds it. */
  copy(): MemoryFiles {
    const copy = new MemoryFiles(this.#random);
    const copied = new Map<MemoryFile, MemoryFile>();
    const copyOf = (file: MemoryFile | 'folder'): MemoryFile | 'folder' => {
      if (file === 'folder') return file;
      const twin = copied.get(file) ?? file.copy(() => copy.full);
      copied.set(file, twin);
      return twin;
    };
    for (const [name, file] of this.#names) copy.#names.set(name, copyOf(file));
    for (const [name, file] of this.#synced) copy.#synced.set(name, copyOf(file));
    return copy;
  }

  /** Takes any part of what wasn't synced: of each file some of its end, and perhaps the names. No process may run. */
  cutPower(draw: Draw): void {
    if (draw(2) === 0) this.#names = new Map(this.#synced);
    for (const file of this.#names.values()) if (file !== 'folder') file.cutPower(draw);
    this.#synced = new Map(this.#names);
  }
}

/** Bytes of a file that has grown little. */
const FIRST_BYTES = 256;

export class MemoryFile implements OpenFile {
  readonly #isFull: () => boolean;
  #bytes = new Uint8Array(0);
  #size = 0;
  #syncedSize = 0;
  /** The synced content that a truncation has cut since. */
  #beforeCut: Uint8Array<ArrayBuffer> | null = null;

  constructor(isFull: () => boolean) {
    this.#isFull = isFull;
  }

  get size(): number {
    return this.#size;
  }

  async append(bytes: Uint8Array): Promise<void> {
    this.put(bytes);
  }

  async read(at: number, length: number): Promise<Uint8Array> {
    return this.get(at, length);
  }

  async sync(): Promise<void> {
    this.settle();
  }

  async truncate(size: number): Promise<void> {
    this.cut(size);
  }

  async close(): Promise<void> {}

  /** As `append`. */
  put(bytes: Uint8Array): void {
    if (this.#isFull()) throw new FilesError('DISK_FULL', 'no space is left');
    const size = this.#size + bytes.length;
    if (size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(size, FIRST_BYTES, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.#size));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, this.#size);
    this.#size = size;
  }

  /** As `read`. */
  get(at: number, length: number): Uint8Array {
    return this.#bytes.slice(Math.min(at, this.#size), Math.min(at + length, this.#size));
  }

  /** As `sync`. */
  settle(): void {
    this.#syncedSize = this.#size;
    this.#beforeCut = null;
  }

  /** As `truncate`. */
  cut(size: number): void {
    assert(size <= this.#size, 'a file is cut, not stretched');
    if (size < this.#syncedSize) {
      this.#beforeCut ??= this.#bytes.slice(0, this.#syncedSize);
      this.#syncedSize = size;
    }
    this.#size = size;
  }

  /** Inverts one bit. */
  flip(bit: number): void {
    this.#bytes[bit >> 3]! ^= 1 << (bit & 7);
  }

  /** Replaces the content, as somebody with an editor would. */
  replace(bytes: Uint8Array): void {
    this.#bytes = bytes.slice();
    this.#size = bytes.length;
    this.settle();
  }

  copy(isFull: () => boolean): MemoryFile {
    const copy = new MemoryFile(isFull);
    copy.#bytes = this.#bytes.slice(0, this.#size);
    copy.#size = this.#size;
    copy.#syncedSize = this.#syncedSize;
    copy.#beforeCut = this.#beforeCut;
    return copy;
  }

  cutPower(draw: Draw): void {
    if (this.#beforeCut !== null && draw(2) === 0) {
      this.replace(this.#beforeCut);
      return;
    }
    const unsynced = this.#size - this.#syncedSize;
    if (unsynced > 0) {
      const kept = draw(unsynced + 1);
      // A file may have got its length and not its content.
      if (draw(4) === 0) this.#bytes.fill(0, this.#syncedSize + draw(kept + 1), this.#size);
      this.#size = this.#syncedSize + kept;
    }
    this.settle();
  }
}

function checked(name: string): string {
  assert(FILE_NAME.test(name), `${name} may be the name of a file`);
  return name;
}

/** Bytes that differ each time: in memory nobody is out to guess them. */
function countedSalts(): (length: number) => Uint8Array {
  let count = 0;
  return (length) => {
    const bytes = new Uint8Array(length);
    new DataView(bytes.buffer).setUint32(0, ++count);
    return bytes;
  };
}
