import { describe, expect, test } from 'vitest';
import { Page } from '../../../chain/state/page.ts';
import { PageCache } from '../../../chain/state/page-cache.ts';
import { Random } from '../random.ts';

const pageOf = (bytes: number): Page => new Page(new Uint8Array(bytes), 0, 0, 0);

/** The same cache, naively: the last of the list was used last. */
class Model {
  #entries: { readonly path: string; readonly page: Page }[] = [];
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  bytes(fixed: number): number {
    return this.#entries.reduce((sum, { page }) => sum + page.bytes.length + fixed, 0);
  }

  get(path: string): Page | undefined {
    const entry = this.#entries.find((each) => each.path === path);
    if (entry !== undefined) this.#entries = [...this.#entries.filter((each) => each !== entry), entry];
    return entry?.page;
  }

  put(path: string, page: Page, fixed: number): void {
    this.delete(path);
    this.#entries.push({ path, page });
    while (this.bytes(fixed) > this.#max) this.#entries.shift();
  }

  delete(path: string): void {
    this.#entries = this.#entries.filter((each) => each.path !== path);
  }
}

describe('pages in memory', () => {
  test.each([0, 700, 6_000, 100_000])('at most %i bytes: the one used longest ago goes first', (max) => {
    const cache = new PageCache(1_000_000);
    cache.put('any', pageOf(0));
    const fixed = cache.bytes;
    const random = new Random(max);
    const bounded = new PageCache(max);
    const model = new Model(max);
    for (let i = 0; i < 3_000; i++) {
      const path = `${random.below(20)}`;
      const what = random.below(10);
      if (what < 5) expect(bounded.get(path)).toBe(model.get(path));
      else if (what < 9) {
        const page = pageOf(random.below(400));
        bounded.put(path, page);
        model.put(path, page, fixed);
      } else {
        bounded.delete(path);
        model.delete(path);
      }
      expect(bounded.bytes).toBe(model.bytes(fixed));
    }
    for (let path = 0; path < 20; path++) expect(bounded.get(`${path}`)).toBe(model.get(`${path}`));
  });
});
