/**
 * Owns a disk as one process sees it: reads and writes that take their time, in order where it matters, and the end of a
 * process in the middle of them.
 */
import type { MemoryFiles } from '../chain/files/memory-files.ts';
import type { Files } from '../chain/files/port.ts';
import type { IterateOptions, Store, StoreWrite } from '../chain/ledger/ports.ts';
import { type Append, type Calls, MountedFiles } from './files.ts';
import type { Random } from './random.ts';
import type { Schedule } from './schedule.ts';

/** What is on the disk, at once. Each throws if it can't be done. */
interface Rows {
  read(keys: readonly Uint8Array[]): (Uint8Array | undefined)[];
  scan(options: IterateOptions): [key: Uint8Array, value: Uint8Array][];
  write(batch: readonly StoreWrite[], sync: boolean): void;
}

export interface Mount {
  readonly store: Store;
  readonly files: Files;
  /** Operations that haven't resolved. */
  readonly pending: number;
  /** The process is gone: nothing it still waits for comes back. */
  crash(): void;
}

export class MountedStore implements Store, Mount, Calls {
  readonly files: Files;
  readonly #disk: Rows;
  readonly #files: MemoryFiles;
  readonly #schedule: Schedule;
  readonly #random: Random;
  readonly #latencyMs: number;
  /** Writes under way, in order. */
  readonly #writes: { readonly batch: readonly StoreWrite[]; readonly sync: boolean }[] = [];
  #lastWriteAt = 0;
  /** Bytes on their way to files. */
  readonly #appends = new Set<Append>();
  #crashed = false;
  pending = 0;

  constructor(disk: Rows, files: MemoryFiles, schedule: Schedule, random: Random, latencyMs: number) {
    this.#disk = disk;
    this.#files = files;
    this.files = new MountedFiles(files, this);
    this.#schedule = schedule;
    this.#random = random;
    this.#latencyMs = latencyMs;
  }

  get store(): Store {
    return this;
  }

  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return this.#later(this.#draw(), () => this.#disk.read(keys));
  }

  iterate(options: IterateOptions): Promise<[key: Uint8Array, value: Uint8Array][]> {
    return this.#later(this.#draw(), () => this.#disk.scan(options));
  }

  write(writes: Iterable<StoreWrite>, { sync }: { readonly sync: boolean }): Promise<void> {
    const batch = [...writes];
    this.#writes.push({ batch, sync });
    // One writer: batches land in the order they were given.
    this.#lastWriteAt = Math.max(this.#lastWriteAt, this.#schedule.now + this.#draw());
    return this.#later(this.#lastWriteAt - this.#schedule.now, () => {
      this.#writes.shift();
      this.#disk.write(batch, sync);
    });
  }

  async close(): Promise<void> {
    this.#crashed = true;
  }

  later<T>(work: () => T): Promise<T> {
    return this.#later(this.#draw(), work);
  }

  appending(append: Append): void {
    this.#appends.add(append);
  }

  appended(append: Append): void {
    this.#appends.delete(append);
  }

  crash(): void {
    if (this.#crashed) return;
    this.#crashed = true;
    for (const { file, bytes } of this.#appends)
      if (!this.#files.full) file.put(bytes.subarray(0, this.#random.below(bytes.length + 1)));
    this.#appends.clear();
    const landed = this.#random.below(this.#writes.length + 1);
    try {
      for (const { batch, sync } of this.#writes.slice(0, landed)) this.#disk.write(batch, sync);
    } catch {
      // What doesn't fit any more isn't there, and nobody is left to be told.
    }
    this.#writes.length = 0;
  }

  #draw(): number {
    return this.#latencyMs === 0 ? 0 : this.#random.below(this.#latencyMs + 1);
  }

  #later<T>(ms: number, work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      // What a dead process asks for never comes.
      if (this.#crashed) return;
      this.#schedule.awaited();
      if (this.#latencyMs === 0) return resolve(work());
      this.pending++;
      this.#schedule.after(ms, () => {
        this.pending--;
        if (this.#crashed) return;
        this.#schedule.awaited();
        try {
          resolve(work());
        } catch (error) {
          reject(error);
        }
      });
    });
  }
}
