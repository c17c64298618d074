/**
 * Owns the page being changed: its nodes spread out at fixed places, 2 KiB, until it is sealed into bytes again.
 * An update has one editor for each page on the path it is at, so at most 64.
 */
import { ZERO_HASH } from '../format/hash.ts';
import type { Slab } from '../format/slab.ts';
import { innerHashInto, leafHash, leafHashInto } from './node-hash.ts';
import { EMPTY, encodePage, INNER, LEAF, type NodeKind, Page, unpackPage } from './page.ts';

const SLOT_BYTES = 64;
const HASH_BYTES = 32;

export class PageEditor {
  #inner = 0;
  #leaf = 0;
  #verified = 0;
  readonly #slots = new Uint8Array(32 * SLOT_BYTES);
  readonly #words = new Uint32Array(this.#slots.buffer);
  /** The roots under two positions, as their parent hashes them. */
  readonly #pair = new Uint8Array(2 * HASH_BYTES);
  readonly #pairWords = new Uint32Array(this.#pair.buffer);

  /** Starts from a page, or from nothing at all. */
  open(page: Page | null): void {
    this.#inner = page === null ? 0 : page.inner;
    this.#leaf = page === null ? 0 : page.leaf;
    this.#verified = page === null ? 0 : page.verified;
    if (page !== null) unpackPage(page, this.#words);
  }

  kindAt(position: number): NodeKind {
    if ((this.#inner >>> position) & 1) return INNER;
    return (this.#leaf >>> position) & 1 ? LEAF : EMPTY;
  }

  /** Bytes of the node at an occupied position, good until it changes: a hash, or a key and a value hash. */
  nodeAt(position: number): Uint8Array {
    const start = position * SLOT_BYTES;
    return this.#slots.subarray(start, start + ((this.#inner >>> position) & 1 ? 32 : SLOT_BYTES));
  }

  /** Root of the subtree at the position. */
  hashAt(position: number): Uint8Array {
    const kind = this.kindAt(position);
    if (kind === EMPTY) return ZERO_HASH;
    return kind === INNER ? this.nodeAt(position) : leafHash(this.nodeAt(position));
  }

  /** True if there is nothing at the position, or the leaf of that key. */
  isFreeFor(position: number, key: Uint8Array): boolean {
    const kind = this.kindAt(position);
    if (kind !== LEAF) return kind === EMPTY;
    const start = position * SLOT_BYTES;
    for (let i = 0; i < 32; i++) if (this.#slots[start + i] !== key[i]) return false;
    return true;
  }

  clear(position: number): void {
    const others = ~(1 << position);
    this.#inner &= others;
    this.#leaf &= others;
    this.#verified &= others;
  }

  setLeaf(position: number, key: Uint8Array, valueHash: Uint8Array): void {
    this.clear(position);
    this.#leaf |= 1 << position;
    this.#slots.set(key, position * SLOT_BYTES);
    this.#slots.set(valueHash, position * SLOT_BYTES + 32);
  }

  setInner(position: number, hash: Uint8Array): void {
    this.clear(position);
    this.#inner |= 1 << position;
    this.#slots.set(hash, position * SLOT_BYTES);
  }

  /** Puts the root of another page at a position of this one. */
  setRootOf(position: number, child: PageEditor): void {
    const node = child.nodeAt(1);
    const kind = child.kindAt(1);
    if (kind === INNER) this.setInner(position, node);
    else if (kind === LEAF) this.setLeaf(position, node.subarray(0, 32), node.subarray(32));
    else this.clear(position);
  }

  /** Makes the node at a position above the bottom what its children say: nothing, their only leaf, or their hash. */
  settle(position: number): void {
    const left = 2 * position;
    const right = left + 1;
    const onlyChild = this.kindAt(left) === EMPTY ? right : this.kindAt(right) === EMPTY ? left : null;
    const kind = onlyChild === null ? INNER : this.kindAt(onlyChild);
    if (onlyChild !== null && kind === LEAF) {
      const leaf = this.nodeAt(onlyChild);
      this.setLeaf(position, leaf.subarray(0, 32), leaf.subarray(32));
      this.clear(onlyChild);
    } else if (kind === EMPTY) {
      this.clear(position);
    } else {
      this.#gather(left, 0);
      this.#gather(right, 1);
      this.clear(position);
      innerHashInto(this.#pair, this.#slots, position * SLOT_BYTES);
      this.#inner |= 1 << position;
      this.#verified |= 1 << position;
    }
  }

  /** Puts the root of a subtree into its half of the pair that its parent is the hash of. */
  #gather(position: number, half: number): void {
    const kind = this.kindAt(position);
    if (kind === LEAF) {
      leafHashInto(this.#slots, position * SLOT_BYTES, this.#pair, half * HASH_BYTES);
      return;
    }
    const from = position * (SLOT_BYTES / 4);
    const to = half * (HASH_BYTES / 4);
    for (let i = 0; i < HASH_BYTES / 4; i++)
      this.#pairWords[to + i] = kind === INNER ? this.#words[from + i]! : 0;
  }

  /** The page as it is now, in memory of the slab or of its own. */
  seal(memory: Slab | null): Page {
    const inner = this.#inner >>> 0;
    const leaf = this.#leaf >>> 0;
    return new Page(encodePage(inner, leaf, this.#words, memory), inner, leaf, this.#verified);
  }
}
