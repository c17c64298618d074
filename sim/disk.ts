/**
 * Owns what a node of the world leaves on disk: its store and its address book. A crash drops the process, never the
 * disk; of the writes under way at that moment the first few are there, each whole, and the rest aren't. A power cut
 * also takes back some of the last writes that weren't synced. A damaged row can't be read until it is written again.
 */
import { CorruptStoreError } from '../chain/errors.ts';
import { toHex } from '../chain/format/bytes.ts';
import { MemoryStore } from '../chain/ledger/memory-store.ts';
import type { IterateOptions, Store, StoreWrite } from '../chain/ledger/ports.ts';
import { bodyRow, endOf, HEADER_ROWS, QUEUED_ROWS, stateRow, undoRow } from '../chain/ledger/store-keys.ts';
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

const ROWS_MAX = 1_000_000;
const NO_ID = new Uint8Array(0);
/** Rows of blocks and of the state: each can be had again from peers or made again from blocks. */
const FLIPPED = [HEADER_ROWS, bodyRow(NO_ID), stateRow(NO_ID), undoRow(NO_ID)];

export class Disk {
  content = new MemoryStore();
  addresses: Uint8Array | null = null;
  /** No write succeeds. */
  full = false;
  /** Something on it was damaged at some time. */
  harmed = false;
  /** Keys of acknowledged transactions that it lost. */
  readonly lost = new Set<string>();
  readonly #schedule: Schedule;
  readonly #random: Random;
  readonly #latencyMs: number;
  /** Rows that can't be read, by key in hex. */
  readonly #damaged = new Set<string>();
  /** What each write since the last synced one replaced, oldest first. */
  #unsynced: (readonly StoreWrite[])[] = [];

  /** An operation takes up to `latencyMs`; with 0 all of them are done at once. */
  constructor(schedule: Schedule, random: Random, latencyMs: number) {
    this.#schedule = schedule;
    this.#random = random;
    this.#latencyMs = latencyMs;
  }

  mount(): Mount {
    return new MountedStore(this, this.#schedule, this.#random, this.#latencyMs);
  }

  /** Takes back some of the last writes, newest first, none of which was synced. No process may run. */
  async cutPower(): Promise<void> {
    const kept = this.#random.below(this.#unsynced.length + 1);
    for (const earlier of this.#unsynced.slice(kept).reverse()) {
      for (const [key, value] of earlier) if (value === null) this.#lose(key);
      await this.content.write(earlier, { sync: true });
    }
    this.#unsynced = [];
  }

  /** Damages one row by chance, of those the ledger can do without. */
  async flip(): Promise<void> {
    const from = this.#random.pick(FLIPPED);
    const rows = await this.content.iterate({ from, to: endOf(from), limit: ROWS_MAX, keysOnly: true });
    if (rows.length === 0) return;
    this.damage(this.#random.pick(rows)[0]);
  }

  /** A row can't be read any more, until it is written again. */
  damage(key: Uint8Array): void {
    this.#damaged.add(toHex(key));
    this.harmed = true;
  }

  /** All that was on it is gone, as when a node moves a hopeless store aside. */
  async wipe(): Promise<void> {
    const rows = await this.content.iterate({ from: QUEUED_ROWS, to: endOf(QUEUED_ROWS), limit: ROWS_MAX });
    for (const [key] of rows) this.#lose(key);
    this.content = new MemoryStore();
    this.#damaged.clear();
    this.#unsynced = [];
  }

  /** Throws if a row can't be read. */
  check(keys: readonly Uint8Array[]): void {
    if (this.#damaged.size === 0) return;
    const bad = keys.find((key) => this.#damaged.has(toHex(key)));
    if (bad !== undefined) throw new CorruptStoreError(`row ${toHex(bad).slice(0, 12)} is damaged`);
  }

  async write(batch: readonly StoreWrite[], sync: boolean): Promise<void> {
    if (this.full) throw new Error('no space left on device');
    if (this.#damaged.size > 0) for (const [key] of batch) this.#damaged.delete(toHex(key));
    if (sync) this.#unsynced = [];
    else {
      const before = await this.content.getMany(batch.map(([key]) => key));
      this.#unsynced.push(batch.map(([key], i) => [key, before[i] ?? null]));
    }
    await this.content.write(batch, { sync });
  }

  #lose(key: Uint8Array): void {
    if (key[0] === QUEUED_ROWS[0]) this.lost.add(toHex(key.subarray(QUEUED_ROWS.length)));
  }
}

class MountedStore implements Store, Mount {
  readonly #disk: Disk;
  readonly #schedule: Schedule;
  readonly #random: Random;
  readonly #latencyMs: number;
  /** Writes under way, in order. */
  readonly #writes: { readonly batch: readonly StoreWrite[]; readonly sync: boolean }[] = [];
  #lastWriteAt = 0;
  #crashed = false;
  pending = 0;

  constructor(disk: Disk, schedule: Schedule, random: Random, latencyMs: number) {
    this.#disk = disk;
    this.#schedule = schedule;
    this.#random = random;
    this.#latencyMs = latencyMs;
  }

  get store(): Store {
    return this;
  }

  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return this.#later(this.#draw(), async () => {
      this.#disk.check(keys);
      return this.#disk.content.getMany(keys);
    });
  }

  iterate(options: IterateOptions): Promise<[key: Uint8Array, value: Uint8Array][]> {
    return this.#later(this.#draw(), async () => {
      const rows = await this.#disk.content.iterate(options);
      if (options.keysOnly !== true) this.#disk.check(rows.map(([key]) => key));
      return rows;
    });
  }

  write(batch: readonly StoreWrite[], { sync }: { readonly sync: boolean }): Promise<void> {
    this.#writes.push({ batch, sync });
    // One writer: batches land in the order they were given.
    this.#lastWriteAt = Math.max(this.#lastWriteAt, this.#schedule.now + this.#draw());
    return this.#later(this.#lastWriteAt - this.#schedule.now, () => {
      this.#writes.shift();
      return this.#disk.write(batch, sync);
    });
  }

  async close(): Promise<void> {
    this.#crashed = true;
  }

  crash(): void {
    this.#crashed = true;
    const landed = this.#random.below(this.#writes.length + 1);
    for (const { batch, sync } of this.#writes.slice(0, landed))
      void this.#disk.write(batch, sync).catch(() => undefined);
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
