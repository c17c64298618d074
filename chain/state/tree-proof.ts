/**
 * Owns proofs that the state holds a value under a key, or nothing. A proof is at most 256 siblings and one leaf.
 * Holds no state.
 */
import { RuleError } from '../errors.ts';
import { compareBytes, concat, equalBytes } from '../format/bytes.ts';
import { ZERO_HASH } from '../format/hash.ts';
import { innerHash, KEY_BITS, keyBit, leafHash } from './node-hash.ts';

/** What stands at the end of the key's path. */
export type ProofEnd =
  /** The key's own leaf. */
  | { readonly kind: 'present' }
  /** Nothing. */
  | { readonly kind: 'empty' }
  /** The leaf of another key, which is alone in its subtree. */
  | { readonly kind: 'other'; readonly key: Uint8Array; readonly valueHash: Uint8Array };

export interface TreeProof {
  /** Roots of the subtrees beside the path, from the root of the tree down; ZERO_HASH for an empty one. */
  readonly siblings: readonly Uint8Array[];
  readonly end: ProofEnd;
}

/** True if `proof` shows that the state under `root` has this value hash at `key`, or nothing if `null`. Never throws. */
export function verifyProof(
  root: Uint8Array,
  key: Uint8Array,
  valueHash: Uint8Array | null,
  proof: TreeProof,
): boolean {
  const { siblings, end } = proof;
  const depth = siblings.length;
  if (key.length !== 32 || depth > KEY_BITS || siblings.some((sibling) => sibling.length !== 32))
    return false;
  if ((valueHash !== null) !== (end.kind === 'present')) return false;
  let node: Uint8Array = ZERO_HASH;
  if (end.kind === 'present') {
    if (valueHash === null || valueHash.length !== 32) return false;
    node = leafHash(concat(key, valueHash));
  } else if (end.kind === 'other') {
    if (end.key.length !== 32 || end.valueHash.length !== 32 || compareBytes(end.key, key) === 0)
      return false;
    if (sharedBits(end.key, key) < depth) return false;
    node = leafHash(concat(end.key, end.valueHash));
  }
  for (let level = depth - 1; level >= 0; level--) {
    const sibling = siblings[level]!;
    node = keyBit(key, level) === 0 ? innerHash(node, sibling) : innerHash(sibling, node);
  }
  return equalBytes(node, root);
}

const END_BYTE = { present: 0, empty: 1, other: 2 } as const;

/**
 * Depth u16, a bitmap of the siblings that aren't empty (most significant bit first, padded with zeros), those
 * siblings (32 bytes each), then how it ends: 0 present, 1 empty, 2 and another leaf's key and value hash.
 */
export function encodeProof(proof: TreeProof): Uint8Array {
  const { siblings, end } = proof;
  const bitmap = new Uint8Array(Math.ceil(siblings.length / 8));
  const present: Uint8Array[] = [];
  for (const [i, sibling] of siblings.entries()) {
    if (equalBytes(sibling, ZERO_HASH)) continue;
    bitmap[i >>> 3]! |= 0x80 >>> (i & 7);
    present.push(sibling);
  }
  const depth = Uint8Array.of(siblings.length >>> 8, siblings.length);
  const leaf = end.kind === 'other' ? [end.key, end.valueHash] : [];
  return concat(depth, bitmap, ...present, Uint8Array.of(END_BYTE[end.kind]), ...leaf);
}

/** The proof of its one encoding; `RuleError('MALFORMED')` for anything else. */
export function decodeProof(bytes: Uint8Array): TreeProof {
  let at = 0;
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.length) throw new RuleError('MALFORMED', 'a proof ends too soon');
    at += length;
    return bytes.slice(at - length, at);
  };
  const [high, low] = take(2);
  const depth = high! * 256 + low!;
  if (depth > KEY_BITS) throw new RuleError('MALFORMED', `a proof of depth ${depth}`);
  const bitmap = take(Math.ceil(depth / 8));
  if ((depth & 7) !== 0 && (bitmap[bitmap.length - 1]! & (0xff >>> (depth & 7))) !== 0) {
    throw new RuleError('MALFORMED', 'padding bits are not zero');
  }
  const siblings: Uint8Array[] = [];
  for (let i = 0; i < depth; i++) {
    const sibling = keyBit(bitmap, i) === 1 ? take(32) : null;
    if (sibling !== null && equalBytes(sibling, ZERO_HASH))
      throw new RuleError('MALFORMED', 'an empty sibling is written');
    siblings.push(sibling ?? ZERO_HASH);
  }
  const end = decodeEnd(take(1)[0]!, take);
  if (at !== bytes.length) throw new RuleError('MALFORMED', 'bytes after a proof');
  return { siblings, end };
}

function decodeEnd(byte: number, take: (length: number) => Uint8Array): ProofEnd {
  if (byte === END_BYTE.present) return { kind: 'present' };
  if (byte === END_BYTE.empty) return { kind: 'empty' };
  if (byte === END_BYTE.other) return { kind: 'other', key: take(32), valueHash: take(32) };
  throw new RuleError('MALFORMED', `a proof ends in ${byte}`);
}

/** Leading bits two different keys have in common. */
function sharedBits(a: Uint8Array, b: Uint8Array): number {
  let bit = 0;
  while (keyBit(a, bit) === keyBit(b, bit)) bit++;
  return bit;
}
