import { describe, expect, test } from 'vitest';
import type { NewFrame } from '../../../chain/files/frame-file.ts';
import { type EntryOwner, Journal } from '../../../chain/files/journal.ts';
import { type Draw, type MemoryFile, MemoryFiles } from '../../../chain/files/memory-files.ts';
import { FilesError } from '../../../chain/files/port.ts';
import { draws } from '../../p2p/test-node.ts';
import { WatchedFiles } from './watched-files.ts';

/** Draws below a bound. */
function drawer(seed: number): Draw {
  const next = draws(seed);
  return (bound) => next() % bound;
}

const TYPE = 1;
const OTHER = 2;

class Shelf implements EntryOwner {
  /** By the first byte of the payload. */
  readonly wanted = new Map<number, number>();

  isWanted(_type: number, payload: Uint8Array): boolean {
    return this.wanted.has(payload[0]!);
  }

  get wantedBytes(): number {
    return [...this.wanted.values()].reduce((sum, bytes) => sum + bytes, 0);
  }
}

const entry = (number: number, length = 10, type = TYPE): NewFrame => ({
  type,
  parts: [new Uint8Array(length).fill(number)],
});

async function open(files = new MemoryFiles()) {
  const place = { files, name: 'journal', kind: 9, owner: new Uint8Array(32).fill(3) };
  const { journal, damage } = await Journal.open(place);
  const shelf = new Shelf();
  const numbers = async (type = TYPE): Promise<number[]> => {
    const found: number[] = [];
    await journal.read((frame) => {
      if (frame.type === type) found.push(frame.payload[0]!);
    });
    return found;
  };
  return { files, journal, damage, shelf, numbers };
}

/** Counts the syncs of the files that are opened, and lets them wait. */
class SlowFiles extends WatchedFiles {
  syncs = 0;
  fails: Error | null = null;
  let: (() => void) | null = null;

  protected watch(file: MemoryFile): MemoryFile {
    file.sync = async () => {
      this.syncs++;
      if (this.let !== null)
        await new Promise<void>((resolve) => {
          this.let = resolve;
        });
      if (this.fails !== null) throw this.fails;
      file.settle();
    };
    return file;
  }
}

describe('a journal', () => {
  test('gives back what was written, in order, also after it was opened again', async () => {
    const { files, journal } = await open();
    await journal.add([entry(1), entry(2, 5, OTHER)]);
    await Promise.all([journal.note([entry(3)]), journal.add([entry(4)])]);
    const again = await open(files);
    expect([await again.numbers(), await again.numbers(OTHER), again.damage]).toEqual([[1, 3, 4], [2], null]);
  });

  test('all that wait share one sync, and nobody is told before it', async () => {
    const files = new SlowFiles();
    const { journal, numbers } = await open(files);
    files.syncs = 0;
    files.let = () => undefined;
    const told: number[] = [];
    const add = (number: number): Promise<void> =>
      journal.add([entry(number)]).then(() => void told.push(number));
    const first = add(0);
    while (files.syncs === 0) await null;
    const others = [1, 2, 3, 4, 5].map(add);
    await null;
    expect([files.syncs, told]).toEqual([1, []]);
    files.let();
    files.let = null;
    await Promise.all([first, ...others]);
    expect([files.syncs, told, await numbers()]).toEqual([2, [0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5]]);
    // There is nothing left to sync.
    await journal.add([]);
    expect(files.syncs).toBe(2);
    await journal.note([entry(6)]);
    expect(files.syncs).toBe(2);
    await journal.add([]);
    expect(files.syncs).toBe(3);
  });

  test('a sync that failed is never believed again', async () => {
    const files = new SlowFiles();
    const { journal } = await open(files);
    files.fails = new Error('a bad disk');
    await expect(journal.add([entry(1)])).rejects.toThrow('a bad disk');
    files.fails = null;
    await expect(journal.add([entry(2)])).rejects.toThrow('a bad disk');
  });

  test('what was added survives any power cut; of what was noted, a beginning', async () => {
    for (let seed = 1; seed <= 100; seed++) {
      const draw = drawer(seed);
      const { files, journal } = await open();
      const added = 1 + draw(5);
      for (let i = 0; i < added; i++) await journal.add([entry(i)]);
      const noted = draw(5);
      for (let i = 0; i < noted; i++) await journal.note([entry(added + i, 200)]);
      files.cutPower(draw);
      const found = await (await open(files)).numbers();
      expect(found.length, `seed ${seed}`).toBeGreaterThanOrEqual(added);
      expect(found, `seed ${seed}`).toEqual(found.map((_, i) => i));
    }
  });

  test('what a killed process wrote and did not sync is synced before anything is told to be safe', async () => {
    const { files, journal } = await open();
    await journal.note([entry(1)]);
    const again = await open(files);
    await again.journal.add([]);
    files.cutPower(() => 0);
    expect(await (await open(files)).numbers()).toEqual([1]);
  });

  test('a full disk is told, and what was there stays', async () => {
    const { files, journal, numbers } = await open();
    await journal.add([entry(1)]);
    files.full = true;
    await expect(journal.add([entry(2)])).rejects.toMatchObject({ code: 'DISK_FULL' });
    files.full = false;
    await journal.add([entry(3)]);
    expect(await numbers()).toEqual([1, 3]);
  });
});

describe('a journal of which most is outdated', () => {
  const MB = 1024 * 1024;

  async function outdated(files = new MemoryFiles()) {
    const opened = await open(files);
    opened.journal.own([TYPE], opened.shelf);
    opened.shelf.wanted.set(7, 1_000);
    await opened.journal.add([entry(7, 1_000), entry(8, MB / 2), entry(9, 20, OTHER)]);
    return opened;
  }

  test('is copied without it; what is nobody’s stays', async () => {
    const { files, journal, numbers } = await outdated();
    await journal.add([entry(10, 600_000)]);
    await journal.add([entry(11)]);
    expect([await numbers(), await numbers(OTHER)]).toEqual([[7, 11], [9]]);
    expect(files.find('journal')!.size).toBeLessThan(10_000);
    expect(files.names()).toEqual(['journal']);
    expect(await (await open(files)).numbers()).toEqual([7, 11]);
  });

  test('is as it was if the copy finds the disk full, and is copied later', async () => {
    const { files, journal, shelf, numbers } = await outdated();
    const make = files.make.bind(files);
    files.make = () => {
      files.full = true;
      return make('x');
    };
    await journal.add([entry(10, 600_000)]);
    files.make = make;
    files.full = false;
    await journal.add([entry(11)]);
    expect([await numbers(), files.names()]).toEqual([[7, 8, 10, 11], ['journal']]);
    shelf.wanted.set(11, 10);
    for (let i = 0; i < 3; i++) await journal.add([entry(12, 600_000)]);
    expect((await numbers()).filter((number) => number !== 12)).toEqual([7, 11]);
  });

  test('is not copied behind the back of whoever closes it', async () => {
    const { files, journal, shelf } = await outdated();
    shelf.wanted.set(10, MB);
    await journal.add([entry(10, 600_000)]);
    shelf.wanted.delete(10);
    const before = files.find('journal');
    await journal.close();
    await new Promise((resolve) => setImmediate(resolve));
    expect([files.find('journal') === before, files.names()]).toEqual([true, ['journal']]);
  });

  test('writes nothing more if the name of the copy may be lost', async () => {
    const { files, journal } = await outdated();
    const rename = files.renameNow.bind(files);
    files.renameNow = (from, to) => {
      rename(from, to);
      if (to !== 'journal') return;
      files.settleNames = () => {
        throw new FilesError('IO', 'a bad disk');
      };
    };
    await journal.add([entry(10, 600_000)]);
    await expect(journal.add([entry(11)])).rejects.toThrow('a bad disk');
  });

  test('is not copied again and again for entries that are wanted twice', async () => {
    const { files, journal, shelf } = await outdated();
    shelf.wanted.set(8, 10);
    for (let i = 0; i < 4; i++) await journal.add([entry(8, MB / 2)]);
    await journal.add([]);
    const make = files.make.bind(files);
    let copies = 0;
    files.make = (name) => {
      copies++;
      return make(name);
    };
    for (let i = 0; i < 10; i++) await journal.add([entry(7, 100)]);
    expect(copies).toBe(0);
  });

  test('goes on counting what was ever written, so that the file before the copy is known to be older', async () => {
    const { files, journal } = await outdated();
    const place = { name: 'journal', kind: 9, owner: new Uint8Array(32).fill(3) };
    const [before, count] = [files.copy(), journal.synced];
    await journal.add([entry(10, 600_000)]);
    await journal.add([entry(11)]);
    expect(files.find('journal')!.size).toBeLessThan(before.find('journal')!.size);
    expect(journal.synced).toBeGreaterThan(count);
    const isBehind = async (of: MemoryFiles, synced: number): Promise<boolean> =>
      (await Journal.open({ ...place, files: of }, synced)).isBehind;
    expect(await isBehind(files.copy(), journal.synced)).toBe(false);
    expect(await isBehind(before.copy(), count)).toBe(false);
    expect(await isBehind(before.copy(), journal.synced)).toBe(true);
  });

  test('loses nothing to a power cut at any moment of the copy', async () => {
    for (let seed = 1; seed <= 3; seed++) {
      const draw = drawer(seed);
      const { files, journal } = await outdated();
      const snapshots: MemoryFiles[] = [];
      for (const name of ['make', 'rename', 'sync'] as const) {
        const original = files[name].bind(files) as (...args: unknown[]) => unknown;
        (files as unknown as Record<string, unknown>)[name] = (...args: unknown[]) => {
          snapshots.push(files.copy());
          const result = original(...args);
          snapshots.push(files.copy());
          return result;
        };
      }
      await journal.add([entry(10, 600_000)]);
      await journal.add([entry(11)]);
      expect(snapshots.length).toBeGreaterThan(5);
      for (const snapshot of snapshots) {
        snapshot.cutPower(draw);
        const again = await open(snapshot);
        expect(await again.numbers(), `seed ${seed}`).toContain(7);
        expect(await again.numbers(OTHER), `seed ${seed}`).toEqual([9]);
      }
    }
  });
});

describe('a damaged journal', () => {
  test('loses the entry that is damaged, and says so', async () => {
    const { files, journal } = await open();
    await journal.add([entry(1), entry(2), entry(3)]);
    const file = files.find('journal')!;
    file.flip((file.size - 40) * 8);
    const again = await open(files);
    expect([await again.numbers(), again.damage]).toEqual([[1, 3], expect.stringContaining('damaged')]);
  });

  test('is set aside if nothing of it can be read, and a new one begun', async () => {
    const { files, journal } = await open();
    await journal.add([entry(1)]);
    files.find('journal')!.replace(new Uint8Array(5_000));
    const again = await open(files);
    expect(again.damage).toContain('journal.damaged-1');
    await again.journal.add([entry(2)]);
    expect([await again.numbers(), files.names()]).toEqual([[2], ['journal', 'journal.damaged-1']]);
    files.removeNow('journal');
    files.makeFolder('journal');
    expect((await open(files)).damage).toContain('journal.damaged-2');
    expect(files.names()).toEqual(['journal', 'journal.damaged-1', 'journal.damaged-2']);
  });
});
