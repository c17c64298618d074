/**
 * Owns the bytes of a chunk of ids. A *segment* of level 0 holds the ids of `SEGMENT_BLOCKS` blocks; one of level n holds
 * those of `FAN` segments of level n - 1. A segment is cut into chunks by the first bits of the ids, and has `FAN` times as
 * many chunks as one of the level below, so that the chunks of all levels are of one size. Pure.
 */
import type { HeaderNode } from '../consensus/header-tree.ts';
import { concat, equalBytes, first48 } from '../format/bytes.ts';
import { DOMAIN, hash } from '../format/hash.ts';
import { chunkRow } from './store-keys.ts';

export const SEGMENT_BLOCKS = 256;
/** Segments of one level that one of the next is made of. */
export const FAN = 16;
/** Chunks of a segment of level 0. One of 256 full blocks has some 170 KB. */
export const CHUNKS = 64;
/** An item is a number: the first 40 bits of an id, then 8 bits for its place among the blocks or segments below. */
const ITEM_BYTES = 6;
const PLACES = 256;
const HASH_BYTES = 32;

export interface Chunk {
  readonly level: number;
  /** Last block of its segment, which is at a height divisible by `blocksOf(level)`. */
  readonly last: HeaderNode;
  /** From 0, in the order of the ids. */
  readonly number: number;
}

/** Blocks of a segment. */
export const blocksOf = (level: number): number => SEGMENT_BLOCKS * FAN ** level;

/** Chunks of a segment. */
export const chunksOf = (level: number): number => CHUNKS * FAN ** level;

/** The beginning of an id, as the item of place 0. */
export const startOf = (id: Uint8Array): number => first48(id) - id[ITEM_BYTES - 1]!;

/** Number of the chunk that an id which begins so belongs to. */
export const numberOf = (start: number, level: number): number => Math.floor(start / widthOf(level));

/** Items that may be in one chunk: their range. */
const widthOf = (level: number): number => 2 ** (8 * ITEM_BYTES) / chunksOf(level);

export const keyOfChunk = ({ level, number, last }: Chunk): string => `${level} ${number} ${last.key}`;

export const rowOfChunk = ({ level, number, last }: Chunk): Uint8Array =>
  chunkRow(level, number, last.height / SEGMENT_BLOCKS, last.id);

/**
 * The items of a chunk, in ascending order. `places` has one list for each place: the beginnings of its ids, in ascending
 * order.
 */
export function itemsOf({ level, number }: Chunk, places: readonly Float64Array[]): Float64Array {
  const from = number * widthOf(level);
  const to = from + widthOf(level);
  const parts = places.map((starts) => starts.subarray(indexOf(starts, from), indexOf(starts, to)));
  const items = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
  let next = 0;
  for (const [place, starts] of parts.entries())
    for (const start of starts) items[next++] = start - (start % PLACES) + place;
  return items.sort();
}

/** The value of the chunk's row. */
export function encodeChunk(chunk: Chunk, items: Float64Array): Uint8Array {
  const bytes = new Uint8Array(ITEM_BYTES * items.length);
  const view = new DataView(bytes.buffer);
  for (const [i, item] of items.entries()) {
    view.setUint16(ITEM_BYTES * i, Math.floor(item / 2 ** 32));
    view.setUint32(ITEM_BYTES * i + 2, item % 2 ** 32);
  }
  return concat(checksumOf(chunk, bytes), bytes);
}

/** The items of a row; `undefined` if it isn't as it was written for this chunk. */
export function decodeChunk(chunk: Chunk, row: Uint8Array | undefined): Float64Array | undefined {
  if (row === undefined || row.length < HASH_BYTES || (row.length - HASH_BYTES) % ITEM_BYTES !== 0)
    return undefined;
  const bytes = row.slice(HASH_BYTES);
  if (!equalBytes(checksumOf(chunk, bytes), row.subarray(0, HASH_BYTES))) return undefined;
  const items = new Float64Array(bytes.length / ITEM_BYTES);
  for (let i = 0; i < items.length; i++) items[i] = first48(bytes.subarray(ITEM_BYTES * i));
  return items;
}

/** Places that have an id which begins so. */
export function lookUp(items: Float64Array, start: number): number[] {
  const places: number[] = [];
  for (let at = indexOf(items, start); at < items.length && items[at]! < start + PLACES; at++) {
    const place = items[at]! - start;
    if (places.at(-1) !== place) places.push(place);
  }
  return places;
}

function checksumOf(chunk: Chunk, bytes: Uint8Array): Uint8Array {
  return hash(DOMAIN.idSegment, rowOfChunk(chunk), bytes);
}

/** Index of the first item that is not below `least`. */
function indexOf(items: Float64Array, least: number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (items[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
