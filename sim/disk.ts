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
import { decodeBody } from '../chain/format/block.ts';
import { toHex } from '../chain/format/bytes.ts';
import { decodeHeader } from '../chain/format/header.ts';
import { MemoryStore } from '../chain/ledger/memory-store.ts';
import type { IterateOptions, StoreWrite } from '../chain/ledger/ports.ts';
import {
  bodyRow,
  CAUSES_ROWS,
  DERIVED_PREFIXES,
  endOf,
  HEADER_ROWS,
  META,
  QUEUED_ROWS,
} from '../chain/ledger/store-keys.ts';
import { type Mount, MountedStore } from './mount.ts';
import type { Random } from './random.ts';
import type { Schedule } from './schedule.ts';

const ROWS_MAX = 1_000_000;
const BODY_ROWS = bodyRow(new Uint8Array(0));
/** Every kind of row there is. */
const FLIPPED = [
  HEADER_ROWS,
  BODY_ROWS,
  ...DERIVED_PREFIXES,
  QUEUED_ROWS,
  CAUSES_ROWS,
  META.tip.subarray(0, 1),
];
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
  addresses: Uint8Array | null = null;
  /** No write succeeds. */
  full = false;
  /** Something on it was damaged at some time. */
  harmed = false;
  /** Keys of transactions that it lost: those that were acknowledged, and those of blocks. */
  readonly lost = new Set<string>();
  readonly #schedule: Schedule;
  readonly #random: Random;
  readonly #latencyMs: number;
  /** Rows that can't be read, by key in hex. */
  readonly #damaged = new Map<string, Uint8Array>();
  /** From the first batch that isn't safe, in order. */
  #batches: Logged[] = [];
  #log = 0;

  /** An operation takes up to `latencyMs`; with 0 all of them are done at once. */
  constructor(schedule: Schedule, random: Random, latencyMs: number) {
    this.#schedule = schedule;
    this.#random = random;
    this.#latencyMs = latencyMs;
  }

  mount(): Mount {
    return new MountedStore(this, this.#schedule, this.#random, this.#latencyMs);
  }

  /** Takes some of the writes that aren't safe: the last ones, or any. No process may run. */
  cutPower(): void {
    const unsafe = this.#batches.filter(({ safe }) => !safe);
    const kept = this.#random.below(unsafe.length + 1);
    const inOrder = this.#random.chance(1, 2);
    const gone = new Set(unsafe.filter((_, i) => (inOrder ? i >= kept : this.#random.chance(1, 2))));
    const queued = [...gone].flatMap(({ batch }) => batch.map(([key]) => key)).filter(isQueued);
    const before = this.content.read(queued);
    for (const { before } of this.#batches.toReversed()) this.content.replace(before);
    for (const logged of this.#batches) if (!gone.has(logged)) this.content.replace(logged.batch);
    const after = this.content.read(queued);
    queued.forEach((key, i) => {
      if (before[i] !== undefined && after[i] === undefined) this.#lose(key);
    });
    this.#batches = [];
  }

  /** Damages one row by chance, of any kind. */
  flip(): void {
    const from = this.#random.pick(FLIPPED);
    const rows = this.content.scan({ from, to: endOf(from), limit: ROWS_MAX, keysOnly: true });
    if (rows.length === 0) return;
    const [key] = this.#random.pick(rows);
    this.damage(key);
    if (isOfBlock(key)) this.#loseFrom(key.subarray(1));
  }

  /**
   * Without its header or body a block may be lost, and what is above it: no way leads there. So is what was mined in
   * them, if they were shown to nobody yet.
   */
  #loseFrom(id: Uint8Array): void {
    const rows = this.content.scan({ from: HEADER_ROWS, to: endOf(HEADER_ROWS), limit: ROWS_MAX });
    const heights = rows.map(([key, value]) => ({ key, height: decodeHeader(value).height }));
    const lost = heights.find(({ key }) => toHex(key.subarray(1)) === toHex(id))?.height ?? 0;
    const above = heights.filter(({ height }) => height >= lost);
    for (const body of this.content.read(above.map(({ key }) => bodyRow(key.subarray(1)))))
      if (body !== undefined) this.#loseBody(body);
  }

  /** A row can't be read any more, until it is written again. */
  damage(key: Uint8Array): void {
    this.#damaged.set(toHex(key), key);
    this.#lose(key);
    this.harmed = true;
  }

  /** All that was on it is gone, as when a node moves a hopeless store aside. */
  wipe(): void {
    const rows = this.content.scan({ from: QUEUED_ROWS, to: endOf(QUEUED_ROWS), limit: ROWS_MAX });
    for (const [key] of rows) this.#lose(key);
    const bodies = this.content.scan({ from: BODY_ROWS, to: endOf(BODY_ROWS), limit: ROWS_MAX });
    for (const [, body] of bodies) this.#loseBody(body);
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
    if (this.#damaged.size > 0) {
      for (const [key] of batch) this.#damaged.delete(toHex(key));
      // What is written above a gap goes with it.
      const gap = [...this.#damaged.values()].some(isOfBlock);
      for (const [key, value] of batch)
        if (gap && key[0] === BODY_ROWS[0] && value !== null) this.#loseBody(value);
    }
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

  #loseBody(body: Uint8Array): void {
    for (const { key } of decodeBody(body)) this.lost.add(key);
  }

  #lose(key: Uint8Array): void {
    if (isQueued(key)) this.lost.add(toHex(key.subarray(QUEUED_ROWS.length)));
  }
}

/** True for the key of a header or a body. */
function isOfBlock(key: Uint8Array): boolean {
  return key[0] === HEADER_ROWS[0] || key[0] === BODY_ROWS[0];
}

function isQueued(key: Uint8Array): boolean {
  return key[0] === QUEUED_ROWS[0];
}
