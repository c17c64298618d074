/** Owns the key tree: SLIP-0010 for Ed25519, which knows hardened children only, and Pier's path in it. */
import { hmac } from '@noble/hashes/hmac.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concat, u32 } from '../chain/format/bytes.ts';

/** BIP-44 coin type. Not registered in SLIP-0044: taken because it was free there when Pier was written. */
export const COIN_TYPE = 9470;

const HARDENED = 2 ** 31;
const MASTER_KEY = Uint8Array.from('ed25519 seed', (c) => c.charCodeAt(0));

/** A node of the tree: the 32-byte private key and what its children are derived with. Both are secret. */
export interface TreeNode {
  readonly privateKey: Uint8Array;
  readonly chainCode: Uint8Array;
}

/** m/44'/9470'/account'/0' as indices without the hardening bit. */
export function accountPath(account: number): number[] {
  return [44, COIN_TYPE, account, 0];
}

/** The root of the tree of a seed of 16 to 64 bytes. */
export function masterNode(seed: Uint8Array): TreeNode {
  return split(hmac(sha512, MASTER_KEY, seed));
}

/** The hardened child `index`', 0 to 2^31-1. */
export function childNode(parent: TreeNode, index: number): TreeNode {
  if (!Number.isInteger(index) || index < 0 || index >= HARDENED)
    throw new RangeError(`child index ${index}`);
  const message = concat(Uint8Array.of(0), parent.privateKey, u32(index + HARDENED));
  try {
    return split(hmac(sha512, parent.chainCode, message));
  } finally {
    message.fill(0);
  }
}

/** The node at a path of hardened indices. Nodes on the way are erased. */
export function deriveNode(seed: Uint8Array, path: readonly number[]): TreeNode {
  let node = masterNode(seed);
  for (const index of path) {
    const parent = node;
    try {
      node = childNode(parent, index);
    } finally {
      eraseNode(parent);
    }
  }
  return node;
}

/** Overwrites both halves. */
export function eraseNode(node: TreeNode): void {
  node.privateKey.fill(0);
  node.chainCode.fill(0);
}

function split(digest: Uint8Array): TreeNode {
  const node = { privateKey: digest.slice(0, 32), chainCode: digest.slice(32) };
  digest.fill(0);
  return node;
}
