/** Owns where a transaction was mined, as index rows have it. */
import type { HeaderNode } from '../consensus/header-tree.ts';
import { toBigInt } from '../format/bytes.ts';
import { Slab } from '../format/slab.ts';
import { writeU32 } from './store-keys.ts';

/** Memory of rows, which are let go once they are written. */
const rows = new Slab(8 * 1024);

export interface Place {
  readonly height: number;
  /** In the block, from 0. */
  readonly index: number;
}

const PLACE_BYTES = 8;
/** Of the block's id, the last ones: the first are zeros, which it was mined for. */
const BLOCK_BYTES = 8;

/** Height u32, index u32, then `rest`. */
export function placeBytes({ height, index }: Place, rest: Uint8Array): Uint8Array {
  const bytes = rows.take(PLACE_BYTES + rest.length);
  writeU32(bytes, 0, height);
  writeU32(bytes, 4, index);
  bytes.set(rest, PLACE_BYTES);
  return bytes;
}

/** The place at the start of a row, whatever follows; `null` if the row is too short. */
export function readPlace(row: Uint8Array): Place | null {
  if (row.length < PLACE_BYTES) return null;
  return { height: Number(toBigInt(row.subarray(0, 4))), index: Number(toBigInt(row.subarray(4, 8))) };
}

/** The row of a transaction: its place, and which block that is, so that a row of another branch is seen to be one. */
export function minedBytes(block: HeaderNode, index: number): Uint8Array {
  return placeBytes({ height: block.height, index }, block.id.subarray(-BLOCK_BYTES));
}

/** The place in such a row; `null` unless `blockAt` has that block at its height. */
export function readMined(
  row: Uint8Array,
  blockAt: (height: number) => HeaderNode | undefined,
): (Place & { readonly block: HeaderNode }) | null {
  const place = readPlace(row);
  const block = place === null ? undefined : blockAt(place.height);
  if (place === null || block === undefined || row.length !== PLACE_BYTES + BLOCK_BYTES) return null;
  for (let i = 1; i <= BLOCK_BYTES; i++) if (row.at(-i) !== block.id.at(-i)) return null;
  return { ...place, block };
}
