/**
 * Owns a page: up to four levels of the state tree under one node, in one canonical byte string. Positions are those
 * of a heap: 1 is the page's root, 2 and 3 its children, 16 to 31 the bottom, where an inner node's children are in
 * a page of their own. A subtree of one entry or none never has a page, except the tree's own root page, which may
 * hold a single leaf at position 1.
 *
 * Bytes: bitmap of the inner nodes u32, bitmap of the leaves u32 (bit p for position p), then each node in order of
 * position: 32 bytes (hash) for an inner node, 64 (key, value hash) for a leaf. At most 8 + 15·32 + 16·64 bytes.
 */
import { CorruptStoreError } from '../errors.ts';
import { equalBytes } from '../format/bytes.ts';
import { ZERO_HASH } from '../format/hash.ts';
import type { Slab } from '../format/slab.ts';
import { innerHash, leafHash } from './node-hash.ts';

export const ROOT_POSITION = 1;
/** Positions from here on are the page's lowest level. */
export const FIRST_BOTTOM = 16;

export const EMPTY = 0;
export const INNER = 1;
export const LEAF = 2;
export type NodeKind = typeof EMPTY | typeof INNER | typeof LEAF;

const HEAD_BYTES = 8;
const INNER_BYTES = 32;
const LEAF_BYTES = 64;

/** Immutable but for the note of what has been checked. */
export class Page {
  /** The canonical bytes. */
  readonly bytes: Uint8Array;
  readonly inner: number;
  readonly leaf: number;
  /** Bit p: the children of the inner node at p are known to hash to it. Each is checked once, when first visited. */
  verified: number;

  constructor(bytes: Uint8Array, inner: number, leaf: number, verified: number) {
    this.bytes = bytes;
    this.inner = inner;
    this.leaf = leaf;
    this.verified = verified;
  }

  /** True if nothing else is in its memory. */
  get isAlone(): boolean {
    return this.bytes.length === this.bytes.buffer.byteLength;
  }

  /** The same page in memory that nothing else is in. */
  alone(): Page {
    if (this.isAlone) return this;
    return new Page(this.bytes.slice(), this.inner, this.leaf, this.verified);
  }

  kindAt(position: number): NodeKind {
    if ((this.inner >>> position) & 1) return INNER;
    return (this.leaf >>> position) & 1 ? LEAF : EMPTY;
  }

  /** The bytes of the node at an occupied position, not copied: a hash, or a key and a value hash. */
  nodeAt(position: number): Uint8Array {
    const below = (1 << position) - 1;
    const start =
      HEAD_BYTES + INNER_BYTES * countBits(this.inner & below) + LEAF_BYTES * countBits(this.leaf & below);
    return this.bytes.subarray(start, start + ((this.inner >>> position) & 1 ? INNER_BYTES : LEAF_BYTES));
  }

  /** Root of the subtree at the position. */
  hashAt(position: number): Uint8Array {
    const kind = this.kindAt(position);
    if (kind === EMPTY) return ZERO_HASH;
    return kind === INNER ? this.nodeAt(position) : leafHash(this.nodeAt(position));
  }

  /** Throws `CorruptStoreError` unless the inner node above the bottom at `position` is the hash of its children. */
  check(position: number): void {
    if ((this.verified >>> position) & 1) return;
    const computed = innerHash(this.hashAt(2 * position), this.hashAt(2 * position + 1));
    if (!equalBytes(computed, this.nodeAt(position))) {
      throw new CorruptStoreError('a state page does not hash to its root');
    }
    this.verified |= 1 << position;
  }
}

/**
 * Writes the canonical bytes of the nodes at the positions in the bitmaps, into memory of the slab or of their own. `slots`
 * has 64 bytes a position.
 */
export function encodePage(inner: number, leaf: number, slots: Uint32Array, memory: Slab | null): Uint8Array {
  const bytes = bytesOf(memory, pageBytes(inner, leaf));
  for (let i = 0; i < 4; i++) {
    bytes[i] = inner >>> (24 - 8 * i);
    bytes[4 + i] = leaf >>> (24 - 8 * i);
  }
  // Word by word, in whatever order this machine has: nothing looks into the words.
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  let at = HEAD_BYTES / 4;
  for (let left = inner | leaf; left !== 0; left &= left - 1) {
    const position = lowestBit(left);
    const size = wordsAt(inner, position);
    const from = (LEAF_BYTES / 4) * position;
    for (let i = 0; i < size; i++) words[at + i] = slots[from + i]!;
    at += size;
  }
  return bytes;
}

/** Reads the nodes of `page` into `slots`, 64 bytes a position. */
export function unpackPage(page: Page, slots: Uint32Array): void {
  const { bytes, inner, leaf } = page;
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  let at = HEAD_BYTES / 4;
  for (let left = inner | leaf; left !== 0; left &= left - 1) {
    const position = lowestBit(left);
    const size = wordsAt(inner, position);
    const to = (LEAF_BYTES / 4) * position;
    for (let i = 0; i < size; i++) slots[to + i] = words[at + i]!;
    at += size;
  }
}

/**
 * The page of bytes from the store, copied into memory of the slab or of its own; `CorruptStoreError` unless they have the
 * shape of a page.
 */
export function decodePage(stored: Uint8Array, memory: Slab | null): Page {
  if (stored.length < HEAD_BYTES) throw new CorruptStoreError('a state page is too short');
  const inner = bitmapAt(stored, 0);
  const leaf = bitmapAt(stored, 4);
  if (stored.length !== pageBytes(inner, leaf) || !isWellFormed(inner, leaf)) {
    throw new CorruptStoreError('a state page has a shape no page has');
  }
  const bytes = bytesOf(memory, stored.length);
  bytes.set(stored);
  return new Page(bytes, inner, leaf, 0);
}

function bitmapAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** Memory for a page, which begins at a whole word: pages take whole words, and nothing else is in their slabs. */
const bytesOf = (memory: Slab | null, length: number): Uint8Array =>
  memory === null ? new Uint8Array(length) : memory.take(length);

/** True if each node is where a tree can have one and nothing that would have been folded up is left unfolded. */
function isWellFormed(inner: number, leaf: number): boolean {
  if ((inner & leaf) !== 0) return false;
  const occupied = inner | leaf;
  if ((occupied & 3) !== 1 << ROOT_POSITION) return false;
  for (let position = ROOT_POSITION; position < FIRST_BOTTOM; position++) {
    const isInner = (inner >>> position) & 1;
    const children = (occupied >>> (2 * position)) & 3;
    if (!isInner && children !== 0) return false;
    const leaves = (leaf >>> (2 * position)) & 3;
    if (isInner && (children === 0 || (children !== 3 && children === leaves))) return false;
  }
  return true;
}

function pageBytes(inner: number, leaf: number): number {
  return HEAD_BYTES + INNER_BYTES * countBits(inner) + LEAF_BYTES * countBits(leaf);
}

/** Words of the node at an occupied position. */
function wordsAt(inner: number, position: number): number {
  return (inner >>> position) & 1 ? INNER_BYTES / 4 : LEAF_BYTES / 4;
}

/** Place of the lowest bit that is set. */
function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}

function countBits(word: number): number {
  let v = word - ((word >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
