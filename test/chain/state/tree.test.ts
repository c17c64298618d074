import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { equalBytes, fromHex, toHex } from '../../../chain/format/bytes.ts';
import { ZERO_HASH } from '../../../chain/format/hash.ts';
import { valueHash } from '../../../chain/state/entries.ts';
import { PageCache } from '../../../chain/state/page-cache.ts';
import { StateTree } from '../../../chain/state/tree.ts';
import type { TreeChange } from '../../../chain/state/tree-update.ts';
import { flipBit, vectorId } from '../vector-ids.ts';
import {
  applyTo,
  type Content,
  change,
  changesOf,
  finish,
  MapSource,
  naiveRoot,
  newTree,
  POOL,
  someChanges,
} from './tree-model.ts';
import vectors from './vectors/tree-roots.json' with { type: 'json' };

const many = (count: number, value = 0): TreeChange[] =>
  Array.from({ length: count }, (_, i) => [vectorId(i), vectorId(value)]);

function isSame(found: Uint8Array | null, expected: Uint8Array | undefined): boolean {
  if (found === null || expected === undefined) return found === null && expected === undefined;
  return equalBytes(found, expected);
}

describe('the state root', () => {
  test.each(vectors)('of $name is frozen', async ({ entries, count, root }) => {
    const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
    const changes =
      entries !== undefined
        ? entries.map(([key, value]): TreeChange => [fromHex(key!), valueHash(fromHex(value!))])
        : Array.from({ length: count! }, (_, i): TreeChange => [vectorId(i), valueHash(ascii(String(i)))]);
    expect(toHex(await change(newTree(new MapSource()), changes))).toBe(root);
  });

  test('and every value follow the naive model through blocks, with a tiny cache and a big one alike', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(someChanges, { maxLength: 8 }), async (blocks) => {
        const source = new MapSource();
        const trees = [newTree(source, ZERO_HASH, 0), newTree(source), newTree(source, ZERO_HASH, 3000)];
        let content: Content = new Map();
        for (const changes of blocks) {
          content = applyTo(content, changes);
          const root = naiveRoot(content);
          const writes = [];
          for (const tree of trees) {
            expect(await change(tree, changes)).toEqual(root);
            expect(tree.root).toEqual(root);
            writes.push([...tree.takeDirty()]);
          }
          expect(writes[1]).toEqual(writes[0]);
          expect(writes[2]).toEqual(writes[0]);
          source.write(writes[0]!);
          for (const tree of trees) {
            await tree.prepare(POOL);
            expect(POOL.filter((key) => !isSame(tree.valueHashAt(key), content.get(toHex(key))))).toEqual([]);
            tree.unload();
          }
        }
      }),
      { seed: 3, numRuns: 50 },
    );
  });

  test('and the pages in the store depend on the content alone, not on how it came about', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(someChanges, { minLength: 1, maxLength: 8 }), async (blocks) => {
        const source = new MapSource();
        const tree = newTree(source);
        let content: Content = new Map();
        for (const [i, changes] of blocks.entries()) {
          content = applyTo(content, changes);
          await change(tree, changes);
          if (i % 3 !== 0) source.write(tree.takeDirty());
        }
        source.write(tree.takeDirty());
        const fresh = new MapSource();
        const other = newTree(fresh);
        expect(await change(other, changesOf(content).reverse())).toEqual(tree.root);
        fresh.write(other.takeDirty());
        expect(source.dump()).toBe(fresh.dump());
        const everything = [...content.keys()].map((key): TreeChange => [fromHex(key), null]);
        expect(await change(tree, everything)).toEqual(ZERO_HASH);
        source.write(tree.takeDirty());
        expect(source.pages.size).toBe(0);
      }),
      { seed: 4, numRuns: 150 },
    );
  });

  test('is right for thousands of entries that come and go', async () => {
    const source = new MapSource();
    const tree = newTree(source, ZERO_HASH, 20_000);
    const content: Content = new Map(many(3000).map(([key, value]) => [toHex(key), value!]));
    expect(await change(tree, many(3000))).toEqual(naiveRoot(content));
    source.write(tree.takeDirty());
    const gone = many(3000)
      .filter((_, i) => i % 7 !== 0)
      .map(([key]): TreeChange => [key, null]);
    expect(await change(tree, gone)).toEqual(naiveRoot(applyTo(content, gone)));
    source.write(tree.takeDirty());
    const fresh = new MapSource();
    const other = newTree(fresh);
    await change(other, changesOf(applyTo(content, gone)));
    fresh.write(other.takeDirty());
    expect(source.dump()).toBe(fresh.dump());
  });

  test('of an empty set of changes, and of deleting what is not there, stays', async () => {
    const tree = newTree(new MapSource());
    expect(await change(tree, [])).toEqual(ZERO_HASH);
    expect(await change(tree, [[vectorId(1), null]])).toEqual(ZERO_HASH);
    expect([...tree.takeDirty()]).toEqual([]);
    const root = await change(tree, many(50));
    expect(await change(tree, [[vectorId(99), null]])).toEqual(root);
  });
});

describe('savepoints', () => {
  test('bring back exactly the marked state, nested and across failures', async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: someChanges.map((changes) => ({ kind: 'change', changes }) as const) },
      ...(['mark', 'rollback', 'forget', 'take', 'discard', 'unload', 'abandon'] as const).map((kind) =>
        fc.constant({ kind, changes: [] as TreeChange[] } as const),
      ),
    );
    let abandoned = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const source = new MapSource();
        const tree = newTree(source, ZERO_HASH, 4000);
        let content: Content = new Map();
        let base = content;
        let marks: { savepoint: ReturnType<StateTree['savepoint']>; content: Content }[] = [];
        for (const { kind, changes } of steps) {
          if (kind === 'change') {
            content = applyTo(content, changes);
            await change(tree, changes);
          } else if (kind === 'mark') {
            marks.push({ savepoint: tree.savepoint(), content });
          } else if (kind === 'rollback' && marks.length > 0) {
            const mark = marks[Math.floor(marks.length / 2)]!;
            marks = marks.slice(0, Math.floor(marks.length / 2));
            tree.rollback(mark.savepoint);
            content = mark.content;
          } else if (kind === 'forget' && marks.length > 0) {
            tree.forget(marks.pop()!.savepoint);
          } else if (kind === 'take') {
            source.write(tree.takeDirty());
            base = content;
            marks = [];
          } else if (kind === 'discard') {
            tree.discard();
            content = base;
            marks = [];
          } else if (kind === 'unload') {
            tree.unload();
          } else if (kind === 'abandon') {
            await tree.prepare(POOL);
            const changes = POOL.map((key): TreeChange => [key, vectorId(77)]);
            const steps = tree.update(changes);
            if (steps.next().done) content = applyTo(content, changes);
            else abandoned++;
            steps.return(ZERO_HASH);
          }
          expect(tree.root).toEqual(naiveRoot(content));
        }
        source.write(tree.takeDirty());
        const fresh = new MapSource();
        const other = newTree(fresh);
        await change(other, changesOf(content));
        fresh.write(other.takeDirty());
        expect(source.dump()).toBe(fresh.dump());
      }),
      { seed: 5, numRuns: 250 },
    );
    expect(abandoned).toBeGreaterThan(100);
  });

  test('are gone once used, forgotten, taken or discarded', async () => {
    const tree = newTree(new MapSource());
    const uses = [
      (t: StateTree, s: ReturnType<StateTree['savepoint']>) => t.rollback(s),
      (t: StateTree, s: ReturnType<StateTree['savepoint']>) => t.forget(s),
      (t: StateTree) => t.takeDirty(),
      (t: StateTree) => t.discard(),
    ];
    for (const use of uses) {
      const savepoint = tree.savepoint();
      use(tree, savepoint);
      expect(() => tree.rollback(savepoint)).toThrow('invariant');
    }
  });
});

describe('an update', () => {
  test('yields on the way and changes nothing until its end', async () => {
    const tree = newTree(new MapSource());
    const before = await change(tree, many(200));
    const changes = many(6000, 1);
    await tree.prepare(changes.map(([key]) => key));
    const steps = tree.update(changes);
    let yields = 0;
    for (let step = steps.next(); !step.done; step = steps.next()) {
      yields++;
      expect(tree.root).toBe(before);
      expect(tree.valueHashAt(vectorId(0))).toEqual(vectorId(0));
    }
    expect(yields).toBeGreaterThan(4);
    expect(tree.valueHashAt(vectorId(0))).toEqual(vectorId(1));
  });

  test('that was overtaken by another change is refused, and has changed nothing', async () => {
    const tree = newTree(new MapSource());
    await change(tree, many(10));
    const slow = many(6000, 1);
    await tree.prepare(slow.map(([key]) => key));
    const steps = tree.update(slow);
    expect(steps.next().done).toBe(false);
    const root = await change(tree, many(10, 2));
    // Nor has it been in the other's way, or is in that of what follows.
    expect(root).toEqual(naiveRoot(applyTo(new Map(), many(10, 2))));
    expect(() => finish(steps)).toThrow('invariant');
    expect(tree.root).toBe(root);
    expect(await change(tree, many(300, 3))).toEqual(naiveRoot(applyTo(new Map(), many(300, 3))));
  });

  test('that was overtaken is not what it would have been, and not taken for it once all is taken back', async () => {
    const tree = newTree(new MapSource());
    const base = many(3_000);
    await change(tree, base);
    // Every other key: what is beside them goes into the hashes too.
    const slow = many(3_000, 2).filter((_, i) => i % 2 === 0);
    await tree.prepare(slow.map(([key]) => key));
    const savepoint = tree.savepoint();
    const steps = tree.update(slow);
    expect(steps.next().done).toBe(false);
    await change(tree, many(3_000, 3));
    expect(() => finish(steps)).toThrow('invariant');
    tree.rollback(savepoint);
    expect(await change(tree, slow)).toEqual(naiveRoot(applyTo(applyTo(new Map(), base), slow)));
  });

  test('made, taken back and made again is the same, and another one is not mistaken for it', async () => {
    const source = new MapSource();
    const tree = newTree(source);
    await change(tree, many(300));
    source.write(tree.takeDirty());
    const [first, second] = [many(200, 2), many(200, 3)];
    const gone = second.map(([key]): TreeChange => [key, null]);
    const base = applyTo(new Map(), many(300));
    for (const changes of [first, second, gone, first, second.slice(1), gone]) {
      for (let round = 0; round < 3; round++) {
        const savepoint = tree.savepoint();
        expect(await change(tree, changes)).toEqual(naiveRoot(applyTo(new Map(base), changes)));
        if (round === 1)
          expect(await change(tree, first)).toEqual(
            naiveRoot(applyTo(applyTo(new Map(base), changes), first)),
          );
        tree.rollback(savepoint);
        tree.unload();
      }
    }
    await change(tree, first);
    const fresh = newTree(source, tree.root);
    source.write(tree.takeDirty());
    await fresh.prepare(many(300).map(([key]) => key));
    for (const [key, hash] of first) expect(fresh.valueHashAt(key)).toEqual(hash);
  });

  test('of keys that were not prepared, or of one key twice, is a fault of ours', async () => {
    const source = new MapSource();
    const tree = newTree(source);
    await change(tree, many(100));
    source.write(tree.takeDirty());
    expect(() => finish(tree.update(many(1)))).toThrow('invariant');
    expect(() => tree.valueHashAt(vectorId(0))).toThrow('invariant');
    await tree.prepare([vectorId(0)]);
    const twice: TreeChange[] = [...many(1), ...many(1)];
    expect(() => finish(tree.update(twice))).toThrow('invariant');
    expect([...tree.takeDirty()]).toEqual([]);
  });
});

describe('reading', () => {
  test('asks the source once a level, and not at all for what the cache has', async () => {
    const source = new MapSource();
    const cache = new PageCache(1 << 20);
    const tree = new StateTree(source, cache, ZERO_HASH);
    const root = await change(tree, many(300));
    source.write(tree.takeDirty());
    await tree.prepare(many(300).map(([key]) => key));
    expect(source.calls).toBe(0);
    const depths = new Set([...source.pages.keys()].map((key) => key.slice(2, 4)));
    const cold = newTree(source, root);
    await cold.prepare(many(300).map(([key]) => key));
    expect(source.calls).toBe(depths.size);
  });

  test('with a cache that another state filled is no harm', async () => {
    const cache = new PageCache(1 << 20);
    const [a, b] = [new MapSource(), new MapSource()];
    const first = new StateTree(a, cache, ZERO_HASH);
    const second = new StateTree(b, cache, ZERO_HASH);
    for (let round = 1; round < 4; round++) {
      await change(first, many(200, round));
      a.write(first.takeDirty());
      await change(second, many(150, 10 * round));
      b.write(second.takeDirty());
      await first.prepare([vectorId(3)]);
      await second.prepare([vectorId(3)]);
      expect(first.valueHashAt(vectorId(3))).toEqual(vectorId(round));
      expect(second.valueHashAt(vectorId(3))).toEqual(vectorId(10 * round));
    }
  });

  test('never fills the cache beyond its bound', async () => {
    for (const bound of [0, 1000, 50_000]) {
      const cache = new PageCache(bound);
      const source = new MapSource();
      const tree = new StateTree(source, cache, ZERO_HASH);
      for (let round = 0; round < 3; round++) {
        await change(tree, many(500, round));
        source.write(tree.takeDirty());
        expect(cache.bytes).toBeLessThanOrEqual(bound);
        await tree.prepare(many(500).map(([key]) => key));
        expect(cache.bytes).toBeLessThanOrEqual(bound);
        tree.unload();
      }
      if (bound === 50_000) expect(cache.bytes).toBeGreaterThan(bound / 2);
    }
  });

  test('gives copies', async () => {
    const tree = newTree(new MapSource());
    await change(tree, many(3));
    tree.valueHashAt(vectorId(1))!.fill(9);
    expect(tree.valueHashAt(vectorId(1))).toEqual(vectorId(0));
    expect(tree.valueHashAt(flipBit(vectorId(1), 255))).toBeNull();
  });
});
