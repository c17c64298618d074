import { describe, expect, test } from 'vitest';
import type { HeaderNode } from '../../../chain/consensus/header-tree.ts';
import { RuleError } from '../../../chain/errors.ts';
import { encodeBody } from '../../../chain/format/block.ts';
import { u32 } from '../../../chain/format/bytes.ts';
import { DOMAIN, hash } from '../../../chain/format/hash.ts';
import { txRoot } from '../../../chain/format/merkle.ts';
import type { Transaction } from '../../../chain/format/transaction.ts';
import { READ_LEAST } from '../../../chain/ledger/block-ids.ts';
import { CHUNKS, SEGMENT_BLOCKS } from '../../../chain/ledger/id-chunk.ts';
import { IdIndex, type IdSource } from '../../../chain/ledger/id-index.ts';
import { MemoryStore } from '../../../chain/ledger/memory-store.ts';
import { chunkRow, oldSegmentRow } from '../../../chain/ledger/store-keys.ts';

/** One of level 1, and two behind it. */
const SEGMENTS = 18;
const HEIGHT = SEGMENTS * SEGMENT_BLOCKS + 5;

/** A transaction as the index sees it: bytes, and their hash. */
function fake(height: number, index: number): Transaction {
  const bytes = new Uint8Array([...u32(height), index]);
  return { bytes, id: hash(DOMAIN.transaction, bytes) } as Transaction;
}

const transactionsAt = (height: number): Transaction[] =>
  height % 3 === 0 ? [] : [fake(height, 0), fake(height, 1)];

class CountedStore extends MemoryStore {
  rows = 0;

  override getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    this.rows += keys.length;
    return super.getMany(keys);
  }
}

/** A chain of blocks that have what the index asks of them. */
class Chain implements IdSource {
  readonly store = new CountedStore();
  readonly nodes: HeaderNode[] = [];
  /** Heights of blocks that no file has. */
  readonly lost = new Set<number>();
  reads = 0;

  constructor(top = HEIGHT) {
    for (let height = 0; height <= top; height++) {
      const id = hash(DOMAIN.header, u32(height));
      const header = { txRoot: txRoot(transactionsAt(height).map((tx) => tx.id)) };
      const parent = this.nodes.at(-1) ?? null;
      this.nodes.push({ id, key: String(height), height, header, parent } as unknown as HeaderNode);
    }
  }

  get tip(): HeaderNode {
    return this.nodes.at(-1)!;
  }

  get headers() {
    return { ancestor: (_: HeaderNode, height: number): HeaderNode => this.nodes[height]! };
  }

  activeAt(height: number): HeaderNode | undefined {
    return this.nodes[height];
  }

  async readBody({ height }: HeaderNode): Promise<Uint8Array> {
    this.reads++;
    if (this.lost.has(height)) throw new RuleError('BLOCK_LOST');
    return encodeBody(transactionsAt(height));
  }

  async pause(): Promise<void> {}

  /** The index of a node that has connected all blocks. */
  async connected(): Promise<IdIndex> {
    const index = new IdIndex(this);
    for (const node of this.nodes.slice(1)) {
      const rows = await index.connect(node, transactionsAt(node.height));
      if (rows.length > 0) await this.store.write(rows, { sync: false });
    }
    return index;
  }

  async rows(): Promise<[Uint8Array, Uint8Array][]> {
    return this.store.iterate({ from: new Uint8Array(0), to: Uint8Array.of(0xff), limit: 100_000 });
  }
}

/** Each block's transactions are found in it, and one that is in none in none. */
async function expectWhole(index: IdIndex): Promise<void> {
  for (let height = 1; height <= HEIGHT; height += 101)
    for (const { id } of transactionsAt(height))
      expect(await index.find(id)).toEqual({ heights: [height], complete: true });
  for (const height of [HEIGHT, HEIGHT - 1])
    for (const { id } of transactionsAt(height)) expect((await index.find(id)).heights).toEqual([height]);
  expect(await index.find(fake(1, 2).id)).toEqual({ heights: [], complete: true });
}

/** The index of a node that has lost the chunks of some segments of level 0, after a restart. */
async function withoutSegment(chain: Chain, ...segments: number[]): Promise<IdIndex> {
  await chain.connected();
  for (const segment of segments) {
    const { id } = chain.nodes[segment * SEGMENT_BLOCKS]!;
    for (let chunk = 0; chunk < CHUNKS; chunk++)
      await chain.store.write([[chunkRow(0, chunk, segment, id), null]], { sync: false });
  }
  return new IdIndex(chain);
}

/** Mends all chunks of the segments that end at a height. */
async function mendAll(index: IdIndex, height: number): Promise<void> {
  for (let from: number | null = 0; from !== null; ) from = await index.mend(height, from);
}

describe('the index of ids', () => {
  test('finds what blocks have, and no more, from segments as from memory', async () => {
    const chain = new Chain();
    await expectWhole(await chain.connected());
    expect(chain.reads).toBe(0);
    // After a restart only the blocks behind the last segment are read.
    await expectWhole(new IdIndex(chain));
    expect(chain.reads).toBe(5);
  });

  test('reads a bounded number of chunks for an id that is in no block, however long the chain is', async () => {
    const counts: number[] = [];
    for (const segments of [31, 271]) {
      const chain = new Chain(segments * SEGMENT_BLOCKS);
      const made = await chain.connected();
      for (let n = 1; n <= segments; n++) await mendAll(made, n * SEGMENT_BLOCKS);
      chain.store.rows = 0;
      const index = new IdIndex(chain);
      expect(await index.find(fake(1, 2).id)).toEqual({ heights: [], complete: true });
      counts.push(chain.store.rows);
      const found = 17 * SEGMENT_BLOCKS + 2;
      expect(await index.find(fake(found, 1).id)).toEqual({ heights: [found], complete: true });
    }
    // Of 31 segments: one of level 1 and 15 of level 0. Of 271: one of level 2 and 15 of level 0.
    expect(counts).toEqual([16, 16]);
  });

  test('makes segments again that are missing, damaged, cut or of other blocks', async () => {
    const chain = new Chain();
    await chain.connected();
    for (let n = 1; n <= SEGMENTS; n++) await mendAll(new IdIndex(chain), n * SEGMENT_BLOCKS);
    const rows = await chain.rows();
    const level1 = rows.findIndex(([key]) => key[1] === 1);
    for (const from of [0, 4 * CHUNKS, level1, level1 + 40]) {
      const [first, second, third, fourth] = rows.slice(from, from + 4);
      const flipped = second![1].slice();
      flipped[5]! ^= 4;
      await chain.store.write(
        [
          [first![0], null],
          [second![0], flipped],
          [third![0], third![1].slice(0, 31)],
          [fourth![0], rows[level1 - 1]![1]],
        ],
        { sync: false },
      );
    }
    const mending = new IdIndex(chain);
    await expectWhole(mending);
    for (let n = 1; n <= SEGMENTS; n++) await mendAll(mending, n * SEGMENT_BLOCKS);
    expect(await chain.rows()).toEqual(rows);
  });

  test('says that it does not know while a block of a missing segment is lost', async () => {
    const chain = new Chain();
    const index = await withoutSegment(chain, 1);
    chain.lost.add(7);
    expect(await index.find(fake(1, 2).id)).toEqual({ heights: [], complete: false });
    const { length } = await chain.rows();
    expect(await index.mend(SEGMENT_BLOCKS)).toBe(null);
    expect(await chain.rows()).toHaveLength(length);
    // Only the lost block is tried again.
    chain.reads = 0;
    for (let i = 0; i < 3; i++) await index.find(fake(1, i).id);
    expect(chain.reads).toBeLessThanOrEqual(3);
    chain.lost.clear();
    expect(await index.mend(SEGMENT_BLOCKS)).toBe(null);
    expect(await chain.rows()).toHaveLength(length + CHUNKS);
    await expectWhole(index);
  });

  test('reads for one question a bounded part of what is missing, and goes on there', async () => {
    const chain = new Chain(3 * SEGMENT_BLOCKS);
    const index = await withoutSegment(chain, 1, 3);
    const missing = fake(1, 2).id;
    let questions = 0;
    for (let complete = false; !complete; questions++) {
      const before = chain.reads;
      ({ complete } = await index.find(missing, { bytes: 20 * READ_LEAST }));
      expect(chain.reads - before).toBeLessThanOrEqual(20);
    }
    expect([questions, chain.reads]).toEqual([Math.ceil((2 * SEGMENT_BLOCKS) / 20), 2 * SEGMENT_BLOCKS]);
    expect(await index.find(fake(2, 1).id)).toEqual({ heights: [2], complete: true });
  });

  test('finishes a segment that was begun before another one is read, unless its blocks were taken back', async () => {
    const chain = new Chain(3 * SEGMENT_BLOCKS);
    const index = await withoutSegment(chain, 1, 3);
    const budget = () => ({ bytes: 200 * READ_LEAST });
    expect(await index.mend(3 * SEGMENT_BLOCKS, 0, budget())).toBe(0);
    expect(await index.mend(SEGMENT_BLOCKS, 0, budget())).toBe(0);
    expect(await index.mend(SEGMENT_BLOCKS, 0, budget())).toBe(null);
    expect(chain.reads).toBe(2 * SEGMENT_BLOCKS);
    const other = new Chain(3 * SEGMENT_BLOCKS);
    const forked = await withoutSegment(other, 1, 3);
    await forked.mend(3 * SEGMENT_BLOCKS, 0, budget());
    other.nodes.pop();
    other.reads = 0;
    for (let i = 0; i < 2; i++) await forked.mend(SEGMENT_BLOCKS, 0, budget());
    expect(other.reads).toBe(SEGMENT_BLOCKS);
  });

  test('reads what is missing once for all who ask at once', async () => {
    const chain = new Chain(3 * SEGMENT_BLOCKS);
    const index = await withoutSegment(chain, 1, 2);
    const found = await Promise.all([1, 2, 4, 5].map((height) => index.find(fake(height, 0).id)));
    expect(found.map(({ heights }) => heights)).toEqual([[1], [2], [4], [5]]);
    expect(chain.reads).toBe(2 * SEGMENT_BLOCKS);
  });

  test('mends a bounded number of chunks in one step, however long the chain is', async () => {
    const chain = new Chain(16 * SEGMENT_BLOCKS);
    const index = await chain.connected();
    const level1 = 16 * CHUNKS;
    for (const rows of [1 + level1 + CHUNKS + level1 * 16, 1 + level1 + CHUNKS]) {
      chain.store.rows = 0;
      let steps = 0;
      for (let from: number | null = 0; from !== null; steps++) {
        const before = chain.store.rows;
        from = await index.mend(16 * SEGMENT_BLOCKS, from);
        // A chunk is read, and read again before it is made; what it is made of is in 16 of them.
        expect(chain.store.rows - before).toBeLessThanOrEqual(2 * CHUNKS + CHUNKS);
      }
      expect(steps).toBe(1 + 16);
      expect(chain.store.rows).toBeLessThanOrEqual(rows);
    }
  });

  test('deletes the row that an earlier version had for a segment', async () => {
    const chain = new Chain(SEGMENT_BLOCKS);
    const index = await chain.connected();
    const rows = await chain.rows();
    const old = oldSegmentRow(1, chain.tip.id);
    await chain.store.write([[old, new Uint8Array(40)]], { sync: false });
    await mendAll(index, SEGMENT_BLOCKS);
    expect(await chain.rows()).toEqual(rows);
  });

  test('forgets blocks that are taken back', async () => {
    const chain = new Chain();
    const index = await chain.connected();
    while (chain.tip.height >= (SEGMENTS - 1) * SEGMENT_BLOCKS) {
      const node = chain.nodes.pop()!;
      await chain.store.write(index.disconnect(node), { sync: false });
    }
    expect((await chain.rows()).length).toBe((SEGMENTS - 2) * CHUNKS);
    expect(await index.find(fake(HEIGHT - 1, 0).id)).toEqual({ heights: [], complete: true });
    const [{ id }] = transactionsAt(chain.tip.height - 2) as [Transaction];
    expect((await index.find(id)).heights).toEqual([chain.tip.height - 2]);
  });
});
