/** Owns what every `Store` promises. Each implementation runs this suite. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareBytes, toHex } from '../../../chain/format/bytes.ts';
import type { Store, StoreWrite } from '../../../chain/ledger/ports.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const EVERYTHING = { from: bytes(), to: bytes(255, 255, 255, 255, 255), limit: 1000 };

export function describeStore(name: string, open: () => Promise<Store>): void {
  describe(name, () => {
    let store: Store;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(() => store.close());
    const put = (...writes: StoreWrite[]) => store.write(writes, { sync: false });

    it('gives back what was written, in the order of the keys asked for', async () => {
      await put([bytes(1), bytes(10)], [bytes(2), bytes(20, 21)]);
      expect(await store.getMany([bytes(2), bytes(3), bytes(1), bytes(2)])).toEqual([
        bytes(20, 21),
        undefined,
        bytes(10),
        bytes(20, 21),
      ]);
      expect(await store.getMany([])).toEqual([]);
    });

    it('tells an empty value from none', async () => {
      await put([bytes(1), bytes()]);
      expect(await store.getMany([bytes(1), bytes(2)])).toEqual([bytes(), undefined]);
    });

    it('gives plain byte arrays whose change changes nothing', async () => {
      const key = bytes(1, 2);
      const value = bytes(7, 8, 9);
      await put([key, value]);
      value[0] = 0;
      key[0] = 9;
      const [first] = await store.getMany([bytes(1, 2)]);
      expect(first).toEqual(bytes(7, 8, 9));
      expect(Object.getPrototypeOf(first)).toBe(Uint8Array.prototype);
      first![0] = 0;
      const [entry] = await store.iterate(EVERYTHING);
      expect(Object.getPrototypeOf(entry![0])).toBe(Uint8Array.prototype);
      entry![1][0] = 0;
      expect(await store.getMany([bytes(1, 2)])).toEqual([bytes(7, 8, 9)]);
    });

    it('replaces and deletes; the last write of a key in a batch stands', async () => {
      await put([bytes(1), bytes(1)], [bytes(2), bytes(2)]);
      await put([bytes(1), bytes(3)], [bytes(2), null], [bytes(4), null]);
      await put([bytes(5), bytes(1)], [bytes(5), null], [bytes(6), null], [bytes(6), bytes(6)]);
      expect(await store.iterate(EVERYTHING)).toEqual([
        [bytes(1), bytes(3)],
        [bytes(6), bytes(6)],
      ]);
    });

    it('takes an empty batch and a synced one', async () => {
      await store.write([], { sync: true });
      await store.write([[bytes(1), bytes(2)]], { sync: true });
      expect(await store.getMany([bytes(1)])).toEqual([bytes(2)]);
    });

    it('iterates from the first bound, inclusive, to the second, exclusive', async () => {
      await put(...[1, 2, 3, 4].map((n): StoreWrite => [bytes(n), bytes(n)]), [bytes(2, 0), bytes(20)]);
      const keys = async (from: Uint8Array, to: Uint8Array, limit = 100, reverse = false) =>
        (await store.iterate({ from, to, limit, reverse })).map(([key]) => toHex(key));
      expect(await keys(bytes(2), bytes(4))).toEqual(['02', '0200', '03']);
      expect(await keys(bytes(2, 0), bytes(3))).toEqual(['0200']);
      expect(await keys(bytes(2), bytes(4), 2)).toEqual(['02', '0200']);
      expect(await keys(bytes(2), bytes(4), 0)).toEqual([]);
      expect(await keys(bytes(2), bytes(4), 2, true)).toEqual(['03', '0200']);
      expect(await keys(bytes(), bytes(255), 100, true)).toEqual(['04', '03', '0200', '02', '01']);
      expect(await keys(bytes(3), bytes(3))).toEqual([]);
      expect(await keys(bytes(4), bytes(2))).toEqual([]);
    });

    it('never shows part of a batch', async () => {
      const keys = Array.from({ length: 50 }, (_, i) => bytes(i));
      const round = (n: number) => put(...keys.map((key): StoreWrite => [key, bytes(n)]));
      await round(0);
      const writes: Promise<void>[] = [];
      const reads: Promise<unknown[]>[] = [];
      for (let n = 1; n <= 40; n++) {
        writes.push(round(n));
        reads.push(store.getMany(keys).then((values) => values.map((value) => value![0])));
        reads.push(store.iterate(EVERYTHING).then((found) => found.map(([, value]) => value[0])));
      }
      await Promise.all(writes);
      for (const values of await Promise.all(reads)) {
        expect(values).toHaveLength(keys.length);
        expect(new Set(values).size).toBe(1);
      }
    });

    it('agrees with a plain map over random batches', async () => {
      const key = fc.uint8Array({ minLength: 1, maxLength: 3, max: 3 });
      const value = fc.option(fc.uint8Array({ maxLength: 40 }), { nil: null });
      const batches = fc.array(fc.array(fc.tuple(key, value), { maxLength: 8 }), { maxLength: 8 });
      await fc.assert(
        fc.asyncProperty(
          batches,
          fc.tuple(key, key),
          fc.nat(6),
          fc.boolean(),
          async (drawn, range, limit, reverse) => {
            await store.write(
              (await store.iterate(EVERYTHING)).map(([old]): StoreWrite => [old, null]),
              { sync: false },
            );
            const model = new Map<string, [Uint8Array, Uint8Array]>();
            for (const batch of drawn) {
              await store.write(batch, { sync: false });
              for (const [at, content] of batch) {
                if (content === null) model.delete(toHex(at));
                else model.set(toHex(at), [at, content]);
              }
            }
            const [from, to] = range;
            const expected = [...model.values()]
              .filter(([at]) => compareBytes(at, from) >= 0 && compareBytes(at, to) < 0)
              .sort(([a], [b]) => (reverse ? compareBytes(b, a) : compareBytes(a, b)))
              .slice(0, limit);
            expect(await store.iterate({ from, to, limit, reverse })).toEqual(expected);
          },
        ),
        { numRuns: 60 },
      );
    });
  });
}
