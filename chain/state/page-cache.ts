/**
 * Owns the pages kept in memory between blocks: at most `maxBytes`, counted with what an entry costs besides its bytes.
 * What it returns is a hint: whoever reads compares the page's root with the one expected, so a page of another state
 * does no harm.
 */
import { ByteCache } from '../byte-cache.ts';
import type { Page } from './page.ts';

/** A map entry, a path, an entry of the list, a page object and its typed array with its buffer, measured on V8. */
const ENTRY_BYTES = 460;

export class PageCache extends ByteCache<Page> {
  constructor(maxBytes: number) {
    super(maxBytes, (page) => page.bytes.length + ENTRY_BYTES);
  }

  /** A page that shares its memory with others is copied, or the cache would keep all of them alive. */
  override put(path: string, page: Page): void {
    super.put(path, page.alone());
  }
}
