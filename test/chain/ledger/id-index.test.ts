import { describe, expect, test } from 'vitest';
import type { HeaderNode } from '../../../chain/consensus/header-tree.ts';
import { RuleError } from '../../../chain/errors.ts';
import { encodeBody } from '../../../chain/format/block.ts';
import { u32 } from '../../../chain/format/bytes.ts';
import { DOMAIN, hash } from '../../../chain/format/hash.ts';
import { txRoot } from '../../../chain/format/merkle.ts';
import type { Transaction } from '../../../chain/format/transaction.ts';
import { IdIndex, type IdSource, SEGMENT_BLOCKS } from '../../../chain/ledger/id-index.ts';
import { MemoryStore } from '../../../chain/ledger/memory-store.ts';
import { segmentRow } from '../../../chain/ledger/store-keys.ts';

const SEGMENTS = 10;
const HEIGHT = SEGMENTS * SEGMENT_BLOCKS + 5;

/** A transaction as the index sees it: bytes, and their hash. */
function fake(height: number, index: number): Transaction {
  const bytes = new Uint8Array([...u32(height), index]);
  return { bytes, id: hash(DOMAIN.transaction, bytes) } as Transaction;
}

const transactionsAt = (height: number): Transaction[] =>
  height % 3 === 0 ? [] : [fake(height, 0), fake(height, 1)];

/** A chain of blocks that have what the index asks of them. */
class Chain implements IdSource {
  readonly store = new MemoryStore();
  readonly nodes: HeaderNode[] = [];
  /** Heights of blocks that no file has. */
  readonly lost = new Set<number>();
  reads = 0;

  constructor() {
    for (let height = 0; height <= HEIGHT; height++) {
      const id = hash(DOMAIN.header, u32(height));
      const header = { txRoot: txRoot(transactionsAt(height).map((tx) => tx.id)) };
      const parent = this.nodes.at(-1) ?? null;
      this.nodes.push({ id, key: String(height), height, header, parent } as unknown as HeaderNode);
    }
  }

  get tip(): HeaderNode {
    return this.nodes.at(-1)!;
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
    for (const node of this.nodes.slice(1))
      await this.store.write(index.connect(node, transactionsAt(node.height)), { sync: false });
    return index;
  }

  async rows(): Promise<[Uint8Array, Uint8Array][]> {
    return this.store.iterate({ from: new Uint8Array(0), to: Uint8Array.of(0xff), limit: 1_000 });
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

describe('the index of ids', () => {
  test('finds what blocks have, and no more, from segments as from memory', async () => {
    const chain = new Chain();
    await expectWhole(await chain.connected());
    expect([chain.reads, (await chain.rows()).length]).toEqual([0, SEGMENTS]);
    // After a restart only the blocks behind the last segment are read.
    await expectWhole(new IdIndex(chain));
    expect(chain.reads).toBe(5);
  });

  test('makes segments again that are missing, damaged, cut or of other blocks', async () => {
    const chain = new Chain();
    await chain.connected();
    const rows = await chain.rows();
    const [first, second, third, fourth] = rows;
    const flipped = second![1].slice();
    flipped[40]! ^= 4;
    await chain.store.write(
      [
        [first![0], null],
        [second![0], flipped],
        [third![0], third![1].slice(0, 32)],
        [fourth![0], first![1]],
      ],
      { sync: false },
    );
    await expectWhole(new IdIndex(chain));
    expect(await chain.rows()).toEqual(rows);
  });

  test('says that it does not know while a block of a missing segment is lost', async () => {
    const chain = new Chain();
    await chain.connected();
    const last = chain.nodes[SEGMENT_BLOCKS]!;
    await chain.store.write([[segmentRow(1, last.id), null]], { sync: false });
    chain.lost.add(7);
    const index = new IdIndex(chain);
    expect(await index.find(fake(1, 2).id)).toEqual({ heights: [], complete: false });
    expect(await index.mend(SEGMENT_BLOCKS)).toBe(false);
    chain.lost.clear();
    expect(await index.mend(SEGMENT_BLOCKS)).toBe(true);
    expect(await index.mend(SEGMENT_BLOCKS)).toBe(false);
    await expectWhole(index);
  });

  test('forgets blocks that are taken back', async () => {
    const chain = new Chain();
    const index = await chain.connected();
    while (chain.tip.height >= (SEGMENTS - 1) * SEGMENT_BLOCKS) {
      const node = chain.nodes.pop()!;
      await chain.store.write(index.disconnect(node), { sync: false });
    }
    expect((await chain.rows()).length).toBe(SEGMENTS - 2);
    expect(await index.find(fake(HEIGHT - 1, 0).id)).toEqual({ heights: [], complete: true });
    const [{ id }] = transactionsAt(chain.tip.height - 1) as [Transaction];
    expect((await index.find(id)).heights).toEqual([chain.tip.height - 1]);
  });
});
