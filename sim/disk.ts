/**
 * Owns what a node of the world leaves on disk: its store and its address book. A crash drops the process, never the
 * disk; of the writes under way at that moment the first few are there, each whole, and the rest aren't.
 */

import { MemoryStore } from '../chain/ledger/memory-store.ts';
import type { IterateOptions, Store, StoreWrite } from '../chain/ledger/ports.ts';
import type { Random } from './random.ts';
import type { Schedule } from './schedule.ts';

/** The disk as one process sees it. */
export interface Mount {
  readonly store: Store;
  /** Operations that haven't resolved. */
  readonly pending: number;
  /** The process is gone: nothing it still waits for comes back. */
  crash(): void;
}

export class Disk {
  readonly content = new MemoryStore();
  addresses: Uint8Array | null = null;
  readonly #schedule: Schedule;
  readonly #random: Random;
  readonly #latencyMs: number;

  /** An operation takes up to `latencyMs`; with 0 all of them are done at once. */
  constructor(schedule: Schedule, random: Random, latencyMs: number) {
    this.#schedule = schedule;
    this.#random = random;
    this.#latencyMs = latencyMs;
  }

  mount(): Mount {
    return new MountedStore(this.content, this.#schedule, this.#random, this.#latencyMs);
  }
}

class MountedStore implements Store, Mount {
  readonly #content: MemoryStore;
  readonly #schedule: Schedule;
  readonly #random: Random;
  readonly #latencyMs: number;
  /** Writes under way, in order. */
  readonly #writes: (readonly StoreWrite[])[] = [];
  #lastWriteAt = 0;
  #crashed = false;
  pending = 0;

  constructor(content: MemoryStore, schedule: Schedule, random: Random, latencyMs: number) {
    this.#content = content;
    this.#schedule = schedule;
    this.#random = random;
    this.#latencyMs = latencyMs;
  }

  get store(): Store {
    return this;
  }

  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return this.#later(this.#draw(), () => this.#content.getMany(keys));
  }

  iterate(options: IterateOptions): Promise<[key: Uint8Array, value: Uint8Array][]> {
    return this.#later(this.#draw(), () => this.#content.iterate(options));
  }

  write(batch: readonly StoreWrite[], options: { readonly sync: boolean }): Promise<void> {
    this.#writes.push(batch);
    // One writer: batches land in the order they were given.
    this.#lastWriteAt = Math.max(this.#lastWriteAt, this.#schedule.now + this.#draw());
    return this.#later(this.#lastWriteAt - this.#schedule.now, () => {
      this.#writes.shift();
      return this.#content.write(batch, options);
    });
  }

  async close(): Promise<void> {
    this.#crashed = true;
  }

  crash(): void {
    this.#crashed = true;
    const landed = this.#random.below(this.#writes.length + 1);
    for (const batch of this.#writes.slice(0, landed)) void this.#content.write(batch, { sync: true });
    this.#writes.length = 0;
  }

  #draw(): number {
    return this.#latencyMs === 0 ? 0 : this.#random.below(this.#latencyMs + 1);
  }

  #later<T>(ms: number, work: () => Promise<T>): Promise<T> {
    // What a dead process asks for never comes.
    if (this.#crashed) return new Promise(() => {});
    this.#schedule.touch();
    if (this.#latencyMs === 0) return work();
    this.pending++;
    return new Promise((resolve, reject) => {
      this.#schedule.after(ms, () => {
        this.pending--;
        if (this.#crashed) return;
        this.#schedule.touch();
        work().then(resolve, reject);
      });
    });
  }
}
