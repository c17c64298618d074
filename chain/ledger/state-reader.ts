/**
 * Owns the only way to the state entries in the store. An entry is what the leaf of its key in the state tree commits to,
 * or the read fails: a row that is missing, older, or of another key never passes for the state of that root.
 *
 * An entry in memory is compared with the leaf by the hash kept beside it, so a warm read neither hashes nor waits for
 * the store. State: the cache, bounded by its owner.
 */
import { CorruptStoreError } from '../errors.ts';
import { toText } from '../format/bytes.ts';
import { describeName, type EntryRef, valueHash } from '../state/entries.ts';
import type { EntryCache, HashedEntry } from '../state/entry-cache.ts';
import type { StateTree } from '../state/tree.ts';
import type { RowReader, StoreWrite } from './ports.ts';
import { stateRow } from './store-keys.ts';

/** Entries changed and not written yet, by key as text. */
export interface PendingEntries {
  entryAt(key: string): HashedEntry | undefined;
}

/** The write of one entry; `null` deletes it. */
export function stateWrite(key: Uint8Array, bytes: Uint8Array | null): StoreWrite {
  return [stateRow(key), bytes];
}

export class StateReader {
  readonly #store: RowReader;
  readonly #cache: EntryCache;

  constructor(store: RowReader, cache: EntryCache) {
    this.#store = store;
    this.#cache = cache;
  }

  /**
   * The entries that the tree has now, in order; `null` where it has none. The tree is prepared for their keys, and nobody
   * else may change it meanwhile. Rejects with `CorruptStoreError` if the store doesn't have what the tree commits to.
   */
  async read(
    tree: StateTree,
    refs: readonly EntryRef[],
    pending?: PendingEntries,
  ): Promise<(Uint8Array | null)[]> {
    await tree.prepare(refs.map(({ key }) => key));
    const missing: number[] = [];
    const values = refs.map(({ key }, i) => {
      if (tree.holds(key, null)) return null;
      const known = this.#known(tree, key, pending);
      if (known === null) missing.push(i);
      return known;
    });
    if (missing.length === 0) return values;
    const stored = await this.#store.getMany(missing.map((i) => stateRow(refs[i]!.key)));
    missing.forEach((i, j) => {
      values[i] = this.#check(tree, refs[i]!, stored[j]);
    });
    return values;
  }

  /** Keeps what an entry becomes, so that the next read of it doesn't wait for the store. */
  keep({ key, after }: { readonly key: Uint8Array; readonly after: HashedEntry | null }): void {
    // A copy: entries of one block are parts of one piece of memory.
    if (after !== null) this.#cache.put(toText(key), { ...after, bytes: after.bytes.slice() });
  }

  #known(tree: StateTree, key: Uint8Array, pending?: PendingEntries): Uint8Array | null {
    const text = toText(key);
    const cached = this.#cache.get(text);
    if (cached !== undefined && tree.holds(key, cached.valueHash)) return cached.bytes;
    const changed = pending?.entryAt(text);
    return changed !== undefined && tree.holds(key, changed.valueHash) ? changed.bytes : null;
  }

  #check(tree: StateTree, { key, name }: EntryRef, stored: Uint8Array | undefined): Uint8Array {
    if (stored === undefined) throw new CorruptStoreError(`the stored ${describeName(name)} is missing`);
    const hash = valueHash(stored);
    if (!tree.holds(key, hash)) {
      throw new CorruptStoreError(`the stored ${describeName(name)} isn't what the state tree commits to`);
    }
    const entry = { bytes: stored.slice(), valueHash: hash };
    this.#cache.put(toText(key), entry);
    return entry.bytes;
  }
}
