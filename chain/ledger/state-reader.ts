/**
 * Owns the only way to the state entries in the store. An entry is what the leaf of its key in the state tree commits to,
 * or the read fails: a row that is missing, older, or of another key never passes for the state of that root.
 *
 * An entry in memory is compared with the leaf by the hash kept beside it, so a warm read neither hashes nor waits for
 * the store. State: the cache, bounded by its owner.
 */
import { CorruptStoreError } from '../errors.ts';
import { equalBytes, toText } from '../format/bytes.ts';
import { Slab } from '../format/slab.ts';
import { describeName, type EntryRef, passingValueHash, valueHash } from '../state/entries.ts';
import type { EntryCache, HashedEntry } from '../state/entry-cache.ts';
import type { StateTree } from '../state/tree.ts';
import type { RowReader, StoreWrite } from './ports.ts';
import { stateRow } from './store-keys.ts';

/** Memory of entries that are not kept in the cache. */
const passingEntries = new Slab(32 * 1024);

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
   * else may change it meanwhile. With `passing` the cache stays as it is. Rejects with `CorruptStoreError` if the store
   * doesn't have what the tree commits to.
   */
  async read(
    tree: StateTree,
    refs: readonly EntryRef[],
    { pending, passing = false }: { readonly pending?: PendingEntries; readonly passing?: boolean } = {},
  ): Promise<(Uint8Array | null)[]> {
    await tree.prepare(
      refs.map(({ key }) => key),
      passing,
    );
    const missing: number[] = [];
    const leaves = refs.map(({ key }) => tree.leafAt(key));
    const values = refs.map(({ key }, i) => {
      const leaf = leaves[i]!;
      if (leaf === null) return null;
      const known = this.#known(key, leaf, pending);
      if (known === null) missing.push(i);
      return known;
    });
    if (missing.length === 0) return values;
    const stored = await this.#store.getMany(missing.map((i) => stateRow(refs[i]!.key)));
    missing.forEach((i, j) => {
      const entry = check(refs[i]!, leaves[i]!, stored[j], passing);
      if (!passing) this.#cache.put(toText(refs[i]!.key), entry);
      values[i] = entry.bytes;
    });
    return values;
  }

  /** Keeps what an entry becomes, so that the next read of it doesn't wait for the store. */
  keep({ key, after }: { readonly key: Uint8Array; readonly after: HashedEntry | null }): void {
    if (after === null) return;
    // Copies: entries of one block are parts of one piece of memory.
    this.#cache.put(toText(key), { bytes: after.bytes.slice(), valueHash: after.valueHash.slice() });
  }

  #known(key: Uint8Array, leaf: Uint8Array, pending?: PendingEntries): Uint8Array | null {
    const text = toText(key);
    const cached = this.#cache.get(text);
    if (cached !== undefined && equalBytes(cached.valueHash, leaf)) return cached.bytes;
    const changed = pending?.entryAt(text);
    return changed !== undefined && equalBytes(changed.valueHash, leaf) ? changed.bytes : null;
  }
}

/** The stored entry, copied, if it is the one of the leaf. */
function check(
  { name }: EntryRef,
  leaf: Uint8Array,
  stored: Uint8Array | undefined,
  passing: boolean,
): HashedEntry {
  if (stored === undefined) throw new CorruptStoreError(`the stored ${describeName(name)} is missing`);
  const hash = passing ? passingValueHash(stored) : valueHash(stored);
  if (!equalBytes(hash, leaf)) {
    throw new CorruptStoreError(`the stored ${describeName(name)} isn't what the state tree commits to`);
  }
  return { bytes: passing ? passingEntries.copy(stored) : stored.slice(), valueHash: hash };
}
