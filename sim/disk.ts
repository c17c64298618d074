/**
 * Owns what a node of the world leaves on disk: its store and its address book. A crash drops the process, never the
 * disk; of the writes under way at that moment the first few are there, each whole, and the rest aren't. A damaged row
 * can't be read until it is written again.
 *
 * A power cut also takes writes that weren't synced, as LevelDB would lose them. Each batch is one record of its log with
 * a checksum, so a torn one is a lost one. Pages reach the disk in any order, and reading the log goes on behind a record
 * that doesn't check, so a later batch may be there without an earlier one. A sync is of the present log alone: when the
 * log has just been changed for another, what was in the one before may be lost though a later batch was synced.
 */
import { CorruptStoreError } from '../chain/errors.ts';
import { toHex } from '../chain/format/bytes.ts';
import { MemoryStore } from '../chain/ledger/memory-store.ts';
import type { IterateOptions, StoreWrite } from '../chain/ledger/ports.ts';
import { DERIVED_PREFIXES, endOf, META } from '../chain/ledger/store-keys.ts';
import { BlockShelf } from './block-shelf.ts';
import { type Mount, MountedStore } from './mount.ts';
import type { Random } from './random.ts';
import type { Schedule } from './schedule.ts';

const ROWS_MAX = 1_000_000;
/** Every kind of row there is. */
const FLIPPED = [...DERIVED_PREFIXES, META.tip.subarray(0, 1)];
/** Of so many damages one is to a file. */
const FILE_FLIPS = 3;
/** One in so many batches begins another log (really one in thousands), whose predecessor is safe so much later. */
const LOG_BATCHES = 40;
const COMPACTION_MS = 2_000;

/** A batch that a power cut may take, or that follows one. */
interface Logged {
  readonly batch: readonly StoreWrite[];
  /** What it replaced. */
  readonly before: readonly StoreWrite[];
  /** Number of the log it is in. */
  readonly log: number;
  safe: boolean;
}

export class Disk {
  content = new MemoryStore();
  /** Its block files. */
  readonly blocks: BlockShelf;
  addresses: Uint8Array | null = null;
  /** Something on it was damaged at some time. */
  harmed = false;
  /** Keys of transactions that it lost: those that were acknowledged, and those of blocks. */
  readonly lost = new Set<string>();
  readonly #schedule: Schedule;
  readonly #random: Random;
  readonly #latencyMs: number;
  /** Keys in hex of rows that can't be read. */
  readonly #damaged = new Set<string>();
  /** From the first batch that isn't safe, in order. */
  #batches: Logged[] = [];
  #log = 0;

  /** An operation takes up to `latencyMs`; with 0 all of them are done at once. */
  constructor(schedule: Schedule, random: Random, latencyMs: number) {
    this.#schedule = schedule;
    this.#random = random;
    this.#latencyMs = latencyMs;
    this.blocks = new BlockShelf(random);
  }

  /** No write succeeds. */
  get full(): boolean {
    return this.blocks.files.full;
  }

  set full(is: boolean) {
    this.blocks.files.full = is;
  }

  mount(): Mount {
    return new MountedStore(this, this.blocks.files, this.#schedule, this.#random, this.#latencyMs);
  }

  /** Takes some of the writes that aren't safe: the last ones, or any. No process may run. */
  cutPower(): void {
    const unsafe = this.#batches.filter(({ safe }) => !safe);
    const kept = this.#random.below(unsafe.length + 1);
    const inOrder = this.#random.chance(1, 2);
    const gone = new Set(unsafe.filter((_, i) => (inOrder ? i >= kept : this.#random.chance(1, 2))));
    for (const { before } of this.#batches.toReversed()) this.content.replace(before);
    for (const logged of this.#batches) if (!gone.has(logged)) this.content.replace(logged.batch);
    this.#batches = [];
    this.blocks.files.cutPower((bound) => this.#random.below(bound));
  }

  /** Damages something by chance: a row of any kind, or a bit of a file. */
  flip(): void {
    if (this.#random.chance(1, FILE_FLIPS)) {
      this.harmed = true;
      for (const key of this.blocks.flip()) this.lost.add(key);
      return;
    }
    const from = this.#random.pick(FLIPPED);
    const rows = this.content.scan({ from, to: endOf(from), limit: ROWS_MAX, keysOnly: true });
    if (rows.length === 0) return;
    const [key] = this.#random.pick(rows);
    this.damage(key);
  }

  /** A row can't be read any more, until it is written again. */
  damage(key: Uint8Array): void {
    this.#damaged.add(toHex(key));
    this.harmed = true;
  }

  /** An empty store, as a node puts it in place of a damaged one. */
  renew(): void {
    for (const key of this.blocks.unreachable()) this.lost.add(key);
    this.content = new MemoryStore();
    this.#damaged.clear();
    this.#batches = [];
  }

  /** All that was on it is gone. */
  wipe(): void {
    for (const key of this.blocks.wipe()) this.lost.add(key);
    this.content = new MemoryStore();
    this.#damaged.clear();
    this.#batches = [];
  }

  read(keys: readonly Uint8Array[]): (Uint8Array | undefined)[] {
    this.#check(keys);
    return this.content.read(keys);
  }

  scan(options: IterateOptions): [key: Uint8Array, value: Uint8Array][] {
    const rows = this.content.scan(options);
    if (options.keysOnly !== true) this.#check(rows.map(([key]) => key));
    return rows;
  }

  write(batch: readonly StoreWrite[], sync: boolean): void {
    if (this.full) throw new Error('no space left on device');
    if (this.#damaged.size > 0) for (const [key] of batch) this.#damaged.delete(toHex(key));
    if (sync) this.#secure((log) => log === this.#log);
    if (sync && this.#batches.length === 0) {
      this.content.put(batch);
      return;
    }
    const before = this.content.replace(batch);
    this.#batches.push({ batch, before, log: this.#log, safe: sync });
    if (this.#random.chance(1, LOG_BATCHES)) this.#changeLog();
  }

  /** Throws if a row can't be read. */
  #check(keys: readonly Uint8Array[]): void {
    if (this.#damaged.size === 0) return;
    const bad = keys.find((key) => this.#damaged.has(toHex(key)));
    if (bad !== undefined) throw new CorruptStoreError(`row ${toHex(bad).slice(0, 12)} is damaged`);
  }

  #changeLog(): void {
    const full = this.#log++;
    this.#schedule.after(COMPACTION_MS, () => this.#secure((log) => log <= full));
  }

  #secure(isSafe: (log: number) => boolean): void {
    for (const logged of this.#batches) logged.safe ||= isSafe(logged.log);
    const first = this.#batches.findIndex(({ safe }) => !safe);
    this.#batches = first === -1 ? [] : this.#batches.slice(first);
  }
}
