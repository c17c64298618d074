/** Owns the walk down the tree with many keys at once: a sorted list of which each subtree gets a run. */
import { assert } from '../errors.ts';
import { compareBytes, first48 } from '../format/bytes.ts';
import { keyBit } from './node-hash.ts';

export interface Keyed {
  /** 32 bytes. */
  readonly key: Uint8Array;
}

/** Lists shorter than this are sorted without preparation. */
const SHORT = 64;

/** The items in the order of the keys: the same list if they are in that order already. */
export function sortByKey<T extends Keyed>(items: readonly T[]): readonly T[] {
  let inOrder = true;
  for (let i = 0; i < items.length; i++) {
    const { key } = items[i]!;
    assert(key.length === 32, 'a key of the state has 32 bytes');
    if (inOrder && i > 0) inOrder = compareBytes(items[i - 1]!.key, key) <= 0;
  }
  if (inOrder) return items;
  if (items.length < SHORT) return [...items].sort((a, b) => compareBytes(a.key, b.key));
  // Comparing numbers is several times as fast; the keys are hashes, so most differ in their first bytes.
  const heads = Float64Array.from(items, ({ key }) => first48(key));
  return Array.from(items, (_, i) => i)
    .sort((a, b) => heads[a]! - heads[b]! || compareBytes(items[a]!.key, items[b]!.key))
    .map((i) => items[i]!);
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
