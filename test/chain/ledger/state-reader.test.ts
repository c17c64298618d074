/** Entries read in passing, as those of a block that touches more than the cache holds. */
import { expect, test } from 'vitest';
import { CorruptStoreError } from '../../../chain/errors.ts';
import { toText } from '../../../chain/format/bytes.ts';
import { ZERO_HASH } from '../../../chain/format/hash.ts';
import { MemoryStore } from '../../../chain/ledger/memory-store.ts';
import { StateReader, stateWrite } from '../../../chain/ledger/state-reader.ts';
import { accountRef, type EntryRef, valueHash } from '../../../chain/state/entries.ts';
import { EntryCache } from '../../../chain/state/entry-cache.ts';
import { change, newTree } from '../state/tree-model.ts';

const refs: EntryRef[] = Array.from({ length: 50 }, (_, i) => accountRef(new Uint8Array(20).fill(i + 1)));
const entryOf = (i: number): Uint8Array => new Uint8Array(40 + i).fill(i);
const absent = accountRef(new Uint8Array(20).fill(200));

async function world() {
  const store = new MemoryStore();
  const tree = newTree(store, ZERO_HASH);
  await change(
    tree,
    refs.map(({ key }, i) => [key, valueHash(entryOf(i))]),
  );
  const entries = refs.map(({ key }, i) => stateWrite(key, entryOf(i)));
  await store.write([...entries, ...tree.takeDirty()], { sync: true });
  const cache = new EntryCache();
  return { store, tree, cache, reader: new StateReader(store, cache) };
}

test.each([false, true])('entries are what the tree commits to; passing: %s', async (passing) => {
  const { tree, cache, reader } = await world();
  const found = await reader.read(tree, [absent, ...refs], { passing });
  expect(found).toEqual([null, ...refs.map((_, i) => entryOf(i))]);
  expect(cache.get(toText(refs[0]!.key)) === undefined).toBe(passing);
  expect(cache.bytes > 0).toBe(!passing);
});

test.each([false, true])('a wrong or missing entry is damage; passing: %s', async (passing) => {
  const { store, tree, reader } = await world();
  await store.write([stateWrite(refs[7]!.key, entryOf(8))], { sync: true });
  await expect(reader.read(tree, refs, { passing })).rejects.toThrow(CorruptStoreError);
  await store.write([stateWrite(refs[7]!.key, null)], { sync: true });
  await expect(reader.read(tree, refs, { passing })).rejects.toThrow('is missing');
});

test('a stale entry of the cache is not taken, and one that waits to be written is', async () => {
  const { tree, reader } = await world();
  const [ref] = refs;
  await reader.read(tree, [ref!]);
  const after = { bytes: entryOf(90), valueHash: valueHash(entryOf(90)) };
  await change(tree, [[ref!.key, after.valueHash]]);
  const pending = { entryAt: (key: string) => (key === toText(ref!.key) ? after : undefined) };
  expect(await reader.read(tree, [ref!], { pending, passing: true })).toEqual([after.bytes]);
  await expect(reader.read(tree, [ref!])).rejects.toThrow(CorruptStoreError);
});
