/**
 * Owns bringing in the pages on the way to many keys, level by level, and checking each against its parent. Holds
 * nothing between calls; one call to the source asks for at most `PAGES_A_CALL` pages.
 */
import { CorruptStoreError } from '../errors.ts';
import { equalBytes } from '../format/bytes.ts';
import type { Slab } from '../format/slab.ts';
import { decodePage, FIRST_BOTTOM, INNER, type Page, ROOT_POSITION } from './page.ts';
import { type PagePath, pageKey, pagePath, ROOT_PATH } from './page-path.ts';
import { type Keyed, sortByKey, splitAtBit } from './sorted-keys.ts';

/** Reads page bytes: the changes not written yet, then the store. */
export interface PageSource {
  /** The values in the order of the keys; `undefined` where there is none. */
  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>;
}

/** Checking so many takes some 5 ms; then the next wait for the source lets the event loop run. */
const PAGES_A_CALL = 512;

export interface PageShelf {
  readonly source: PageSource;
  /** Of the pages that are loaded; `null`: each has its own. */
  readonly memory: Slab | null;
  /** A page that may be the one, if there is any in memory. */
  known(path: PagePath): Page | undefined;
  /** Called for each page on the way once it is checked; `loaded` if it comes from the source. */
  keep(path: PagePath, page: Page, loaded: boolean): void;
}

/** A page to visit with the keys `from` to `to - 1`. */
interface Visit {
  readonly path: PagePath;
  readonly depth: number;
  /** What the page's root must be. */
  readonly root: Uint8Array;
  readonly from: number;
  readonly to: number;
}

/** Hands every page on the way to the keys, under a root that isn't empty, to the shelf; `CorruptStoreError` if one is missing or wrong. */
export async function loadPages(
  keys: readonly Uint8Array[],
  root: Uint8Array,
  shelf: PageShelf,
): Promise<void> {
  const sorted = sortByKey(keys.map((key): Keyed => ({ key })));
  let level: Visit[] = [];
  if (sorted.length > 0) level.push({ path: ROOT_PATH, depth: 0, root, from: 0, to: sorted.length });
  while (level.length > 0) {
    const next: Visit[] = [];
    for (let i = 0; i < level.length; i += PAGES_A_CALL) {
      const visits = level.length <= PAGES_A_CALL ? level : level.slice(i, i + PAGES_A_CALL);
      const known = visits.map((visit) => knownPage(visit, shelf));
      // Most often all of them are known, and there is nothing to wait for.
      const stored = known.includes(undefined) ? await readMissing(visits, known, shelf) : [];
      let used = 0;
      for (let j = 0; j < visits.length; j++) {
        const visit = visits[j]!;
        const page = known[j] ?? readPage(stored[used++], visit, shelf.memory);
        followKeys(page, ROOT_POSITION, visit.depth, sorted, visit.from, visit.to, next);
        shelf.keep(visit.path, page, known[j] === undefined);
      }
    }
    level = next;
  }
}

function knownPage(visit: Visit, shelf: PageShelf): Page | undefined {
  const page = shelf.known(visit.path);
  return page !== undefined && isPageOf(page, visit) ? page : undefined;
}

/** What the source has for the visits whose page isn't known. */
function readMissing(
  visits: readonly Visit[],
  known: readonly (Page | undefined)[],
  { source }: PageShelf,
): Promise<(Uint8Array | undefined)[]> {
  const missing = visits.filter((_, i) => known[i] === undefined);
  return source.getMany(missing.map(({ path }) => pageKey(path)));
}

function readPage(stored: Uint8Array | undefined, visit: Visit, memory: Slab | null): Page {
  if (stored === undefined) throw new CorruptStoreError('a state page is missing');
  const page = decodePage(stored, memory);
  if (!isPageOf(page, visit)) throw new CorruptStoreError('a state page is not the one its parent names');
  return page;
}

function isPageOf(page: Page, visit: Visit): boolean {
  return (
    (visit.depth === 0 || page.kindAt(ROOT_POSITION) === INNER) &&
    equalBytes(page.hashAt(ROOT_POSITION), visit.root)
  );
}

/** Checks the nodes on the way to the keys and notes the pages below. */
function followKeys(
  page: Page,
  position: number,
  depth: number,
  keys: readonly Keyed[],
  from: number,
  to: number,
  next: Visit[],
): void {
  if (from === to || page.kindAt(position) !== INNER) return;
  if (position >= FIRST_BOTTOM) {
    const path = pagePath(keys[from]!.key, depth);
    next.push({ path, depth, root: page.nodeAt(position), from, to });
    return;
  }
  page.check(position);
  const middle = splitAtBit(keys, depth, from, to);
  followKeys(page, 2 * position, depth + 1, keys, from, middle, next);
  followKeys(page, 2 * position + 1, depth + 1, keys, middle, to, next);
}
