/** Owns the made-up ids of the frozen vectors, and the flipping of bits. */
import { createHash } from 'node:crypto';

/** SHA-256 of "vector i". */
export function vectorId(i: number): Uint8Array {
  return new Uint8Array(createHash('sha256').update(`vector ${i}`).digest());
}

export function vectorIds(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => vectorId(i));
}

/** A copy with one bit changed, counted from the most significant of byte 0. */
export function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice();
  copy[bit >>> 3]! ^= 0x80 >>> (bit & 7);
  return copy;
}
