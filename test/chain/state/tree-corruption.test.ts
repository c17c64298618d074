import { describe, expect, test } from 'vitest';
import { CorruptStoreError } from '../../../chain/errors.ts';
import { equalBytes, fromHex, toHex } from '../../../chain/format/bytes.ts';
import { ZERO_HASH } from '../../../chain/format/hash.ts';
import type { TreeChange } from '../../../chain/state/tree-update.ts';
import { flipBit, vectorId } from '../vector-ids.ts';
import { change, finish, MapSource, newTree } from './tree-model.ts';

/** A tree with pages at every depth to 60, and at the last. */
async function storedTree(): Promise<{ source: MapSource; root: Uint8Array; entries: TreeChange[] }> {
  const source = new MapSource();
  const tree = newTree(source);
  const alike = [0, 3, 5, 60, 61].map((bit) => flipBit(vectorId(0), bit));
  const keys = [...Array.from({ length: 60 }, (_, i) => vectorId(i)), ...alike, flipBit(vectorId(1), 255)];
  const entries = keys.map((key, i): TreeChange => [key, vectorId(i)]);
  const root = await change(tree, entries);
  source.write(tree.takeDirty());
  return { source, root, entries };
}

/** True if the keys can't be prepared because the store is damaged. */
async function isRefused(source: MapSource, root: Uint8Array, keys: readonly Uint8Array[]): Promise<boolean> {
  try {
    await newTree(source, root).prepare(keys);
    return false;
  } catch (error) {
    if (!(error instanceof CorruptStoreError)) throw error;
    return true;
  }
}

/** The keys whose path goes through the page. */
function keysThrough(pageKey: string, entries: readonly TreeChange[]): Uint8Array[] {
  const depth = Number.parseInt(pageKey.slice(2, 4), 16);
  const bits = pageKey.slice(4, 4 + depth / 4);
  return entries.map(([key]) => key).filter((key) => toHex(key).startsWith(bits));
}

/** Reads every entry from a tree with a cold cache; a read is right or rejects. Returns how many rejected. */
async function countRefusals(
  source: MapSource,
  root: Uint8Array,
  entries: readonly TreeChange[],
): Promise<number> {
  let refused = 0;
  for (const [key, valueHash] of entries) {
    if (await isRefused(source, root, [key])) {
      refused++;
      continue;
    }
    const tree = newTree(source, root);
    await tree.prepare([key]);
    if (!equalBytes(tree.valueHashAt(key)!, valueHash!)) throw new Error('a wrong answer');
  }
  return refused;
}

describe('a damaged store', () => {
  test('is noticed wherever a bit of any page is flipped', async () => {
    const { source, root, entries } = await storedTree();
    const unnoticed: string[] = [];
    for (const [pageKey, bytes] of [...source.pages]) {
      const keys = keysThrough(pageKey, entries);
      expect(keys.length).toBeGreaterThan(1);
      // The many pages of a single path are alike: fewer bits of each will do. Both strides reach all 8 bits of a byte.
      const stride = keys.length === 2 ? 13 : 3;
      for (let bit = 0; bit < 8 * bytes.length; bit += stride) {
        source.pages.set(pageKey, flipBit(bytes, bit));
        if (!(await isRefused(source, root, keys))) unnoticed.push(`${pageKey} bit ${bit}`);
      }
      source.pages.set(pageKey, bytes);
      expect(await isRefused(source, root, keys)).toBe(false);
    }
    expect(unnoticed).toEqual([]);
  });

  test('gives right answers or none, key by key', async () => {
    const { source, root, entries } = await storedTree();
    const few = entries.filter((_, i) => i % 6 === 0);
    let refused = 0;
    for (const [pageKey, bytes] of [...source.pages].filter((_, i) => i % 4 === 0)) {
      for (let bit = 5; bit < 8 * bytes.length; bit += 157) {
        source.pages.set(pageKey, flipBit(bytes, bit));
        refused += await countRefusals(source, root, few);
      }
      source.pages.set(pageKey, bytes);
    }
    expect(refused).toBeGreaterThan(100);
    expect(await countRefusals(source, root, few)).toBe(0);
  });

  test('with a page missing, cut, extended, swapped or stale rejects', async () => {
    const { source, root, entries } = await storedTree();
    const old = new Map(source.pages);
    const keys = entries.map(([key]) => key);
    const tree = newTree(source, root);
    const newRoot = await change(
      tree,
      entries.map(([key], i): TreeChange => [key, vectorId(i + 500)]),
    );
    source.write(tree.takeDirty());
    expect(source.pages.size).toBe(old.size);
    const all = [...source.pages];
    for (const [i, [pageKey, bytes]] of all.entries()) {
      const other = all[(i + 1) % all.length]![1];
      const wrongs = [bytes.slice(0, -1), bytes.slice(0, 4), new Uint8Array(0), other, old.get(pageKey)!];
      for (const wrong of [...wrongs, Uint8Array.of(...bytes, 0)]) {
        source.pages.set(pageKey, wrong);
        expect(await isRefused(source, newRoot, keys)).toBe(true);
      }
      source.pages.delete(pageKey);
      expect(await isRefused(source, newRoot, keys)).toBe(true);
      source.pages.set(pageKey, bytes);
    }
    await newTree(source, newRoot).prepare(keys);
  });

  test('of another root rejects', async () => {
    const { source, root, entries } = await storedTree();
    const [key] = entries[0]!;
    expect(await isRefused(source, flipBit(root, 9), [key])).toBe(true);
    expect(await isRefused(new MapSource(), root, [key])).toBe(true);
    const single = new MapSource();
    const tree = newTree(single);
    const one = await change(tree, [[key, ZERO_HASH]]);
    single.write(tree.takeDirty());
    expect(await isRefused(single, root, [key])).toBe(true);
    await newTree(single, one).prepare([key]);
  });

  test('is not mixed into a new root by keys that were not prepared themselves', async () => {
    const { source, root } = await storedTree();
    const tree = newTree(source, root);
    await tree.prepare([vectorId(0)]);
    const [pageKey, bytes] = [...source.pages].find(([key]) => key === '7000')!;
    expect(fromHex(pageKey).length).toBe(2);
    // The page under the root was only walked towards one key; a flip elsewhere in it shows when others are changed.
    source.pages.set(pageKey, flipBit(bytes, 8 * (bytes.length - 1)));
    const damaged = newTree(source, root);
    const refusals = await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        try {
          await damaged.prepare([vectorId(i)]);
          return false;
        } catch (error) {
          expect(error).toBeInstanceOf(CorruptStoreError);
          return true;
        }
      }),
    );
    expect(refusals).toContain(true);
    expect(refusals).toContain(false);
    const kept = damaged.root;
    const bad = refusals.indexOf(true);
    expect(() => finish(damaged.update([[vectorId(bad), vectorId(1)]]))).toThrow(CorruptStoreError);
    expect(toHex(damaged.root)).toBe(toHex(kept));
    expect([...damaged.takeDirty()]).toEqual([]);
  });
});
