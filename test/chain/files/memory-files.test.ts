import { expect, it } from 'vitest';
import { MemoryFiles } from '../../../chain/files/memory-files.ts';
import { describeFiles } from './files-contract.ts';

describeFiles('files in memory', async () => {
  const files = new MemoryFiles();
  return { files, makeFolder: (name) => files.makeFolder(name) };
});

it('full files take nothing, keep what they have, and say so', async () => {
  const files = new MemoryFiles();
  const file = await files.create('a');
  await file.append(Uint8Array.of(1));
  files.full = true;
  await expect(file.append(Uint8Array.of(2))).rejects.toMatchObject({ code: 'DISK_FULL' });
  await expect(files.create('b')).rejects.toMatchObject({ code: 'DISK_FULL' });
  expect([file.size, await files.list(), await files.free()]).toEqual([1, ['a'], 0]);
});

it('a power cut takes any part of what was not synced, of each file by itself, and nothing else', async () => {
  const sizes = new Set<string>();
  for (let seed = 0; seed < 400; seed++) {
    let state = seed + 1;
    const draw = (bound: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % bound;
    };
    const files = new MemoryFiles();
    const [a, b] = [await files.create('a'), await files.create('b')];
    await a.append(Uint8Array.of(1, 1));
    await b.append(Uint8Array.of(1, 1, 1));
    await a.sync();
    await b.sync();
    await files.sync();
    await a.append(Uint8Array.of(2, 2));
    await b.truncate(1);
    await files.create('c');
    const copy = files.copy();
    for (const each of [files, copy]) each.cutPower(draw);
    const [left, right] = [files.find('a')!.get(0, 9), files.find('b')!.get(0, 9)];
    expect([...left.subarray(0, 2)]).toEqual([1, 1]);
    expect([...left.subarray(2)].every((byte) => byte === 2 || byte === 0)).toBe(true);
    sizes.add(`${left.length} ${right.length} ${files.names().length}`);
  }
  expect(sizes.size).toBe(3 * 2 * 2);
});
