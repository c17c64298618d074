import { beforeAll, describe, expect, test } from 'vitest';
import type { MemoryFiles } from '../../../chain/files/memory-files.ts';
import { draws } from '../../p2p/test-node.ts';
import { DamageTrial, type Outcome } from './file-damage.ts';

let trial: DamageTrial;
beforeAll(async () => {
  trial = await DamageTrial.make();
});

type Way = (files: MemoryFiles, name: string) => void;
const edit = (files: MemoryFiles, name: string, change: (bytes: Uint8Array) => Uint8Array): void => {
  const file = files.find(name)!;
  file.replace(change(file.get(0, file.size)));
};
const WAYS: readonly [string, Way][] = [
  ['deleted', (files, name) => files.removeNow(name)],
  ['empty', (files, name) => edit(files, name, () => new Uint8Array(0))],
  ['cut in its head', (files, name) => edit(files, name, (bytes) => bytes.slice(0, 5_000 >> 1))],
  ['cut in half', (files, name) => edit(files, name, (bytes) => bytes.slice(0, bytes.length >> 1))],
  ['cut by a byte', (files, name) => edit(files, name, (bytes) => bytes.slice(0, -1))],
  ['all zeros', (files, name) => edit(files, name, (bytes) => bytes.fill(0))],
  ['zeros at its end', (files, name) => edit(files, name, (bytes) => bytes.fill(0, bytes.length - 1_500))],
  ['zeros in its first sector', (files, name) => edit(files, name, (bytes) => bytes.fill(0, 0, 512))],
  ['a folder', (files, name) => files.makeFolder(name)],
  [
    'as it was earlier',
    (files, name) => {
      const old = trial.earlier.find(name)!;
      files.find(name)!.replace(old.get(0, old.size));
    },
  ],
  [
    'longer by rubbish',
    (files, name) => edit(files, name, (bytes) => Uint8Array.from([...bytes, ...bytes.slice(-900)])),
  ],
];

describe.each(['blocks-000000', 'headers'])('the file %s', (name) => {
  test.each(WAYS)('that is %s leads to no wrong answer, and all comes back', async (_, damage) => {
    await trial.run((files) => damage(files, name));
    await trial.run((files) => damage(files, name), true);
  });
});

test('without the header file, and without the store, all is there at once', async () => {
  expect(await trial.run((files) => files.removeNow('headers'))).toBe('whole');
  expect(await trial.run((files) => files.removeNow('headers'), true)).toBe('whole');
  expect(await trial.run(() => {}, true)).toBe('whole');
});

test('one flipped bit, wherever it is, costs at most a block until a peer has brought it', async () => {
  const random = draws(3);
  const seen = new Map<Outcome, number>();
  for (let round = 0; round < 60; round++) {
    const name = round % 4 === 0 ? 'headers' : 'blocks-000000';
    const bit = random() % (trial.files.find(name)!.size * 8);
    const outcome = await trial.run((files) => files.find(name)!.flip(bit), round % 3 === 0);
    if (name === 'headers') expect(outcome).toBe('whole');
    seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
  }
  expect(seen.get('whole')).toBeGreaterThan(10);
  expect(seen.get('refused')).toBeGreaterThan(1);
});
