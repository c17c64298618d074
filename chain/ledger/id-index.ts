/**
 * Owns finding a transaction of the active chain without its row, and with it the proof that there is none. The beginnings
 * of all ids are in segments (`id-chunk.ts`): of each level there are fewer than `FAN` that no higher one covers, and a
 * question reads one chunk of each. A chunk has a hash over itself and is bound to the last block of its segment. One that
 * is missing or damaged is made again from the level below, and of level 0 from the bodies, which alone decide.
 *
 * A chunk of a higher level is made when a question or the scrub first reads it. One of them at a time makes chunks, and it
 * reads at most `READ_MAX` bytes for that; the next one goes on from there. Chunks of levels above 0 stay when their blocks
 * are taken back. Nothing reads them then, and there are few: so long a reorganisation costs much work.
 *
 * Memory: `CACHE_BYTES` of chunks. While chunks are made, also one segment of level 0, or `FAN` chunks and those made of them.
 */
import { ByteCache } from '../byte-cache.ts';
import type { HeaderNode } from '../consensus/header-tree.ts';
import type { Transaction } from '../format/transaction.ts';
import { BlockIds, type Budget, READ_LEAST } from './block-ids.ts';
import {
  blocksOf,
  CHUNKS,
  type Chunk,
  chunksOf,
  decodeChunk,
  encodeChunk,
  FAN,
  itemsOf,
  keyOfChunk,
  lookUp,
  numberOf,
  rowOfChunk,
  SEGMENT_BLOCKS,
  startOf,
} from './id-chunk.ts';
import type { Store, StoreWrite } from './ports.ts';
import { oldSegmentRow } from './store-keys.ts';
import { Turns } from './turns.ts';
import { readWhole } from './whole-rows.ts';

const CACHE_BYTES = 4 * 1024 * 1024;
/** Besides its items. */
const CHUNK_BYTES = 300;
/** Bytes of chunks that are hashed or merged between two rests: some milliseconds of work. */
const BYTES_A_SLICE = 128 * 1024;
/**
 * Bytes that one question, or one step of the scrub, reads to make chunks: some tenths of a second. The last read may exceed
 * it by one body or by the `FAN` chunks that a higher one is made of. A missing segment of 256 blocks of 1 MiB takes 16
 * questions.
 */
const READ_MAX = 16 * 1024 * 1024;

export interface IdSource {
  readonly store: Store;
  readonly tip: HeaderNode;
  readonly headers: { ancestor(node: HeaderNode, height: number): HeaderNode };
  activeAt(height: number): HeaderNode | undefined;
  readBody(node: HeaderNode): Promise<Uint8Array | null>;
  pause(): Promise<void>;
}

export interface FoundIds {
  /** Heights of blocks of the active chain that may have the transaction; no other block has, if `complete`. */
  readonly heights: number[];
  /** False while chunks are missing that it would take long to make, or blocks are lost. */
  readonly complete: boolean;
}

export class IdIndex {
  readonly #source: IdSource;
  readonly #chunks = new ByteCache<Float64Array>(CACHE_BYTES, ({ byteLength }) => byteLength + CHUNK_BYTES);
  readonly #blocks: BlockIds;
  /** Of those who make chunks. */
  readonly #turns = new Turns();
  /** Bytes handled since the last rest. */
  #handled = 0;

  constructor(source: IdSource) {
    this.#source = source;
    this.#blocks = new BlockIds((block) => source.readBody(block));
  }

  /** Notes a block that is being connected, and returns the rows of the segment that it completes. */
  async connect(block: HeaderNode, transactions: readonly Transaction[]): Promise<StoreWrite[]> {
    this.#blocks.keep(
      block,
      transactions.map(({ id }) => id),
    );
    if (block.height % SEGMENT_BLOCKS !== 0) return [];
    const places: Float64Array[] = [];
    for (let at = block; places.length < SEGMENT_BLOCKS; at = at.parent!) {
      const starts = this.#blocks.kept(at);
      if (starts === null) return [];
      places.push(starts);
    }
    return this.#seal(chunksFrom(0, block, 0, CHUNKS), places.reverse());
  }

  /** Rows that go with a block that is taken back. */
  disconnect(block: HeaderNode): StoreWrite[] {
    this.#blocks.forget(block);
    if (block.height % SEGMENT_BLOCKS !== 0) return [];
    return chunksFrom(0, block, 0, CHUNKS).map((chunk) => [rowOfChunk(chunk), null]);
  }

  /** What one question may read to make chunks, also where it asks for several ids. */
  static budget(): Budget {
    return { bytes: READ_MAX };
  }

  /** Where a transaction may be. Of one tip if the chain doesn't change meanwhile. */
  async find(id: Uint8Array, budget = IdIndex.budget()): Promise<FoundIds> {
    const found = await this.#look(id, { bytes: 0 });
    if (found.complete || budget.bytes <= 0) return found;
    return this.#turns.exclusively(() => this.#look(id, budget));
  }

  async #look(id: Uint8Array, budget: Budget): Promise<FoundIds> {
    const { tip } = this.#source;
    const start = startOf(id);
    const heights: number[] = [];
    let complete = true;
    for (const { level, lasts } of this.#cover(tip))
      if (!(await this.#search(level, lasts, start, heights, budget))) complete = false;
    for (let height = tip.height - (tip.height % SEGMENT_BLOCKS) + 1; height <= tip.height; height++) {
      const starts = await this.#blocks.readLast(this.#source.activeAt(height)!, budget);
      if (starts === null) complete = false;
      else if (starts.includes(start)) heights.push(height);
    }
    return { heights, complete };
  }

  /**
   * Makes what is missing or damaged of `CHUNKS` chunks of the segments, one of each level, that end at this height. `from`
   * counts the chunks of all these levels, lowest level first. Returns the `from` of the next call: the same one if the
   * budget was too small. Returns `null` after the last chunk, or if a block is lost.
   */
  mend(height: number, from = 0, budget = IdIndex.budget()): Promise<number | null> {
    return this.#turns.exclusively(async () => {
      const last = this.#source.activeAt(height);
      let level = 0;
      let first = from;
      for (; first >= chunksOf(level); level++) first -= chunksOf(level);
      if (last === undefined || height === 0 || height % blocksOf(level) !== 0) return null;
      if (level === 0) await this.#deleteOld(last);
      const chunks = chunksFrom(level, last, first, CHUNKS);
      for (const chunk of chunks) this.#chunks.delete(keyOfChunk(chunk));
      if ((await this.#need(chunks, budget)).includes(null)) return budget.bytes <= 0 ? from : null;
      const next = from + CHUNKS;
      const isDone = first + CHUNKS >= chunksOf(level) && height % blocksOf(level + 1) !== 0;
      return isDone ? null : next;
    });
  }

  async #deleteOld({ height, id }: HeaderNode): Promise<void> {
    const { store } = this.#source;
    const row = oldSegmentRow(height / SEGMENT_BLOCKS, id);
    const [old] = await readWhole(store, [row]);
    if (old !== undefined) await store.write([[row, null]], { sync: false });
  }

  /** Last blocks of the full segments that no segment of a higher level contains, highest level first. */
  #cover(tip: HeaderNode): { level: number; lasts: HeaderNode[] }[] {
    const cover: { level: number; lasts: HeaderNode[] }[] = [];
    let level = 0;
    while (blocksOf(level + 1) <= tip.height) level++;
    for (let end = 0; level >= 0; level--) {
      const lasts: HeaderNode[] = [];
      for (; end + blocksOf(level) <= tip.height; lasts.push(this.#source.activeAt(end)!))
        end += blocksOf(level);
      cover.push({ level, lasts });
    }
    return cover;
  }

  /** Adds the heights of blocks of some segments that may have an id. False if some chunk can't be had now. */
  async #search(
    level: number,
    lasts: readonly HeaderNode[],
    start: number,
    heights: number[],
    budget: Budget,
  ): Promise<boolean> {
    const number = numberOf(start, level);
    const found = await this.#need(
      lasts.map((last) => ({ level, last, number })),
      budget,
    );
    let complete = true;
    for (const [i, last] of lasts.entries()) {
      const items = found[i]!;
      const places = items === null ? [] : lookUp(items, start);
      if (items === null) complete = false;
      else if (level === 0) heights.push(...places.map((at) => last.height - SEGMENT_BLOCKS + 1 + at));
      else if (places.length > 0) {
        const below = this.#below(level, last);
        const some = places.map((at) => below[at]!);
        if (!(await this.#search(level - 1, some, start, heights, budget))) complete = false;
      }
    }
    return complete;
  }

  /** Last blocks of the segments that one of a higher level is made of. */
  #below(level: number, last: HeaderNode): HeaderNode[] {
    const step = blocksOf(level - 1);
    // Goes by parents: the active chain may change meanwhile, and a chunk belongs to this one block.
    return Array.from({ length: FAN }, (_, i) =>
      this.#source.headers.ancestor(last, last.height - (FAN - 1 - i) * step),
    );
  }

  /** Chunks as they are, or made; `null` for those that can't be made, or not within the budget. */
  async #need(chunks: readonly Chunk[], budget: Budget): Promise<(Float64Array | null)[]> {
    const found = await this.#load(chunks);
    const needed: (Float64Array | null)[] = [];
    for (const [i, chunk] of chunks.entries()) {
      // It may have been made with one before it.
      const items = found[i] ?? (await this.#load([chunk]))[0];
      needed.push(items ?? (budget.bytes > 0 ? await this.#make(chunk, budget) : null));
    }
    return needed;
  }

  /** Chunks as they were written; `undefined` for those that aren't there so. */
  async #load(chunks: readonly Chunk[]): Promise<(Float64Array | undefined)[]> {
    const found = chunks.map((chunk) => this.#chunks.get(keyOfChunk(chunk)));
    const missing = chunks.filter((_, i) => found[i] === undefined);
    if (missing.length === 0) return found;
    const rows = await readWhole(this.#source.store, missing.map(rowOfChunk));
    let next = 0;
    for (const [i, chunk] of chunks.entries()) {
      if (found[i] !== undefined) continue;
      const row = rows[next++];
      const items = decodeChunk(chunk, row);
      found[i] = items;
      if (items !== undefined) this.#chunks.put(keyOfChunk(chunk), items);
      await this.#rest(row?.length ?? 0);
    }
    return found;
  }

  /** A chunk, made and written with those that are made of the same; `null` if something that it is made of is missing. */
  async #make(chunk: Chunk, budget: Budget): Promise<Float64Array | null> {
    const { level, last, number } = chunk;
    const places = await (level === 0 ? this.#blocksOf(last, budget) : this.#chunksBelow(chunk, budget));
    if (places === null) return null;
    const all =
      level === 0 ? chunksFrom(0, last, 0, CHUNKS) : chunksFrom(level, last, number - (number % FAN), FAN);
    await this.#source.store.write(await this.#seal(all, places), { sync: false });
    return itemsOf(chunk, places);
  }

  /** What a segment of level 0 is made of. A segment that was begun before is finished first. */
  async #blocksOf(last: HeaderNode, budget: Budget): Promise<Float64Array[] | null> {
    const { begun } = this.#blocks;
    if (begun !== null && begun !== last) {
      if (this.#source.activeAt(begun.height) === begun)
        await this.#make({ level: 0, last: begun, number: 0 }, budget);
      else this.#blocks.drop();
      if (budget.bytes <= 0) return null;
    }
    return this.#blocks.readSegment(last, budget);
  }

  /** What a chunk of a higher level is made of. */
  async #chunksBelow({ level, last, number }: Chunk, budget: Budget): Promise<Float64Array[] | null> {
    const places: Float64Array[] = [];
    for (const end of this.#below(level, last)) {
      const below = { level: level - 1, last: end, number: Math.floor(number / FAN) };
      const [items] = await this.#need([below], budget);
      if (items === null || items === undefined) return null;
      budget.bytes -= Math.max(items.byteLength, READ_LEAST);
      places.push(items);
    }
    return places;
  }

  /** The rows of chunks. */
  async #seal(chunks: readonly Chunk[], places: readonly Float64Array[]): Promise<StoreWrite[]> {
    const rows: StoreWrite[] = [];
    for (const chunk of chunks) {
      const items = itemsOf(chunk, places);
      this.#chunks.put(keyOfChunk(chunk), items);
      rows.push([rowOfChunk(chunk), encodeChunk(chunk, items)]);
      await this.#rest(2 * items.byteLength);
    }
    return rows;
  }

  async #rest(bytes: number): Promise<void> {
    this.#handled += bytes;
    if (this.#handled < BYTES_A_SLICE) return;
    this.#handled = 0;
    await this.#source.pause();
  }
}

function chunksFrom(level: number, last: HeaderNode, first: number, count: number): Chunk[] {
  return Array.from({ length: count }, (_, i) => ({ level, last, number: first + i }));
}
