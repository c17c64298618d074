/** Owns the walk down the tree with many keys at once: a sorted list of which each subtree gets a run. */
import { assert } from '../errors.ts';
import { compareBytes } from '../format/bytes.ts';
import { keyBit } from './node-hash.ts';

export interface Keyed {
  /** 32 bytes. */
  readonly key: Uint8Array;
}

/** A new list in the order of the keys. */
export function sortByKey<T extends Keyed>(items: readonly T[]): T[] {
  for (const { key } of items) assert(key.length === 32, 'a key of the state has 32 bytes');
  return [...items].sort((a, b) => compareBytes(a.key, b.key));
}

/** Of the items `from` to `to - 1`, alike in all bits before `bit`: the first whose key has a 1 there, or `to`. */
export function splitAtBit(items: readonly Keyed[], bit: number, from: number, to: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keyBit(items[middle]!.key, bit) === 1) high = middle;
    else low = middle + 1;
  }
  return low;
}
