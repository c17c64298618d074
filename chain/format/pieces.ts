/**
 * Owns the content root of a file: the BitTorrent v2 "pieces root" (BEP 52), so that a record names the same bytes
 * a torrent of that file does. Leaves are SHA-256 of 16 KiB blocks (the last one as short as it is); the layer of
 * leaves is filled up with zero hashes to a power of two; an inner node is SHA-256(left‖right).
 *
 * It has no domain, unlike all other hashes here, because the format is BitTorrent's. That is safe: a root is only
 * ever compared to another root together with the file's size, never read as a node of our own trees.
 * BEP 52 gives an empty file no root; here it is 32 zero bytes.
 *
 * State: one hash a level, at most 40 for the largest file whose size is a safe integer, and one open block.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { concat } from './bytes.ts';
import { ZERO_HASH } from './hash.ts';

/** Bytes of a leaf's block. */
export const PIECE_BLOCK_BYTES = 16 * 1024;

/** Root of a file that comes in parts. Memory grows with the logarithm of its size. */
export class PiecesHasher {
  /** Roots of the complete subtrees so far, by height: slot h holds one if bit h of the leaf count is set. */
  readonly #subtrees: (Uint8Array | undefined)[] = [];
  #block = sha256.create();
  #blockBytes = 0;
  #size = 0;
  #root: Uint8Array | undefined;

  /** Bytes taken so far. */
  get size(): number {
    return this.#size;
  }

  /** Takes the next bytes of the file. Not after `digest`. Returns itself. */
  update(data: Uint8Array): this {
    if (this.#root !== undefined) throw new Error('the root has been taken already');
    for (let at = 0; at < data.length; ) {
      const end = Math.min(data.length, at + PIECE_BLOCK_BYTES - this.#blockBytes);
      this.#block.update(data.subarray(at, end));
      this.#blockBytes += end - at;
      at = end;
      if (this.#blockBytes === PIECE_BLOCK_BYTES) this.#closeBlock();
    }
    this.#size += data.length;
    return this;
  }

  /** The root, 32 bytes. Ends the file; further calls give the same root. */
  digest(): Uint8Array {
    if (this.#root === undefined) {
      if (this.#blockBytes > 0) this.#closeBlock();
      this.#root = this.#foldSubtrees();
    }
    return this.#root.slice();
  }

  #closeBlock(): void {
    let node: Uint8Array = this.#block.digest();
    this.#block = sha256.create();
    this.#blockBytes = 0;
    // Like adding one to a binary counter: equal heights merge and carry.
    let height = 0;
    for (; this.#subtrees[height] !== undefined; height++) {
      node = innerNode(this.#subtrees[height]!, node);
      this.#subtrees[height] = undefined;
    }
    this.#subtrees[height] = node;
  }

  #foldSubtrees(): Uint8Array {
    let node: Uint8Array | undefined;
    /** Root of a tree of zero hashes as high as the slot looked at. */
    let padding: Uint8Array = ZERO_HASH;
    const top = this.#subtrees.length - 1;
    for (let height = 0; height < top; height++) {
      const subtree = this.#subtrees[height];
      if (subtree !== undefined) node = innerNode(subtree, node ?? padding);
      else if (node !== undefined) node = innerNode(node, padding);
      padding = innerNode(padding, padding);
    }
    const highest = this.#subtrees[top];
    if (highest === undefined) return ZERO_HASH;
    return node === undefined ? highest : innerNode(highest, node);
  }
}

/** Root of a whole file, 32 bytes. */
export function piecesRoot(data: Uint8Array): Uint8Array {
  return new PiecesHasher().update(data).digest();
}

function innerNode(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concat(left, right));
}
