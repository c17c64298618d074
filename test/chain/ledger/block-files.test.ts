import { expect, test } from 'vitest';
import { MemoryFiles } from '../../../chain/files/memory-files.ts';
import { encodeBody } from '../../../chain/format/block.ts';
import { fromHex } from '../../../chain/format/bytes.ts';
import { encodeHeader } from '../../../chain/format/header.ts';
import type { NewBlock } from '../../../chain/ledger/block-files.ts';
import { BlockStore } from '../../../chain/ledger/block-store.ts';
import { transfer } from '../actors.ts';
import { ChainBuilder } from '../builder.ts';

const chain = new ChainBuilder();
chain.block('a1', { transactions: [transfer('alice', 'bob', 1)] });
chain.block('a2');

const blockOf = (name: string): NewBlock => {
  const { header, transactions } = chain.get(name);
  return { header: encodeHeader(header), body: encodeBody(transactions) };
};

async function open(files: MemoryFiles) {
  const { store, found } = await BlockStore.open(files, chain.chainId);
  return { store, places: [...found.values()].map(({ place }) => place) };
}

test('blocks that a killed process wrote are synced with the next, before anything names them', async () => {
  const files = new MemoryFiles();
  const { store } = await open(files);
  const [place] = await store.appendEncoded([blockOf('a1')]);
  const again = await open(files);
  expect(again.places).toEqual([place]);
  await again.store.sync();
  files.cutPower(() => 0);
  const last = await open(files);
  expect(last.places).toEqual([place]);
  expect(await last.store.read(place!, fromHex(chain.get('a1').id))).toEqual(blockOf('a1').body);
});

test('a store that was closed takes no block, and what it had stays', async () => {
  const files = new MemoryFiles();
  const { store } = await open(files);
  const places = await store.appendEncoded([blockOf('a1')]);
  await store.close();
  await expect(store.appendEncoded([blockOf('a2')])).rejects.toThrow('open');
  expect((await open(files)).places).toEqual(places);
});

test('a file that could not be read once is read the next time', async () => {
  const files = new MemoryFiles();
  const { store } = await open(files);
  const [place] = await store.appendEncoded([blockOf('a1')]);
  const again = await open(files);
  const id = fromHex(chain.get('a1').id);
  const file = files.find('blocks-000000')!;
  const read = file.get.bind(file);
  file.get = () => {
    throw new Error('a bad sector');
  };
  await expect(again.store.read(place!, id)).rejects.toThrow('a bad sector');
  file.get = read;
  expect(await again.store.read(place!, id)).toEqual(blockOf('a1').body);
});
