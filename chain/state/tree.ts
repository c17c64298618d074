/**
 * Owns the state tree: an authenticated map from 32-byte keys to value hashes, kept in pages of four levels of which the
 * store has the tip's only. Every page is checked, once, against the hash that names it in its parent, and each node on
 * a path that is walked against its children: the store can lose or damage pages, never make the tree answer wrongly.
 *
 * Memory: the pages prepared since the last `takeDirty`, `discard` or `unload` (at most 64 a key, usually shared), the
 * changed pages, those of the last update, and the cache. All bounded by what the caller prepares: blocks have limits.
 *
 * One writer: between the start of `prepare` or `update` and its end nothing else may change the tree.
 */
import { assert } from '../errors.ts';
import { equalBytes } from '../format/bytes.ts';
import { ZERO_HASH } from '../format/hash.ts';
import { Slab } from '../format/slab.ts';
import { Turnover } from '../turnover.ts';
import { keyBit } from './node-hash.ts';
import { EMPTY, FIRST_BOTTOM, INNER, LEAF, type Page, ROOT_POSITION } from './page.ts';
import type { PageCache } from './page-cache.ts';
import type { PageEditor } from './page-editor.ts';
import { loadPages, type PageSource } from './page-loader.ts';
import { isShallow, type PagePath, pageKey, pagePath, ROOT_PATH } from './page-path.ts';
import type { TreeProof } from './tree-proof.ts';
import { type TreeChange, TreeUpdate, type UpdateResult } from './tree-update.ts';

/** What touches more entries than this passes the caches by: it would empty them. */
const WIDE = 10_000;

/** Memory of pages that are not kept in the cache. */
const passingPages = new Slab(32 * 1024);

/** A state the tree can go back to, until the next `takeDirty` or `discard`. */
export interface Savepoint {
  readonly root: Uint8Array;
  /** Length of the log of replaced pages. */
  readonly mark: number;
}

/** What the store gets for a page. */
type PageWrite = [key: Uint8Array, bytes: Uint8Array | null];

/** What changes made of a root. It follows from these alone, whatever was in between. */
interface Made extends UpdateResult {
  readonly from: Uint8Array;
  readonly changes: readonly TreeChange[];
}

export class StateTree {
  readonly #source: PageSource;
  readonly #cache: PageCache;
  #root: Uint8Array;
  /** Root as the store has it, once what `takeDirty` gave is written. */
  #baseRoot: Uint8Array;
  /** Pages as the store has them, prepared. */
  readonly #clean = new Turnover<PagePath, Page>();
  /** Pages that differ from the store's; `null`: deleted. */
  readonly #dirty = new Turnover<PagePath, Page | null>();
  #savepoints: Savepoint[] = [];
  /** Of the last update, for the next; at most 64 of 2 KiB. */
  #editors: PageEditor[] = [];
  /** The last update, until the next `takeDirty` or `discard`: whoever mines makes its own block's a second time. */
  #made: Made | null = null;
  /** What `#dirty` held before each change since the oldest savepoint. */
  readonly #log: [path: PagePath, before: Page | null | undefined][] = [];
  /** Grows with every change: an update that started from another state can't be applied. */
  #version = 0;
  #preparing = 0;

  /** `root` is the one the tip's header commits to. The cache may be shared; see `PageCache`. */
  constructor(source: PageSource, cache: PageCache, root: Uint8Array) {
    assert(root.length === 32, 'a state root has 32 bytes');
    this.#source = source;
    this.#cache = cache;
    this.#root = root;
    this.#baseRoot = root;
  }

  /** Root of the tree with all changes, 32 bytes. */
  get root(): Uint8Array {
    return this.#root;
  }

  /**
   * Loads and checks every page that reading, proving or changing these keys needs, with a call to the source for each
   * level (more if there are very many). With `passing` the cache stays as it is: for more pages than it holds. Rejects
   * with `CorruptStoreError` if a page is missing or isn't the tree's.
   */
  async prepare(keys: readonly Uint8Array[], passing = false): Promise<void> {
    if (this.#isEmpty()) return;
    this.#preparing++;
    try {
      await loadPages(keys, this.#root, {
        source: this.#source,
        known: (path) => this.#dirty.get(path) ?? this.#clean.get(path) ?? this.#cache.get(path),
        memory: passing ? passingPages : null,
        keep: (path, page, loaded) => {
          if (loaded && !passing) this.#cache.put(path, page);
          if (this.#dirty.get(path) !== page) this.#clean.set(path, page);
        },
      });
    } finally {
      this.#preparing--;
    }
  }

  /** Hash of the value at a prepared key, or `null` if it has none. */
  valueHashAt(key: Uint8Array): Uint8Array | null {
    return this.leafAt(key)?.slice() ?? null;
  }

  /** The same, not copied: nobody may write to it. */
  leafAt(key: Uint8Array): Uint8Array | null {
    const end = this.#walk(key);
    return end !== null && hasKey(end, key) ? end.subarray(32) : null;
  }

  /** Proof of the value at a prepared key, or of its absence. */
  prove(key: Uint8Array): TreeProof {
    const siblings: Uint8Array[] = [];
    const end = this.#walk(key, siblings);
    if (end === null) return { siblings, end: { kind: 'empty' } };
    if (hasKey(end, key)) return { siblings, end: { kind: 'present' } };
    return { siblings, end: { kind: 'other', key: end.slice(0, 32), valueHash: end.slice(32) } };
  }

  /**
   * Applies changes to prepared keys, each key once, and returns the new root. Yields about every 3 ms of work; the tree
   * changes at the very end, so an update that throws or is never finished has changed nothing.
   */
  *update(changes: readonly TreeChange[]): Generator<void, Uint8Array> {
    if (changes.length === 0) return this.#root;
    const version = this.#version;
    const from = this.#root;
    const made = this.#made;
    const { root, writes } = made !== null && this.#isSame(made, changes) ? made : yield* this.#make(changes);
    assert(version === this.#version && this.#preparing === 0, 'a tree has one writer');
    this.#version++;
    // Only now: what was overtaken has seen pages of two states.
    this.#made = { root, writes, from, changes };
    for (const [path, page] of writes) {
      if (this.#savepoints.length > 0) this.#log.push([path, this.#dirty.get(path)]);
      this.#dirty.set(path, page);
    }
    this.#root = root;
    return root;
  }

  *#make(changes: readonly TreeChange[]): Generator<void, UpdateResult> {
    // An update that was left unfinished keeps them: they are worth no more than the time to make them.
    const editors = this.#editors;
    this.#editors = [];
    const update = new TreeUpdate(
      (path) => this.#pageAt(path),
      editors,
      isWide(changes) ? passingPages : null,
    );
    const result = yield* update.run(changes, !this.#isEmpty());
    this.#editors = editors;
    return result;
  }

  /** True if the same changes were made of the same state. */
  #isSame({ from, changes }: Made, others: readonly TreeChange[]): boolean {
    return (
      equalBytes(from, this.#root) &&
      changes.length === others.length &&
      changes.every((change, i) => areEqual(change, others[i]!))
    );
  }

  /** Marks the present state. Costs nothing by itself; the pages replaced later are kept while it stands. */
  savepoint(): Savepoint {
    const savepoint = { root: this.#root, mark: this.#log.length };
    this.#savepoints.push(savepoint);
    return savepoint;
  }

  /** Back to exactly the marked state. The savepoint and all later ones are gone. */
  rollback(savepoint: Savepoint): void {
    const index = this.#savepoints.indexOf(savepoint);
    assert(index >= 0, 'a savepoint stands until it is used, forgotten, taken or discarded');
    this.#changeState();
    while (this.#log.length > savepoint.mark) {
      const [path, before] = this.#log.pop()!;
      if (before === undefined) this.#dirty.delete(path);
      else this.#dirty.set(path, before);
    }
    this.#savepoints.length = index;
    this.#root = savepoint.root;
  }

  /** Drops a savepoint, and all later ones, and keeps what changed since. */
  forget(savepoint: Savepoint): void {
    const index = this.#savepoints.indexOf(savepoint);
    assert(index >= 0, 'a savepoint stands until it is used, forgotten, taken or discarded');
    this.#savepoints.length = index;
    if (index === 0) this.#log.length = 0;
  }

  /**
   * What must be written to the store for it to have the present state, in one atomic batch that is read once; `null`
   * deletes.
   */
  takeDirty(): Iterable<PageWrite> {
    this.#changeState();
    for (const [path, page] of this.#dirty) {
      if (page === null) this.#cache.delete(path);
      else if (page.isAlone || isShallow(path)) this.#cache.put(path, page);
    }
    const writes = writesOf(this.#dirty[Symbol.iterator]());
    this.#baseRoot = this.#root;
    this.#drop();
    return writes;
  }

  /** Back to the state of the last `takeDirty`. */
  discard(): void {
    this.#changeState();
    this.#root = this.#baseRoot;
    this.#drop();
  }

  /** Forgets the prepared pages, for a caller that only read. Changes stay. */
  unload(): void {
    assert(this.#preparing === 0, 'a tree has one writer');
    this.#clean.clear();
  }

  #drop(): void {
    this.#clean.clear();
    this.#dirty.clear();
    this.#savepoints = [];
    this.#log.length = 0;
    this.#made = null;
  }

  #changeState(): void {
    assert(this.#preparing === 0, 'a tree has one writer');
    this.#version++;
  }

  #isEmpty(): boolean {
    return equalBytes(this.#root, ZERO_HASH);
  }

  #pageAt(path: PagePath): Page {
    const page = this.#dirty.get(path) ?? this.#clean.get(path);
    assert(page !== undefined, 'a key must be prepared before it is used');
    return page;
  }

  /** Follows the key to a leaf (its key and value hash, not copied) or to nothing, noting the subtrees beside the path. */
  #walk(key: Uint8Array, siblings?: Uint8Array[]): Uint8Array | null {
    assert(key.length === 32, 'a key of the state has 32 bytes');
    if (this.#isEmpty()) return null;
    let page = this.#pageAt(ROOT_PATH);
    let position = ROOT_POSITION;
    for (let depth = 0; page.kindAt(position) === INNER; depth++) {
      if (position >= FIRST_BOTTOM) {
        page = this.#pageAt(pagePath(key, depth));
        position = ROOT_POSITION;
      }
      page.check(position);
      position = 2 * position + keyBit(key, depth);
      siblings?.push(page.hashAt(position ^ 1).slice());
    }
    const kind = page.kindAt(position);
    assert(kind === EMPTY || kind === LEAF, 'a path ends');
    return kind === LEAF ? page.nodeAt(position) : null;
  }
}

/** True for so many entries that they would push each other out of the caches before any is asked for again. */
export const isWide = ({ length }: readonly unknown[]): boolean => length > WIDE;

function* writesOf(pages: Iterable<[PagePath, Page | null]>): Generator<PageWrite> {
  for (const [path, page] of pages) yield [pageKey(path), page === null ? null : page.bytes];
}

function areEqual([key, hash]: TreeChange, [otherKey, otherHash]: TreeChange): boolean {
  if (!equalBytes(key, otherKey)) return false;
  return hash === null || otherHash === null ? hash === otherHash : equalBytes(hash, otherHash);
}

/** True if the leaf is of this key. */
function hasKey(leaf: Uint8Array, key: Uint8Array): boolean {
  for (let i = 0; i < 32; i++) if (leaf[i] !== key[i]) return false;
  return true;
}
