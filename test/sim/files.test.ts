import { expect, test } from 'vitest';
import { MemoryFiles } from '../../chain/files/memory-files.ts';
import { type Calls, MountedFiles } from '../../sim/files.ts';

test('a file that was closed cannot be used, and one that is open under the same name can', async () => {
  const calls: Calls = { later: async (work) => work(), appending: () => {}, appended: () => {} };
  const files = new MountedFiles(new MemoryFiles(), calls);
  const first = await files.create('a');
  const second = (await files.open('a'))!;
  await first.append(Uint8Array.of(1, 2));
  await first.close();
  for (const use of [
    () => first.append(Uint8Array.of(3)),
    () => first.read(0, 1),
    () => first.sync(),
    () => first.truncate(0),
  ])
    await expect(use()).rejects.toThrow('closed');
  expect(await second.read(0, 9)).toEqual(Uint8Array.of(1, 2));
});
