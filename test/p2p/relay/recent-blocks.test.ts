import { expect, test } from 'vitest';
import type { Transaction } from '../../../chain/format/transaction.ts';
import * as limits from '../../../p2p/limits.ts';
import { RecentBlocks } from '../../../p2p/relay/recent-blocks.ts';

function transactions(...lengths: number[]): Transaction[] {
  return lengths.map((length, i) => ({ bytes: new Uint8Array(length).fill(i + 1) }) as Transaction);
}

test('each transaction of a block is given by its place, whatever their lengths', () => {
  const blocks = new RecentBlocks();
  const all = transactions(170, 3, 1_000, 1);
  blocks.add('a', all);
  const block = blocks.find('a')!;
  for (const [i, { bytes }] of all.entries()) expect(block.transaction(i)).toEqual(bytes);
  expect(block.transaction(all.length)).toBeUndefined();
  blocks.add('empty', []);
  expect(blocks.find('empty')!.transaction(0)).toBeUndefined();
});

test('the newest blocks are kept, in bytes of their own', () => {
  const blocks = new RecentBlocks();
  const keys = Array.from({ length: limits.RECENT_BLOCKS + 2 }, (_, i) => `block ${i}`);
  // As if cut from a frame: a view of it would keep the whole frame.
  const frame = new Uint8Array(1_000_000);
  for (const key of keys) blocks.add(key, [{ bytes: frame.subarray(10, 20) } as Transaction]);
  expect(keys.filter((key) => blocks.find(key) !== undefined)).toEqual(keys.slice(2));
  expect(blocks.find(keys.at(-1)!)!.transaction(0)!.buffer.byteLength).toBe(10);
});
