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
      this.#pages.delete(path);
      this.#pages.set(path, page);
    }
    return page;
  }

  put(path: PagePath, page: Page): void {
    this.delete(path);
    this.#pages.set(path, page);
    this.#bytes += costOf(page);
    if (this.#bytes <= this.#maxBytes) return;
    for (const [oldPath, old] of this.#pages) {
      this.#pages.delete(oldPath);
      this.#bytes -= costOf(old);
      if (this.#bytes <= this.#maxBytes) return;
    }
  }

  delete(path: PagePath): void {
    const page = this.#pages.get(path);
    if (page === undefined) return;
    this.#pages.delete(path);
    this.#bytes -= costOf(page);
  }
}

const costOf = (page: Page): number => page.bytes.length + ENTRY_BYTES;
