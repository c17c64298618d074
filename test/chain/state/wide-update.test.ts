/** Updates and reads of more entries than the caches keep: their pages share pieces of memory and pass the cache by. */
import { beforeAll, expect, test } from 'vitest';
import { CorruptStoreError } from '../../../chain/errors.ts';
import { toHex } from '../../../chain/format/bytes.ts';
import { ZERO_HASH } from '../../../chain/format/hash.ts';
import type { Page } from '../../../chain/state/page.ts';
import { PageCache } from '../../../chain/state/page-cache.ts';
import { StateTree } from '../../../chain/state/tree.ts';
import type { TreeChange } from '../../../chain/state/tree-update.ts';
import { vectorId } from '../vector-ids.ts';
import { change, finish, MapSource, newTree } from './tree-model.ts';

/** Makes more than 10,000 pages, and more than 10,000 changes. */
const WIDE = 40_000;
const STEP = 4_000;

/** A cache that notes what is put into it. */
class WatchedCache extends PageCache {
  readonly kept = new Map<string, Page>();

  override put(path: string, page: Page): void {
    super.put(path, page);
    this.kept.set(path, this.get(path)!);
  }
}

const changesTo = (value: number, from = 0, to = WIDE): TreeChange[] =>
  Array.from({ length: to - from }, (_, i) => [vectorId(from + i), vectorId(value)]);

/** The pages of the same entries, put in step by step. */
const byParts = new MapSource();
let root: Uint8Array;

async function put(tree: StateTree, source: MapSource, changes: readonly TreeChange[]): Promise<void> {
  await change(tree, changes);
  source.write(tree.takeDirty());
}

beforeAll(async () => {
  const tree = newTree(byParts);
  for (let from = 0; from < WIDE; from += STEP) await put(tree, byParts, changesTo(2, from, from + STEP));
  root = tree.root;
});

test('a wide update gives the pages of many small ones, and what the cache has of before harms nothing', async () => {
  const source = new MapSource();
  const cache = new WatchedCache(64 << 20);
  const tree = new StateTree(source, cache, ZERO_HASH);
  // Fills the cache with pages that the wide updates then replace.
  for (let from = 0; from < WIDE; from += STEP) await put(tree, source, changesTo(1, from, from + STEP));
  const pages = source.pages.size;
  expect(pages).toBeGreaterThan(10_000);
  await put(tree, source, changesTo(2));
  expect(toHex(tree.root)).toBe(toHex(root));
  expect(source.dump() === byParts.dump()).toBe(true);
  const some = [0, 1, 2, WIDE - 1].map(vectorId);
  await tree.prepare(some);
  for (const key of some) expect(tree.valueHashAt(key)).toEqual(vectorId(2));
  await put(tree, source, changesTo(1, 0, STEP));
  await put(tree, source, changesTo(2, 0, STEP));
  expect(toHex(tree.root)).toBe(toHex(root));
});

test('of a wide update the cache keeps few pages, each in memory of its own', async () => {
  const source = new MapSource();
  const cache = new WatchedCache(64 << 20);
  await put(new StateTree(source, cache, ZERO_HASH), source, changesTo(2));
  expect(cache.kept.size).toBe(1 + 16 + 256);
  for (const { bytes } of cache.kept.values()) expect(bytes.buffer.byteLength).toBe(bytes.length);
});

test('the cache keeps what many small updates changed before they are written together', async () => {
  const tree = new StateTree(byParts, new PageCache(64 << 20), root);
  const round = async (value: number): Promise<void> => {
    for (let from = 0; from < WIDE; from += STEP) await change(tree, changesTo(value, from, from + STEP));
  };
  await round(1);
  const writes = [...tree.takeDirty()];
  expect(writes.length).toBeGreaterThan(10_000);
  const calls = byParts.calls;
  await round(2);
  expect(byParts.calls).toBe(calls);
  expect(toHex(tree.root)).toBe(toHex(root));
});

test('what is read in passing leaves the cache as it is, and is checked', async () => {
  const cache = new WatchedCache(64 << 20);
  const tree = new StateTree(byParts, cache, root);
  const keys = changesTo(2, 0, STEP).map(([key]) => key);
  await tree.prepare(keys, true);
  expect(cache.kept.size).toBe(0);
  for (const key of keys) expect(tree.leafAt(key)).toEqual(vectorId(2));
  tree.unload();
  const damaged = new MapSource();
  for (const [key, bytes] of byParts.pages) damaged.pages.set(key, bytes.slice());
  // The first page under the root.
  const path = [...damaged.pages.keys()].find((key) => key.startsWith('7004'))!;
  const bytes = damaged.pages.get(path)!;
  bytes[bytes.length - 1]! ^= 1;
  const other = new StateTree(damaged, new PageCache(1 << 20), root);
  const all = changesTo(2).map(([key]) => key);
  const read = async (): Promise<void> => {
    await other.prepare(all, true);
    finish(other.update(changesTo(1)));
  };
  await expect(read()).rejects.toThrow(CorruptStoreError);
});
