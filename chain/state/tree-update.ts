/**
 * Owns one change of many keys: it reads pages, works out the pages that replace them, and touches nothing else, so
 * that one left unfinished has changed nothing. Each page is visited once and each inner node hashed once. State: an
 * editor for each page on the path it is at (at most 64), and the new pages, at most 64 a changed key.
 */
import { assert } from '../errors.ts';
import { compareBytes } from '../format/bytes.ts';
import type { Slab } from '../format/slab.ts';
import { EMPTY, FIRST_BOTTOM, INNER, LEAF, type Page, ROOT_POSITION } from './page.ts';
import { PageEditor } from './page-editor.ts';
import { PAGE_LEVELS, type PagePath, pagePath } from './page-path.ts';
import { type Keyed, sortByKey, splitAtBit } from './sorted-keys.ts';

/** Hashes between two yields: some 3 ms in plain JavaScript. */
const HASHES_A_SLICE = 2_000;
/** Items that are brought in without a rest: at most some hundreds of hashes, or thousands under keys that were sought for. */
const SHORT_RUN = 64;

/** A new value for a key, or `null` to delete it. */
export type TreeChange = readonly [key: Uint8Array, valueHash: Uint8Array | null];

/** Pages that replace those of the same path; `null`: there is none any more. */
export type PageWrites = [path: PagePath, page: Page | null][];

export interface UpdateResult {
  readonly root: Uint8Array;
  readonly writes: PageWrites;
}

interface Item extends Keyed {
  readonly valueHash: Uint8Array | null;
}

/** Items `from` to `to - 1`, which belong under one page. */
interface Run {
  readonly items: readonly Item[];
  readonly from: number;
  readonly to: number;
  /** False where the page is yet to be made. */
  readonly exists: boolean;
}

/** A page in hand. */
interface PageEdit {
  readonly editor: PageEditor;
  readonly path: PagePath;
  readonly depth: number;
  /** As it was; `null` for one that is being made. */
  readonly page: Page | null;
  /** Bit p: something under the inner node at p, above the bottom, changes. */
  touched: number;
  readonly descents: Descent[];
}

/** What goes under a position at the bottom of a page. */
interface Descent extends Run {
  readonly position: number;
}

export class TreeUpdate {
  readonly #pageAt: (path: PagePath) => Page;
  readonly #editors: PageEditor[];
  readonly #memory: Slab | null;
  readonly #writes: PageWrites = [];
  #hashes = 0;

  /**
   * `pageAt` gives a page of the state that the update starts from. `editors`, one for each depth, belong to the update
   * until it ends; it adds those it lacks. New pages are cut from `memory`; with `null` each has its own.
   */
  constructor(pageAt: (path: PagePath) => Page, editors: PageEditor[], memory: Slab | null) {
    this.#pageAt = pageAt;
    this.#editors = editors;
    this.#memory = memory;
  }

  /** Applies the changes (each key once) to the tree, which has a root page if `exists`. Yields between slices. */
  *run(changes: readonly TreeChange[], exists: boolean): Generator<void, UpdateResult> {
    const items = sortByKey(changes.map(([key, valueHash]): Item => ({ key, valueHash })));
    for (let i = 1; i < items.length; i++) {
      assert(compareBytes(items[i - 1]!.key, items[i]!.key) !== 0, 'an update has each key once');
    }
    const root: Run = { items, from: 0, to: items.length, exists };
    const editor = isShort(root) ? this.#updatePage(0, root) : yield* this.#updateInSlices(0, root);
    return { root: editor.hashAt(ROOT_POSITION).slice(), writes: this.#writes };
  }

  /** Leaves the page as it will be in the editor of its depth, until the next page of that depth. */
  #updatePage(depth: number, run: Run): PageEditor {
    const edit = this.#open(depth, run);
    for (const below of edit.descents) {
      edit.editor.setRootOf(below.position, this.#updatePage(depth + PAGE_LEVELS, below));
    }
    return this.#close(edit);
  }

  /** The same, with rests. */
  *#updateInSlices(depth: number, run: Run): Generator<void, PageEditor> {
    const edit = this.#open(depth, run);
    const next = depth + PAGE_LEVELS;
    for (const below of edit.descents) {
      const child = isShort(below) ? this.#updatePage(next, below) : yield* this.#updateInSlices(next, below);
      edit.editor.setRootOf(below.position, child);
      if (this.#hashes < HASHES_A_SLICE) continue;
      this.#hashes = 0;
      yield;
    }
    return this.#close(edit);
  }

  /** Takes the page in hand and places the items of the run in it. */
  #open(depth: number, { items, from, to, exists }: Run): PageEdit {
    const path = pagePath(items[from]!.key, depth);
    const page = exists ? this.#pageAt(path) : null;
    const index = depth / PAGE_LEVELS;
    this.#editors[index] ??= new PageEditor();
    const editor = this.#editors[index];
    editor.open(page);
    const edit: PageEdit = { editor, path, depth, page, touched: 0, descents: [] };
    placeItems(edit, ROOT_POSITION, depth, items, from, to);
    return edit;
  }

  /** Hashes what changed, from the bottom up, and notes the page that there is now. */
  #close({ editor, path, depth, page, touched }: PageEdit): PageEditor {
    for (let position = FIRST_BOTTOM - 1; position >= ROOT_POSITION; position--) {
      if (((touched >>> position) & 1) === 0) continue;
      editor.settle(position);
      // Its own hash, and often that of a leaf below.
      this.#hashes += 2;
    }
    const root = editor.kindAt(ROOT_POSITION);
    const stays = root === INNER || (root === LEAF && depth === 0);
    if (stays || page !== null) this.#writes.push([path, stays ? editor.seal(this.#memory) : null]);
    return editor;
  }
}

const isShort = ({ from, to }: Run): boolean => to - from <= SHORT_RUN;

/** Brings the items down to leaves and to the bottom of the page; the hashes of what is above follow later. */
function placeItems(
  edit: PageEdit,
  position: number,
  depth: number,
  items: readonly Item[],
  from: number,
  to: number,
): void {
  if (from === to) return;
  const { editor } = edit;
  const isBottom = position >= FIRST_BOTTOM;
  if (editor.kindAt(position) === INNER) {
    if (isBottom) {
      edit.descents.push({ position, items, from, to, exists: true });
    } else {
      // What stays beside the changes goes into new hashes: it must be what the old ones stood for.
      edit.page!.check(position);
      placeBelow(edit, position, depth, items, from, to);
    }
    return;
  }
  if (to - from === 1 && editor.isFreeFor(position, items[from]!.key)) {
    const { key, valueHash } = items[from]!;
    if (valueHash === null) editor.clear(position);
    else editor.setLeaf(position, key, valueHash);
    return;
  }
  const live = liveItems(editor, position, items.slice(from, to));
  editor.clear(position);
  if (live.length === 1) {
    editor.setLeaf(position, live[0]!.key, live[0]!.valueHash!);
  } else if (live.length > 1 && isBottom) {
    edit.descents.push({ position, items: live, from: 0, to: live.length, exists: false });
  } else if (live.length > 1) {
    placeBelow(edit, position, depth, live, 0, live.length);
  }
}

function placeBelow(
  edit: PageEdit,
  position: number,
  depth: number,
  items: readonly Item[],
  from: number,
  to: number,
): void {
  edit.touched |= 1 << position;
  const middle = splitAtBit(items, depth, from, to);
  placeItems(edit, 2 * position, depth + 1, items, from, middle);
  placeItems(edit, 2 * position + 1, depth + 1, items, middle, to);
}

/** The entries under an empty position or a leaf once the items are applied, in order. */
function liveItems(editor: PageEditor, position: number, items: readonly Item[]): readonly Item[] {
  const live = items.filter((item) => item.valueHash !== null);
  if (editor.kindAt(position) === EMPTY) return live;
  const entry = editor.nodeAt(position).slice();
  const key = entry.subarray(0, 32);
  if (items.some((item) => compareBytes(item.key, key) === 0)) return live;
  return sortByKey([...live, { key, valueHash: entry.subarray(32) }]);
}
