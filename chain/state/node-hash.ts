/**
 * Owns the hashes of the state tree. The root is a function of the content alone: ZERO_HASH for no entry, the leaf's
 * hash for one entry, and otherwise the inner hash of the roots of the entries with a 0 and with a 1 at the next bit of
 * the key, the most significant bit of byte 0 first. A leaf's hash doesn't depend on its depth.
 */
import { DOMAIN, hash, hashInto } from '../format/hash.ts';

/** Bits of a key, and so the largest depth of a leaf. */
export const KEY_BITS = 256;

/** Bit `index` (0 to 255) of a key: 0 or 1. */
export function keyBit(key: Uint8Array, index: number): number {
  return (key[index >>> 3]! >>> (7 - (index & 7))) & 1;
}

/** `entry` is the key (32 bytes) and the value's hash (32 bytes). */
export function leafHash(entry: Uint8Array): Uint8Array {
  return hash(DOMAIN.stateLeaf, entry);
}

export function innerHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return hash(DOMAIN.stateInner, left, right);
}

/** The leaf's hash of the 64 bytes from `at`, into `out` from `outAt`. */
export function leafHashInto(entry: Uint8Array, at: number, out: Uint8Array, outAt: number): void {
  hashInto(DOMAIN.stateLeaf, entry, at, out, outAt);
}

/** The inner hash of both children's, 64 bytes, into `out` from `outAt`. */
export function innerHashInto(children: Uint8Array, out: Uint8Array, outAt: number): void {
  hashInto(DOMAIN.stateInner, children, 0, out, outAt);
}
