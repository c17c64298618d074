/**
 * Owns pieces of memory that many short-lived byte strings are cut from: V8 gets each array of more than 64 bytes from
 * the system, which costs ten times what copying a few hundred bytes does. A string keeps its whole piece alive, so this
 * is for what is let go soon, never for what a peer decides the keeping of. State: one piece.
 */

/** Longer strings get memory of their own, so that little of a piece is left over. */
const PART_MAX = 1 / 4;

export class Slab {
  readonly #pieceBytes: number;
  #piece = new Uint8Array(0);
  #at = 0;

  /** `pieceBytes`: how much one string may keep alive. */
  constructor(pieceBytes: number) {
    this.#pieceBytes = pieceBytes;
  }

  /** So many bytes, all zero, that nothing else has. */
  take(length: number): Uint8Array {
    if (length > this.#pieceBytes * PART_MAX) return new Uint8Array(length);
    if (this.#at + length > this.#piece.length) {
      this.#piece = new Uint8Array(this.#pieceBytes);
      this.#at = 0;
    }
    const from = this.#at;
    this.#at += length;
    return this.#piece.subarray(from, this.#at);
  }

  copy(bytes: Uint8Array): Uint8Array {
    const copy = this.take(bytes.length);
    copy.set(bytes);
    return copy;
  }
}
