/** Owns what every `Files` promises. Each implementation runs this suite. */
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Files, OpenFile } from '../../../chain/files/port.ts';
import { DOMAIN, hash } from '../../../chain/format/hash.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** `makeFolder` puts a folder of a name among the files. */
export function describeFiles(
  name: string,
  make: () => Promise<{ files: Files; makeFolder: (name: string) => void }>,
): void {
  describe(name, () => {
    let files: Files;
    let makeFolder: (name: string) => void;
    beforeEach(async () => {
      ({ files, makeFolder } = await make());
    });
    const contentOf = async (file: string): Promise<Uint8Array | null> => {
      const opened = await files.open(file);
      if (opened === null) return null;
      const content = await opened.read(0, opened.size);
      await opened.close();
      return content;
    };

    it('gives back what was appended, from any offset, and less at the end', async () => {
      const file = await files.create('a');
      await file.append(bytes(1, 2, 3));
      await file.append(bytes());
      await file.append(bytes(4, 5));
      expect(file.size).toBe(5);
      expect(await file.read(0, 5)).toEqual(bytes(1, 2, 3, 4, 5));
      expect(await file.read(2, 2)).toEqual(bytes(3, 4));
      expect(await file.read(4, 100)).toEqual(bytes(5));
      expect([await file.read(5, 1), await file.read(99, 1)]).toEqual([bytes(), bytes()]);
      await file.sync();
      await file.close();
      const again = (await files.open('a'))!;
      expect([again.size, await again.read(0, 9)]).toEqual([5, bytes(1, 2, 3, 4, 5)]);
      await again.append(bytes(6));
      expect(await again.read(4, 9)).toEqual(bytes(5, 6));
      await again.close();
    });

    it('gives plain bytes of its own, and keeps its own', async () => {
      const file = await files.create('a');
      const given = bytes(1, 2);
      await file.append(given);
      given[0] = 9;
      const read = await file.read(0, 2);
      expect(Object.getPrototypeOf(read)).toBe(Uint8Array.prototype);
      expect(read).toEqual(bytes(1, 2));
      read[0] = 9;
      expect(await file.read(0, 2)).toEqual(bytes(1, 2));
      await file.close();
    });

    it('is cut, and grows again from there', async () => {
      const file = await files.create('a');
      await file.append(bytes(1, 2, 3));
      await file.truncate(1);
      expect([file.size, await file.read(0, 3)]).toEqual([1, bytes(1)]);
      await file.append(bytes(7));
      await file.close();
      expect(await contentOf('a')).toEqual(bytes(1, 7));
    });

    it('lists, renames, replaces and removes; a file that is open stays so', async () => {
      expect([await files.list(), await files.open('a')]).toEqual([[], null]);
      for (const name of ['b.1', 'a']) await (await files.create(name)).close();
      const file = await files.create('c');
      await file.append(bytes(1));
      expect(await files.list()).toEqual(['a', 'b.1', 'c']);
      await files.rename('c', 'a');
      await file.append(bytes(2));
      await file.close();
      await files.sync();
      expect([await files.list(), await contentOf('a')]).toEqual([['a', 'b.1'], bytes(1, 2)]);
      await files.remove('a');
      await files.remove('a');
      expect(await files.list()).toEqual(['b.1']);
      await expect(files.rename('a', 'd')).rejects.toMatchObject({ code: 'IO' });
      const fresh = await files.create('b.1');
      expect([fresh.size, await contentOf('b.1')]).toEqual([0, bytes()]);
      await fresh.close();
    });

    it('says that a folder is no file; it can be moved, removed and replaced', async () => {
      makeFolder('a');
      await expect(files.open('a')).rejects.toMatchObject({ code: 'NOT_A_FILE' });
      await files.rename('a', 'b');
      expect(await files.list()).toEqual(['b']);
      await files.remove('b');
      makeFolder('a');
      await (await files.create('a')).close();
      expect(await contentOf('a')).toEqual(bytes());
      makeFolder('c');
      await files.rename('a', 'c');
      expect([await files.list(), await contentOf('c')]).toEqual([['c'], bytes()]);
    });

    it('refuses names that lead elsewhere', async () => {
      for (const name of ['', '..', '../a', 'a/b', 'A', 'a b', 'a\\b', 'x'.repeat(64)])
        await expect(files.create(name)).rejects.toThrow('name');
    });

    it('hashes as the ledger does, and draws what differs', async () => {
      for (const length of [0, 1, 1015, 1016, 1017, 5_000]) {
        const message = new Uint8Array(length).fill(3);
        expect(files.hash(DOMAIN.header, bytes(1), message)).toEqual(hash(DOMAIN.header, bytes(1), message));
      }
      expect(files.random(16)).toHaveLength(16);
      expect(files.random(16)).not.toEqual(files.random(16));
      const free = await files.free();
      expect(free === null || free > 0).toBe(true);
    });

    it('agrees with a plain array over random calls', async () => {
      const call = fc.oneof(
        fc.record({ append: fc.uint8Array({ maxLength: 600 }) }),
        fc.record({ cut: fc.nat(1_500) }),
        fc.constant({ reopen: true }),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(call, { maxLength: 12 }), async (calls) => {
          let model: number[] = [];
          let file: OpenFile = await files.create('a');
          for (const each of calls) {
            if ('append' in each) {
              await file.append(each.append);
              model.push(...each.append);
            } else if ('cut' in each) {
              const size = Math.min(each.cut, model.length);
              await file.truncate(size);
              model = model.slice(0, size);
            } else {
              await file.close();
              file = (await files.open('a'))!;
            }
            expect(file.size).toBe(model.length);
          }
          expect(await file.read(0, file.size + 1)).toEqual(Uint8Array.from(model));
          await file.close();
        }),
        { numRuns: 40 },
      );
    });
  });
}
