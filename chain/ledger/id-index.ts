/**
 * Owns finding a transaction of the active chain without its row, and with it the proof that there is none: for each run
 * of `SEGMENT_BLOCKS` blocks a sorted list of the beginnings of their ids. A segment is written once, under the id of its
 * last block, with a hash over itself; one that is missing or damaged is made again from the bodies, which alone decide.
 *
 * Memory: segments by `CACHE_BYTES`, and the ids of the blocks behind the last whole segment, at most `TAIL_MAX` blocks.
 */
import { ByteCache } from '../byte-cache.ts';
import type { HeaderNode } from '../consensus/header-tree.ts';
import { RuleError } from '../errors.ts';
import { transactionIds } from '../format/block.ts';
import { concat, equalBytes, first48 } from '../format/bytes.ts';
import { DOMAIN, hash } from '../format/hash.ts';
import { txRoot } from '../format/merkle.ts';
import type { Transaction } from '../format/transaction.ts';
import type { Store, StoreWrite } from './ports.ts';
import { segmentRow } from './store-keys.ts';
import { readWhole, unlessLost } from './whole-rows.ts';

export const SEGMENT_BLOCKS = 256;
const TAIL_MAX = 2 * SEGMENT_BLOCKS;
/** An item is a number: the first 40 bits of an id, then 8 bits for the block's place in the segment. */
const ITEM_BYTES = 6;
const PLACES = 256;
const HASH_BYTES = 32;
const CACHE_BYTES = 4 * 1024 * 1024;
/** Besides its items. */
const SEGMENT_BYTES = 300;
/** Segments read at once: one of full blocks takes some megabytes. */
const READ_AT_ONCE = 8;
/** Bytes of segments that are hashed between two rests: some milliseconds of work. */
const HASHED_AT_ONCE = 128 * 1024;
/** Bytes of bodies read for one question, but that a segment that was begun is finished: some tenths of a second. */
const BODY_BYTES_MAX = 16 * 1024 * 1024;

export interface IdSource {
  readonly store: Store;
  readonly tip: HeaderNode;
  activeAt(height: number): HeaderNode | undefined;
  readBody(node: HeaderNode): Promise<Uint8Array | null>;
  pause(): Promise<void>;
}

export interface FoundIds {
  /** Heights of blocks of the active chain that may have the transaction; no other block has, if `complete`. */
  readonly heights: number[];
  /** False while segments are missing that it would take long to make. */
  readonly complete: boolean;
}

interface Part {
  readonly block: HeaderNode;
  /** Beginnings of its ids, as items of place 0. */
  readonly starts: Float64Array;
}

export class IdIndex {
  readonly #source: IdSource;
  readonly #segments = new ByteCache<Float64Array>(
    CACHE_BYTES,
    ({ byteLength }) => byteLength + SEGMENT_BYTES,
  );
  /** By height. */
  readonly #tail = new Map<number, Part>();

  constructor(source: IdSource) {
    this.#source = source;
  }

  /** Notes a block that is being connected, and returns the row of the segment that it completes. */
  connect(block: HeaderNode, transactions: readonly Transaction[]): StoreWrite[] {
    this.#tail.set(
      block.height,
      partOf(
        block,
        transactions.map(({ id }) => id),
      ),
    );
    this.#tail.delete(block.height - TAIL_MAX);
    if (block.height % SEGMENT_BLOCKS !== 0) return [];
    const parts: Part[] = [];
    for (let at = block; parts.length < SEGMENT_BLOCKS; at = at.parent!) {
      const part = this.#tail.get(at.height);
      if (part?.block !== at) return [];
      parts.push(part);
    }
    return [this.#seal(block, parts.reverse())];
  }

  /** Rows that go with a block that is taken back. */
  disconnect(block: HeaderNode): StoreWrite[] {
    this.#tail.delete(block.height);
    return block.height % SEGMENT_BLOCKS === 0 ? [[rowOf(block), null]] : [];
  }

  /** Where a transaction may be. Of one tip if the chain doesn't change meanwhile. */
  async find(id: Uint8Array): Promise<FoundIds> {
    const { tip } = this.#source;
    const heights: number[] = [];
    const whole = Math.floor(tip.height / SEGMENT_BLOCKS);
    let complete = true;
    const budget: Budget = { bytes: BODY_BYTES_MAX };
    for (let first = 0; first < whole; first += READ_AT_ONCE) {
      const lasts = this.#lasts(first, Math.min(first + READ_AT_ONCE, whole));
      const segments = await this.#load(lasts);
      for (const [i, last] of lasts.entries()) {
        const segment = segments[i] ?? (budget.bytes > 0 ? await this.#make(last, budget) : null);
        if (segment === null) complete = false;
        else heights.push(...lookUp(segment, id).map((at) => last.height - SEGMENT_BLOCKS + 1 + at));
      }
    }
    for (let height = whole * SEGMENT_BLOCKS + 1; height <= tip.height; height++) {
      const part = await this.#partAt(height, budget);
      if (part === null) complete = false;
      else if (part.starts.includes(startOf(id))) heights.push(height);
    }
    return { heights, complete };
  }

  /** Makes the segment that ends at this height if it is missing or damaged. True if it had to be. */
  async mend(height: number): Promise<boolean> {
    const last = this.#source.activeAt(height);
    if (last === undefined || height % SEGMENT_BLOCKS !== 0) return false;
    this.#segments.delete(last.key);
    const [segment] = await this.#load([last]);
    return segment === undefined && (await this.#make(last, { bytes: 0 })) !== null;
  }

  #lasts(first: number, end: number): HeaderNode[] {
    const lasts: HeaderNode[] = [];
    for (let n = first; n < end; n++) lasts.push(this.#source.activeAt((n + 1) * SEGMENT_BLOCKS)!);
    return lasts;
  }

  /** The segments that end in these blocks; `undefined` for those that aren't there as they were written. */
  async #load(lasts: readonly HeaderNode[]): Promise<(Float64Array | undefined)[]> {
    const found = lasts.map(({ key }) => this.#segments.get(key));
    const missing = lasts.filter((_, i) => found[i] === undefined);
    if (missing.length === 0) return found;
    const rows = await readWhole(this.#source.store, missing.map(rowOf));
    let next = 0;
    let hashed = 0;
    for (const [i, last] of lasts.entries()) {
      if (found[i] !== undefined) continue;
      const row = rows[next++];
      hashed += row?.length ?? 0;
      const items = openSegment(last, row);
      found[i] = items;
      if (items !== undefined) this.#segments.put(last.key, items);
      if (hashed < HASHED_AT_ONCE) continue;
      hashed = 0;
      await this.#source.pause();
    }
    return found;
  }

  /** The segment that ends in a block, made from the bodies and written; `null` if one of them is missing. */
  async #make(last: HeaderNode, budget: Budget): Promise<Float64Array | null> {
    const parts: Part[] = [];
    for (let at = last; parts.length < SEGMENT_BLOCKS; at = at.parent!) {
      const part = await this.#part(at, budget);
      if (part === null) return null;
      parts.push(part);
    }
    await this.#source.store.write([this.#seal(last, parts.reverse())], { sync: false });
    return this.#segments.get(last.key)!;
  }

  #seal(last: HeaderNode, parts: readonly Part[]): StoreWrite {
    const items = sortItems(parts);
    this.#segments.put(last.key, items);
    const bytes = encodeItems(items);
    return [rowOf(last), concat(hash(DOMAIN.idSegment, last.id, bytes), bytes)];
  }

  async #partAt(height: number, budget: Budget): Promise<Part | null> {
    const block = this.#source.activeAt(height)!;
    const known = this.#tail.get(height);
    if (known?.block === block) return known;
    const part = budget.bytes > 0 ? await this.#part(block, budget) : null;
    if (part !== null) this.#tail.set(height, part);
    return part;
  }

  async #part(block: HeaderNode, budget: Budget): Promise<Part | null> {
    const known = this.#tail.get(block.height);
    if (known?.block === block) return known;
    const body = await unlessLost(this.#source.readBody(block));
    if (body === null) return null;
    budget.bytes -= body.length;
    const ids = idsOf(block, body);
    return ids === null ? null : partOf(block, ids);
  }
}

/** What a question may still read. */
interface Budget {
  bytes: number;
}

/** The ids in a body, or `null` if it isn't that of its block. */
function idsOf({ header }: HeaderNode, body: Uint8Array): Uint8Array[] | null {
  try {
    const ids = transactionIds(body);
    return equalBytes(txRoot(ids), header.txRoot) ? ids : null;
  } catch (error) {
    if (error instanceof RuleError) return null;
    throw error;
  }
}

const rowOf = (last: HeaderNode): Uint8Array => segmentRow(last.height / SEGMENT_BLOCKS, last.id);

function openSegment(last: HeaderNode, row: Uint8Array | undefined): Float64Array | undefined {
  if (row === undefined || (row.length - HASH_BYTES) % ITEM_BYTES !== 0) return undefined;
  const bytes = row.slice(HASH_BYTES);
  const intact = equalBytes(hash(DOMAIN.idSegment, last.id, bytes), row.subarray(0, HASH_BYTES));
  return intact ? decodeItems(bytes) : undefined;
}

const startOf = (id: Uint8Array): number => first48(id) - id[ITEM_BYTES - 1]!;

function partOf(block: HeaderNode, ids: readonly Uint8Array[]): Part {
  return { block, starts: Float64Array.from(ids.map(startOf)) };
}

/** The items of blocks, in order. */
function sortItems(parts: readonly Part[]): Float64Array {
  const items = new Float64Array(parts.reduce((sum, { starts }) => sum + starts.length, 0));
  let next = 0;
  for (const [place, { starts }] of parts.entries())
    for (const start of starts) items[next++] = start + place;
  return items.sort();
}

function encodeItems(items: Float64Array): Uint8Array {
  const bytes = new Uint8Array(ITEM_BYTES * items.length);
  const view = new DataView(bytes.buffer);
  for (const [i, item] of items.entries()) {
    view.setUint16(ITEM_BYTES * i, Math.floor(item / 2 ** 32));
    view.setUint32(ITEM_BYTES * i + 2, item % 2 ** 32);
  }
  return bytes;
}

function decodeItems(bytes: Uint8Array): Float64Array {
  const items = new Float64Array(bytes.length / ITEM_BYTES);
  for (let i = 0; i < items.length; i++) items[i] = first48(bytes.subarray(ITEM_BYTES * i));
  return items;
}

/** Places in the segment of the blocks that have an id with this beginning. */
function lookUp(items: Float64Array, id: Uint8Array): number[] {
  const start = startOf(id);
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (items[middle]! < start) low = middle + 1;
    else high = middle;
  }
  const places: number[] = [];
  for (let at = low; at < items.length && items[at]! < start + PLACES; at++) places.push(items[at]! - start);
  return places;
}
