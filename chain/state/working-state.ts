/**
 * Owns the entries one block touches while it is executed: decoded when first looked at, changed in place, encoded once at the end.
 * Bounded by the block: only what its access list names is ever loaded.
 */
import { assert } from '../errors.ts';
import { equalBytes } from '../format/bytes.ts';
import { DOMAIN, hashIn, ZERO_HASH } from '../format/hash.ts';
import { Slab } from '../format/slab.ts';
import {
  type Account,
  accountName,
  decodeEntry,
  type Entry,
  type EntryRef,
  encodeEntries,
  type LedgerRecord,
  type PendingReward,
  recordName,
  TOTALS,
  type Totals,
  type Touches,
} from './entries.ts';

/** Entries encoded between two yields: about 2 ms of work. */
const CHANGES_A_SLICE = 1_000;

/** Memory of histories, which are let go once the rows of their block are written. */
const histories = new Slab(8 * 1024);

/** One entry's change: what undo needs and what the store gets. */
export interface Change {
  readonly key: Uint8Array;
  readonly before: Uint8Array | null;
  readonly after: Uint8Array | null;
}

/** An entry as stored: its key in the state tree and its bytes, `null` where there is none. */
export interface StoredEntry {
  readonly key: Uint8Array;
  readonly before: Uint8Array | null;
}

/** A transaction touched an entry: one row of the history index. */
export interface Touch {
  /** Of the entry. */
  readonly key: Uint8Array;
  /** Place of the transaction in its block. */
  readonly index: number;
  /** What the entry had before. */
  readonly before: Touches;
}

/** The place of an account: found once by its address, then read and changed without looking for it again. */
export interface AccountPlace {
  readonly key: Uint8Array;
  /** To read, not to change. */
  account(): Account | null;
  /** To change; made at `height` if there is none. */
  changeAccount(height: number): Account;
}

class Slot implements AccountPlace {
  readonly key: Uint8Array;
  readonly before: Uint8Array | null;
  dirty = false;
  /** `undefined` until it is looked at: much of what may be touched isn't. */
  #entry: Entry | null | undefined = undefined;

  constructor(key: Uint8Array, before: Uint8Array | null) {
    this.key = key;
    this.before = before;
  }

  get entry(): Entry | null {
    if (this.#entry === undefined) this.#entry = this.before === null ? null : decodeEntry(this.before);
    return this.#entry;
  }

  /** Puts another in its place. */
  change<T extends Entry>(entry: T): T {
    this.#entry = entry;
    this.dirty = true;
    return entry;
  }

  account(): Account | null {
    const { entry } = this;
    if (entry === null) return null;
    assert(entry.TAG === 'account', 'an account key holds an account');
    return entry.data;
  }

  changeAccount(height: number): Account {
    this.dirty = true;
    return this.account() ?? this.change({ TAG: 'account', data: newAccount(height) }).data;
  }
}

export class WorkingState {
  readonly #slots = new Map<string, Slot>();
  readonly #source: ((name: string) => StoredEntry | undefined) | null;
  /** In the order of execution. */
  readonly touches: Touch[] = [];

  /** `source` has what isn't loaded: it is asked once for each entry, when that is first looked at. */
  constructor(source: ((name: string) => StoredEntry | undefined) | null = null) {
    this.#source = source;
  }

  /** Adds entries as stored; `null` where there is none. An entry that is here already is kept. */
  load(refs: readonly EntryRef[], values: readonly (Uint8Array | null)[]): void {
    refs.forEach(({ name, key }, i) => {
      if (this.#slots.has(name)) return;
      this.#slots.set(name, new Slot(key, values[i]!));
    });
  }

  placeOf(address: Uint8Array): AccountPlace {
    return this.#find(accountName(address));
  }

  /** To read, not to change. */
  account(address: Uint8Array): Account | null {
    return this.placeOf(address).account();
  }

  /** To change; made at `height` if there is none. */
  changeAccount(address: Uint8Array, height: number): Account {
    return this.placeOf(address).changeAccount(height);
  }

  record(id: Uint8Array): LedgerRecord | null {
    const { entry } = this.#find(recordName(id));
    if (entry === null) return null;
    assert(entry.TAG === 'record', 'a record key holds a record');
    return entry.data;
  }

  setRecord(id: Uint8Array, data: LedgerRecord): void {
    this.#find(recordName(id)).change({ TAG: 'record', data });
  }

  /** To change. */
  totals(): Totals {
    const slot = this.#find(TOTALS.name);
    slot.dirty = true;
    const { entry } = slot;
    if (entry === null) return slot.change({ TAG: 'totals', data: newTotals() }).data;
    assert(entry.TAG === 'totals', 'the totals key holds the totals');
    return entry.data;
  }

  /** By the name of its entry. */
  pending(name: string): PendingReward | null {
    const { entry } = this.#find(name);
    if (entry === null) return null;
    assert(entry.TAG === 'pending', 'a pending key holds a reward');
    return entry.data;
  }

  setPending(name: string, data: PendingReward): void {
    this.#find(name).change({ TAG: 'pending', data });
  }

  /** Adds the transaction at `index` of the block to the history of an account that is there. */
  touchAccount(place: AccountPlace, id: Uint8Array, index: number): void {
    this.#touch(place.key, place.account()!, id, index);
  }

  /** The same for a record. */
  touchRecord(record: Uint8Array, id: Uint8Array, index: number): void {
    this.#touch(this.#find(recordName(record)).key, this.record(record)!, id, index);
  }

  #touch(key: Uint8Array, entry: Touches, id: Uint8Array, index: number): void {
    const { history, historyCount } = entry;
    this.touches.push({ key, index, before: { history, historyCount } });
    entry.history = hashIn(histories, DOMAIN.history, history, id);
    entry.historyCount = historyCount + 1;
  }

  /** What differs from what was loaded, in the order of loading or first look. */
  changes(): Change[] {
    const work = this.changing();
    for (;;) {
      const step = work.next();
      if (step.done === true) return step.value;
    }
  }

  /** The same, yielding after each slice. The bytes of a slice are one piece of memory. */
  *changing(): Generator<void, Change[]> {
    const changes: Change[] = [];
    const dirty = [...this.#slots.values()].filter((slot) => slot.dirty);
    for (let from = 0; from < dirty.length; from += CHANGES_A_SLICE) {
      if (from > 0) yield;
      addChanges(dirty.slice(from, from + CHANGES_A_SLICE), changes);
    }
    return changes;
  }

  #find(name: string): Slot {
    return this.#slots.get(name) ?? this.#fetch(name);
  }

  #fetch(name: string): Slot {
    const stored = this.#source?.(name);
    assert(stored !== undefined, 'the access list names every entry');
    const slot = new Slot(stored.key, stored.before);
    this.#slots.set(name, slot);
    return slot;
  }
}

function addChanges(dirty: readonly Slot[], changes: Change[]): void {
  const encoded = encodeEntries(dirty.flatMap(({ entry }) => (entry === null ? [] : [entry])));
  let next = 0;
  for (const { key, before, entry } of dirty) {
    const after = entry === null ? null : encoded[next++]!;
    if (before !== null && after !== null && equalBytes(before, after)) continue;
    changes.push({ key, before, after });
  }
}

const newTotals = (): Totals => ({ issued: 0, burned: 0, deposited: 0, unclaimedFees: 0 });

/** An account as it is made: empty, its key not revealed yet. */
export function newAccount(height: number): Account {
  return {
    balance: 0,
    nonce: 0,
    authKey: null,
    rotatedAt: height,
    recovery: null,
    pendingChange: null,
    pendingRecovery: null,
    locked: false,
    deposits: 0,
    history: ZERO_HASH,
    historyCount: 0,
  };
}
