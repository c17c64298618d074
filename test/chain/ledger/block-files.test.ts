import { expect, test } from 'vitest';
import { FrameFile } from '../../../chain/files/frame-file.ts';
import { type MemoryFile, MemoryFiles } from '../../../chain/files/memory-files.ts';
import { encodeBody } from '../../../chain/format/block.ts';
import { fromHex } from '../../../chain/format/bytes.ts';
import { encodeHeader } from '../../../chain/format/header.ts';
import { blockFileName, type NewBlock } from '../../../chain/ledger/block-files.ts';
import { BlockStore } from '../../../chain/ledger/block-store.ts';
import { FILE_KIND } from '../../../chain/ledger/file-kinds.ts';
import { HEADER_FILE_NAME } from '../../../chain/ledger/header-file.ts';
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

test('however many block files there are, few are open at a time, and none after a start that fails', async () => {
  const files = new MemoryFiles();
  const owner = chain.chainId;
  for (let n = 0; n < 12; n++)
    await FrameFile.create(files, blockFileName(n), { kind: FILE_KIND.blocks, owner });
  let [isOpen, most] = [0, 0];
  const { find, make } = files;
  const counted = (file: MemoryFile | null): MemoryFile | null => {
    if (file === null) return null;
    most = Math.max(most, ++isOpen);
    file.close = async () => void isOpen--;
    return file;
  };
  files.find = (name) => counted(find.call(files, name));
  files.make = (name) => counted(make.call(files, name))!;
  const { store } = await open(files);
  expect([isOpen, most]).toEqual([2, 2]);
  await store.close();
  expect(isOpen).toBe(0);
  await expect(BlockStore.open(files, new Uint8Array(32).fill(9))).rejects.toThrow('belongs to the ledger');
  expect(isOpen).toBe(0);
  files.find(HEADER_FILE_NAME)!.replace(new Uint8Array(0));
  isOpen = 0;
  await expect(BlockStore.open(files, new Uint8Array(32).fill(9))).rejects.toThrow('belongs to the ledger');
  expect(isOpen).toBe(0);
});
