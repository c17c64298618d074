import { expect, it } from 'vitest';
import { MemoryStore } from '../../../chain/ledger/memory-store.ts';
import { describeStore } from './store-contract.ts';

describeStore('memory store', async () => new MemoryStore());

it('a copy goes its own way', async () => {
  const store = new MemoryStore();
  const key = Uint8Array.of(1);
  await store.write([[key, Uint8Array.of(1)]], { sync: false });
  const copy = store.copy();
  await store.write([[key, Uint8Array.of(2)]], { sync: false });
  await copy.write([[Uint8Array.of(2), key]], { sync: false });
  expect(await copy.getMany([key, Uint8Array.of(2)])).toEqual([Uint8Array.of(1), key]);
  expect(await store.getMany([key, Uint8Array.of(2)])).toEqual([Uint8Array.of(2), undefined]);
  expect(await copy.iterate({ from: key, to: Uint8Array.of(9), limit: 9 })).toHaveLength(2);
});
