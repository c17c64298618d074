import { expect, test } from 'vitest';
import { MemoryStore } from '../../../chain/ledger/memory-store.ts';
import type { StoreWrite } from '../../../chain/ledger/ports.ts';
import { Queue } from '../../../chain/ledger/queue.ts';
import { queuedRow } from '../../../chain/ledger/store-keys.ts';
import { transfer } from '../actors.ts';
import { ChainBuilder } from '../builder.ts';

/** A store whose deletions wait until they are let through. */
class SlowToDelete extends MemoryStore {
  letThrough: () => void = () => undefined;
  readonly #gate = new Promise<void>((resolve) => {
    this.letThrough = resolve;
  });

  override async write(batch: readonly StoreWrite[], options: { readonly sync: boolean }): Promise<void> {
    if (batch.some(([, value]) => value === null)) await this.#gate;
    return super.write(batch, options);
  }
}

test('what is dropped and taken again at once is on disk, however long the first write takes', async () => {
  const store = new SlowToDelete();
  const queue = new Queue(store, [], []);
  const tx = new ChainBuilder().sign(transfer('alice', 'bob', 5), 'genesis');
  await queue.keep([tx]);
  const forgotten = queue.forget([tx]);
  const kept = queue.keep([tx]);
  store.letThrough();
  await Promise.all([forgotten, kept]);
  expect(queue.has(tx.key)).toBe(true);
  expect((await store.getMany([queuedRow(tx.id)]))[0]).toEqual(tx.bytes);
});

test('rows that go with transactions are written though all of those are kept already', async () => {
  const store = new MemoryStore();
  const queue = new Queue(store, [], []);
  const tx = new ChainBuilder().sign(transfer('alice', 'bob', 5), 'genesis');
  const [first, second] = [Uint8Array.of(99, 1), Uint8Array.of(99, 2)];
  await queue.keep([tx], [[first, Uint8Array.of(7)]]);
  await queue.keep([tx], [[second, Uint8Array.of(8)]]);
  expect(await store.getMany([first, second, queuedRow(tx.id)])).toEqual([
    Uint8Array.of(7),
    Uint8Array.of(8),
    tx.bytes,
  ]);
});
