/**
 * Owns the Merkle tree over a block's transaction ids and its proofs. An odd node is promoted, never duplicated, leaves
 * and inner nodes have different domains, and the root binds the count (CVE-2012-2459). Holds no state; a proof has at
 * most `TX_PROOF_SIBLINGS_MAX` hashes.
 */
import { assert, RuleError } from '../errors.ts';
import { concat, equalBytes, u32 } from './bytes.ts';
import { DOMAIN, hash, ZERO_HASH } from './hash.ts';

/** Levels above the leaves of a tree of 2^32-1 transactions. */
export const TX_PROOF_SIBLINGS_MAX = 32;

/** That a transaction id stands at `index` of the `count` in a block. */
export interface TxProof {
  readonly index: number;
  readonly count: number;
  /** 32 bytes each, from the leaf upwards; a level at which the node is promoted has none. */
  readonly siblings: readonly Uint8Array[];
}

/** Root (32 bytes) over the ids (32 bytes each) in block order. */
export function txRoot(ids: readonly Uint8Array[]): Uint8Array {
  let level = ids.map(leafOf);
  while (level.length > 1) level = levelAbove(level);
  return rootOf(ids.length, level[0] ?? ZERO_HASH);
}

/** Proof that `ids[index]` is there. */
export function proveTx(ids: readonly Uint8Array[], index: number): TxProof {
  assert(Number.isInteger(index) && index >= 0 && index < ids.length, 'the index is one of the ids');
  const siblings: Uint8Array[] = [];
  let level = ids.map(leafOf);
  let at = index;
  while (level.length > 1) {
    const sibling = level[at ^ 1];
    if (sibling !== undefined) siblings.push(sibling);
    level = levelAbove(level);
    at >>>= 1;
  }
  return { index, count: ids.length, siblings };
}

/** True if `proof` shows that `id` is under `root`. Never throws. */
export function verifyTxProof(root: Uint8Array, id: Uint8Array, proof: TxProof): boolean {
  const { index, count, siblings } = proof;
  if (id.length !== 32 || !isPlace(index, count) || siblings.length !== siblingCount(index, count))
    return false;
  let node = leafOf(id);
  let used = 0;
  let at = index;
  for (let width = count; width > 1; width = Math.ceil(width / 2)) {
    if (hasSibling(at, width)) {
      const sibling = siblings[used++]!;
      if (sibling.length !== 32) return false;
      node = isRight(at) ? innerOf(sibling, node) : innerOf(node, sibling);
    }
    at = Math.floor(at / 2);
  }
  return equalBytes(rootOf(count, node), root);
}

/** count u32, index u32, then the siblings, whose number follows from both. */
export function encodeTxProof(proof: TxProof): Uint8Array {
  assert(isPlace(proof.index, proof.count), 'a proof has a place');
  assert(
    proof.siblings.length === siblingCount(proof.index, proof.count),
    'a proof has the siblings of its place',
  );
  return concat(u32(proof.count), u32(proof.index), ...proof.siblings);
}

/** The proof of its one encoding; `RuleError('MALFORMED')` for anything else. */
export function decodeTxProof(bytes: Uint8Array): TxProof {
  if (bytes.length < 8 || bytes.length > 8 + 32 * TX_PROOF_SIBLINGS_MAX) {
    throw new RuleError('MALFORMED', `${bytes.length} bytes can't be a transaction's proof`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const count = view.getUint32(0);
  const index = view.getUint32(4);
  if (!isPlace(index, count)) throw new RuleError('MALFORMED', `index ${index} of ${count}`);
  const length = siblingCount(index, count);
  if (bytes.length !== 8 + 32 * length) throw new RuleError('MALFORMED', `expected ${length} siblings`);
  const siblings = Array.from({ length }, (_, i) => bytes.slice(8 + 32 * i, 40 + 32 * i));
  return { index, count, siblings };
}

const leafOf = (id: Uint8Array): Uint8Array => hash(DOMAIN.txLeaf, id);
const innerOf = (left: Uint8Array, right: Uint8Array): Uint8Array => hash(DOMAIN.txInner, left, right);
const rootOf = (count: number, top: Uint8Array): Uint8Array => hash(DOMAIN.txRoot, u32(count), top);
const isRight = (at: number): boolean => at % 2 === 1;
const hasSibling = (at: number, width: number): boolean => isRight(at) || at + 1 < width;

function levelAbove(level: readonly Uint8Array[]): Uint8Array[] {
  const above: Uint8Array[] = [];
  for (let i = 0; i < level.length; i += 2) {
    const right = level[i + 1];
    above.push(right === undefined ? level[i]! : innerOf(level[i]!, right));
  }
  return above;
}

function isPlace(index: number, count: number): boolean {
  return Number.isInteger(count) && count < 2 ** 32 && Number.isInteger(index) && index >= 0 && index < count;
}

function siblingCount(index: number, count: number): number {
  let siblings = 0;
  let at = index;
  for (let width = count; width > 1; width = Math.ceil(width / 2)) {
    if (hasSibling(at, width)) siblings++;
    at = Math.floor(at / 2);
  }
  return siblings;
}
