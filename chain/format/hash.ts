/**
 * Owns every hash and signature domain. All hashing in Pier is SHA-256 over an 8-byte ASCII domain followed by the
 * parts, so a hash made for one use is never worth anything in another. The one exception is the content root of a
 * file, which is BitTorrent's (BEP 52) and has no domain: see `pieces.ts`.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { SHORT_BYTES, sha256Into, sha256Short } from './sha256.ts';
import type { Slab } from './slab.ts';

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

/** Each domain is exactly 8 bytes, so no domain is the prefix of another's input. */
export const DOMAIN = {
  /** Header: proof of work and block id. */
  header: ascii('pier/hdr'),
  /** Genesis parameters, placed in the genesis header's txRoot. */
  genesis: ascii('pier/gen'),
  /** Transaction id: all bytes, signature included. */
  transaction: ascii('pier/txi'),
  /** Signed payload of a transaction (signature domain). */
  transactionSignature: ascii('pier/txs'),
  /** Proof of possession of a new key (signature domain). */
  possessionSignature: ascii('pier/pop'),
  /** Handshake transcript (signature domain). */
  handshakeSignature: ascii('pier/hsk'),
  /** Merkle tree of transactions: leaf, inner node, root with its count. */
  txLeaf: ascii('pier/txl'),
  txInner: ascii('pier/txn'),
  txRoot: ascii('pier/txr'),
  /** Merkle mountain range of headers: inner node, root with its count and work. */
  historyInner: ascii('pier/mmn'),
  historyRoot: ascii('pier/mmr'),
  /** State tree: key, value, leaf, inner node. */
  stateKey: ascii('pier/sky'),
  stateValue: ascii('pier/svl'),
  stateLeaf: ascii('pier/slf'),
  stateInner: ascii('pier/sin'),
  /** Key that may sign for an account. */
  authKey: ascii('pier/key'),
  /** Record id: creator and name. */
  record: ascii('pier/rec'),
  /** Chain of the transactions that touched an account or a record. */
  history: ascii('pier/his'),
  /** End of a proof's file, over all before it. */
  proofFile: ascii('pier/prf'),
  /** End of the file in which a client keeps the chain it has verified. */
  clientChain: ascii('pier/cch'),
  /** Checksum of a client's record of signed transactions. It is in the first line and covers the lines below. */
  outbox: ascii('pier/obx'),
  /** Head of a file of frames, the mark of its frames, and each frame. */
  fileHead: ascii('pier/fhd'),
  fileMark: ascii('pier/fmk'),
  fileFrame: ascii('pier/ffr'),
  /** Short ids of the block relay, and their per-connection key. */
  shortIdKey: ascii('pier/sik'),
  shortId: ascii('pier/sid'),
  /** Place of an address in a node's own book, under a secret of that node. */
  addressBucket: ascii('pier/adb'),
  /** Row of the ids that some blocks of a node's own store hold. */
  idSegment: ascii('pier/ids'),
} as const;

/** SHA-256 of the domain and the parts, one after the other. Returns 32 bytes. */
export function hash(domain: Uint8Array, ...parts: Uint8Array[]): Uint8Array {
  const length = lengthOf(domain, parts);
  if (length <= SHORT_BYTES) return sha256Short(domain, parts);
  const message = new Uint8Array(length);
  message.set(domain, 0);
  let at = domain.length;
  for (const part of parts) {
    message.set(part, at);
    at += part.length;
  }
  return sha256(message);
}

/** The same in memory of the slab: for hashes that are let go with many others. */
export function hashIn(memory: Slab, domain: Uint8Array, ...parts: Uint8Array[]): Uint8Array {
  const isShort = lengthOf(domain, parts) <= SHORT_BYTES;
  return isShort ? sha256Short(domain, parts, memory.take(32)) : hash(domain, ...parts);
}

function lengthOf(domain: Uint8Array, parts: readonly Uint8Array[]): number {
  let { length } = domain;
  for (const part of parts) length += part.length;
  return length;
}

/** The same of the domain and 64 bytes from `at`, into `out` from `outAt`: for nodes of trees, dozens a block. */
export function hashInto(
  domain: Uint8Array,
  bytes: Uint8Array,
  at: number,
  out: Uint8Array,
  outAt: number,
): void {
  sha256Into(domain, bytes, at, out, outAt);
}

/** 32 zero bytes: "nothing here" in every tree. Never write to it. */
export const ZERO_HASH = new Uint8Array(32);
