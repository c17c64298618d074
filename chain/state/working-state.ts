/**
 * Owns the entries one block touches while it is executed: decoded when first looked at, changed in place, encoded once at the end.
 * Bounded by the block: only what its access list names is ever loaded.
 */
import { assert } from '../errors.ts';
import { equalBytes } from '../format/bytes.ts';
import { ZERO_HASH } from '../format/hash.ts';
import {
  type Account,
  accountName,
  decodeEntry,
  type Entry,
  type EntryRef,
  encodeEntry,
  type LedgerRecord,
  type PendingReward,
  recordName,
  TOTALS,
  type Totals,
} from './entries.ts';

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

interface Slot extends StoredEntry {
  /** `undefined` until it is looked at: much of what may be touched isn't. */
  entry: Entry | null | undefined;
  dirty: boolean;
}

export class WorkingState {
  readonly #slots = new Map<string, Slot>();
  readonly #source: ((name: string) => StoredEntry | undefined) | null;

  /** `source` has what isn't loaded: it is asked once for each entry, when that is first looked at. */
  constructor(source: ((name: string) => StoredEntry | undefined) | null = null) {
    this.#source = source;
  }

  /** Adds entries as stored; `null` where there is none. An entry that is here already is kept. */
  load(refs: readonly EntryRef[], values: readonly (Uint8Array | null)[]): void {
    refs.forEach(({ name, key }, i) => {
      if (this.#slots.has(name)) return;
      this.#slots.set(name, { key, before: values[i]!, entry: undefined, dirty: false });
    });
  }

  /** To read, not to change. */
  account(address: Uint8Array): Account | null {
    const entry = this.#slot(accountName(address)).entry;
    if (entry === null) return null;
    assert(entry.TAG === 'account', 'an account key holds an account');
    return entry.data;
  }

  /** To change; made at `height` if there is none. */
  changeAccount(address: Uint8Array, height: number): Account {
    const slot = this.#slot(accountName(address));
    slot.entry ??= { TAG: 'account', data: newAccount(height) };
    assert(slot.entry.TAG === 'account', 'an account key holds an account');
    slot.dirty = true;
    return slot.entry.data;
  }

  record(id: Uint8Array): LedgerRecord | null {
    const entry = this.#slot(recordName(id)).entry;
    if (entry === null) return null;
    assert(entry.TAG === 'record', 'a record key holds a record');
    return entry.data;
  }

  setRecord(id: Uint8Array, data: LedgerRecord): void {
    this.#set(recordName(id), { TAG: 'record', data });
  }

  /** To change. */
  totals(): Totals {
    const slot = this.#slot(TOTALS.name);
    slot.entry ??= { TAG: 'totals', data: { issued: 0, burned: 0, deposited: 0, unclaimedFees: 0 } };
    assert(slot.entry.TAG === 'totals', 'the totals key holds the totals');
    slot.dirty = true;
    return slot.entry.data;
  }

  pending(ref: EntryRef): PendingReward | null {
    const entry = this.#slot(ref.name).entry;
    if (entry === null) return null;
    assert(entry.TAG === 'pending', 'a pending key holds a reward');
    return entry.data;
  }

  setPending(ref: EntryRef, data: PendingReward): void {
    this.#set(ref.name, { TAG: 'pending', data });
  }

  /** What differs from what was loaded, in the order of loading or first look. */
  changes(): Change[] {
    const changes: Change[] = [];
    for (const { key, before, entry, dirty } of this.#slots.values()) {
      if (!dirty) continue;
      const after = entry == null ? null : encodeEntry(entry);
      if (before !== null && after !== null && equalBytes(before, after)) continue;
      changes.push({ key, before, after });
    }
    return changes;
  }

  #set(name: string, entry: Entry): void {
    const slot = this.#find(name);
    slot.entry = entry;
    slot.dirty = true;
  }

  #slot(name: string): Slot & { entry: Entry | null } {
    const slot = this.#find(name);
    if (slot.entry === undefined) slot.entry = slot.before === null ? null : decodeEntry(slot.before);
    return slot as Slot & { entry: Entry | null };
  }

  #find(name: string): Slot {
    return this.#slots.get(name) ?? this.#fetch(name);
  }

  #fetch(name: string): Slot {
    const stored = this.#source?.(name);
    assert(stored !== undefined, `the access list names ${name}`);
    const slot: Slot = { key: stored.key, before: stored.before, entry: undefined, dirty: false };
    this.#slots.set(name, slot);
    return slot;
  }
}

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
