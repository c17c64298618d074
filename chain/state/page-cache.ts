/**
 * Owns the pages kept in memory between blocks: at most `maxBytes`, counted with what an entry costs besides its bytes.
 * The page used longest ago goes first. What it returns is a hint: whoever reads compares the page's root with the one
 * expected, so a page of another state is no harm.
 */
import type { Page } from './page.ts';
import type { PagePath } from './page-path.ts';

/** A map entry, a path, a page object and its typed array with its buffer, measured on V8. */
const ENTRY_BYTES = 400;

export class PageCache {
  readonly #maxBytes: number;
  /** In order of last use, which is a Map's order of insertion. */
  readonly #pages = new Map<PagePath, Page>();
  /**
   * Stands before the page used longest ago while one after the other goes: each new iterator has to pass all the places
   * that are empty by now. Other changes let go of it, since it keeps every table that the map has outgrown meanwhile.
   */
  #oldest: Iterator<[PagePath, Page]> | null = null;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes held, never over the most allowed. */
  get bytes(): number {
    return this.#bytes;
  }

  get(path: PagePath): Page | undefined {
    const page = this.#pages.get(path);
    if (page !== undefined) {
      this.#oldest = null;
      this.#pages.delete(path);
      this.#pages.set(path, page);
    }
    return page;
  }

  put(path: PagePath, page: Page): void {
    this.delete(path);
    this.#pages.set(path, page);
    this.#bytes += costOf(page);
    // There is a page left as long as there are bytes, so the iterator never comes to an end.
    while (this.#bytes > this.#maxBytes) {
      this.#oldest ??= this.#pages.entries();
      const [oldPath, old] = this.#oldest.next().value!;
      this.#pages.delete(oldPath);
      this.#bytes -= costOf(old);
    }
  }

  delete(path: PagePath): void {
    const page = this.#pages.get(path);
    if (page === undefined) return;
    this.#oldest = null;
    this.#pages.delete(path);
    this.#bytes -= costOf(page);
  }
}

const costOf = (page: Page): number => page.bytes.length + ENTRY_BYTES;
