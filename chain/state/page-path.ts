/**
 * Owns where a page stands: a depth and the bits that lead there. In memory a path is a short string, one character for
 * the depth and one for each byte of the bits, so that maps can be keyed by it; in the store it is the same bytes behind
 * a prefix. There is one version of each page: the tip's.
 */

import { Slab } from '../format/slab.ts';

/** Memory of pages' keys, which are let go once they are read or written. */
const keys = new Slab(8 * 1024);

/** Levels of the tree in one page. */
export const PAGE_LEVELS = 4;

/** First byte of every page's key in the store. */
export const PAGE_PREFIX = 0x70; // 'p'

/** There are at most 273 pages down to here. */
const SHALLOW_DEPTH = 8;

export type PagePath = string;

/** The page at the root of the tree. */
export const ROOT_PATH: PagePath = '\0';

/** Path of the page at `depth` (a multiple of 4, at most 252) on the way to `key`. */
export function pagePath(key: Uint8Array, depth: number): PagePath {
  const whole = depth >>> 3;
  let path = String.fromCharCode(depth);
  for (let i = 0; i < whole; i++) path += String.fromCharCode(key[i]!);
  return (depth & 7) === 0 ? path : path + String.fromCharCode(key[whole]! & 0xf0);
}

/** Key of the page in the store: prefix, depth u8, the bits that lead there in whole bytes, unused bits zero. */
export function pageKey(path: PagePath): Uint8Array {
  const key = keys.take(1 + path.length);
  key[0] = PAGE_PREFIX;
  for (let i = 0; i < path.length; i++) key[i + 1] = path.charCodeAt(i);
  return key;
}

/** True for the few pages near the root, which most updates change. */
export const isShallow = (path: PagePath): boolean => path.charCodeAt(0) <= SHALLOW_DEPTH;
