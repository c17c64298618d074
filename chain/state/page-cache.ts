/**
 * Owns the pages kept in memory between blocks: at most `maxBytes`, counted with what an entry costs besides its bytes.
 * The page used longest ago goes first. What it returns is a hint: whoever reads compares the page's root with the one
 * expected, so a page of another state is no harm.
 *
 * Entries are a list in order of use. The order of a `Map` would do, but keeping it by taking out and putting in again
 * wears out a table every few uses, and outgrown tables keep what they held for long.
 */
import type { Page } from './page.ts';
import type { PagePath } from './page-path.ts';

/** A map entry, a path, an entry of the list, a page object and its typed array with its buffer, measured on V8. */
const ENTRY_BYTES = 460;

interface Entry {
  readonly path: PagePath;
  page: Page;
  older: Entry | null;
  newer: Entry | null;
}

export class PageCache {
  readonly #maxBytes: number;
  readonly #entries = new Map<PagePath, Entry>();
  #oldest: Entry | null = null;
  #newest: Entry | null = null;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes held, never over the most allowed. */
  get bytes(): number {
    return this.#bytes;
  }

  get(path: PagePath): Page | undefined {
    const entry = this.#entries.get(path);
    if (entry === undefined) return undefined;
    this.#renew(entry);
    return entry.page;
  }

  put(path: PagePath, page: Page): void {
    const known = this.#entries.get(path);
    if (known !== undefined) {
      this.#bytes += costOf(page) - costOf(known.page);
      known.page = page;
      this.#renew(known);
    } else {
      const entry: Entry = { path, page, older: null, newer: null };
      this.#entries.set(path, entry);
      this.#bytes += costOf(page);
      this.#append(entry);
    }
    while (this.#bytes > this.#maxBytes) this.#remove(this.#oldest!);
  }

  delete(path: PagePath): void {
    const entry = this.#entries.get(path);
    if (entry !== undefined) this.#remove(entry);
  }

  #remove(entry: Entry): void {
    this.#unlink(entry);
    this.#entries.delete(entry.path);
    this.#bytes -= costOf(entry.page);
  }

  #renew(entry: Entry): void {
    if (entry === this.#newest) return;
    this.#unlink(entry);
    this.#append(entry);
  }

  #append(entry: Entry): void {
    entry.older = this.#newest;
    if (this.#newest === null) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
  }

  #unlink(entry: Entry): void {
    if (entry.older === null) this.#oldest = entry.newer;
    else entry.older.newer = entry.newer;
    if (entry.newer === null) this.#newest = entry.older;
    else entry.newer.older = entry.older;
    entry.older = null;
    entry.newer = null;
  }
}

const costOf = (page: Page): number => page.bytes.length + ENTRY_BYTES;
