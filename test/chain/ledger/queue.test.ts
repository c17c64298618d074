import { expect, test } from 'vitest';
import { MemoryFiles } from '../../../chain/files/memory-files.ts';
import { toHex } from '../../../chain/format/bytes.ts';
import { Queue } from '../../../chain/ledger/queue.ts';
import { transfer } from '../actors.ts';
import { ChainBuilder } from '../builder.ts';
import { openJournal } from '../files/open-journal.ts';

const builder = new ChainBuilder();
const tx = builder.sign(transfer('alice', 'bob', 5), 'genesis');
const other = builder.sign(transfer('bob', 'alice', 7), 'genesis');

async function open(files = new MemoryFiles()) {
  const journal = await openJournal(files);
  return { files, journal, queue: await Queue.open(journal) };
}

async function restored(files: MemoryFiles): Promise<string[]> {
  return (await open(files)).queue.takeRestored().map(toHex);
}

test('what is kept is there after a restart, once, and what was forgotten is not', async () => {
  const { files, queue } = await open();
  await queue.keep([tx, other]);
  await queue.keep([tx]);
  await queue.forget([other]);
  const again = await open(files);
  expect(again.queue.takeRestored()).toEqual([tx.bytes]);
  expect([again.queue.takeRestored(), again.queue.has(tx.key), again.queue.has(other.key)]).toEqual([
    [],
    true,
    false,
  ]);
});

test('what is dropped and taken again at once is kept', async () => {
  const { files, queue } = await open();
  await queue.keep([tx]);
  await Promise.all([queue.forget([tx]), queue.keep([tx])]);
  expect([queue.has(tx.key), await restored(files)]).toEqual([true, [toHex(tx.bytes)]]);
});

test('whoever keeps what another is keeping waits for the same write', async () => {
  const { files, queue } = await open();
  const first = queue.keep([tx]);
  await queue.keep([tx]);
  files.cutPower(() => 0);
  expect(await restored(files)).toEqual([toHex(tx.bytes)]);
  await first;
});

test('whoever keeps what another fails to keep is told so', async () => {
  const { files, queue } = await open();
  files.full = true;
  const first = queue.keep([tx]);
  // The write under way is the first one's alone.
  await null;
  const second = queue.keep([tx]);
  await expect(first).rejects.toMatchObject({ code: 'DISK_FULL' });
  await expect(second).rejects.toMatchObject({ code: 'DISK_FULL' });
  files.full = false;
  expect([queue.has(tx.key), await restored(files)]).toEqual([false, []]);
  await queue.keep([tx]);
  expect(await restored(files)).toEqual([toHex(tx.bytes)]);
});

test('what could not be written is not kept', async () => {
  const { files, queue } = await open();
  files.full = true;
  await expect(queue.keep([tx])).rejects.toMatchObject({ code: 'DISK_FULL' });
  files.full = false;
  expect([queue.has(tx.key), queue.wantedBytes]).toEqual([false, 0]);
  await queue.keep([tx]);
  expect([queue.has(tx.key), queue.wantedBytes]).toEqual([true, tx.bytes.length]);
});

test('entries that go with transactions are written though all of those are kept already', async () => {
  const { journal, queue } = await open();
  await queue.keep([tx], [{ type: 99, parts: [Uint8Array.of(7)] }]);
  await queue.keep([tx], [{ type: 99, parts: [Uint8Array.of(8)] }]);
  const found: number[] = [];
  await journal.read(({ type, payload }) => {
    if (type === 99) found.push(payload[0]!);
  });
  expect(found).toEqual([7, 8]);
});
