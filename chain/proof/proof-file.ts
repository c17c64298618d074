/**
 * Owns the format of a proof as one file: what is proved, the path from it to the header of its block, that header's
 * place in the history of a later one (the tip), and the place of the genesis there. docs/PROOFS.md has the offsets.
 * Bounded by `PROOF_BYTES_MAX`; every list and byte string has a bound of its own. Holds no state.
 */
import { HISTORY_SIBLINGS_MAX, type HistorySibling } from '../consensus/history-proof.ts';
import { RuleError } from '../errors.ts';
import { concat, equalBytes } from '../format/bytes.ts';
import {
  byteString,
  type Codec,
  decode,
  encode,
  fixed,
  list,
  optional,
  positive,
  struct,
  tagged,
  u53,
} from '../format/codec.ts';
import { DOMAIN, hash } from '../format/hash.ts';
import { HEADER_BYTES } from '../format/header.ts';
import { TX_PROOF_SIBLINGS_MAX } from '../format/merkle.ts';
import { TRANSACTION_BYTES_MAX } from '../format/transaction.ts';

/** As hex it must fit an answer of a node. */
export const PROOF_BYTES_MAX = 2 * 1024 * 1024;
/** Transactions of a history in one file. */
export const HISTORY_TRANSACTIONS_MAX = 65_535;
/** Nothing in the state is larger: a record with a full name, media type and content takes 1,295 bytes. */
const ENTRY_BYTES_MAX = 2_048;
/** Depth, bitmap and siblings of the deepest path, its end, and another leaf. */
const STATE_PATH_BYTES_MAX = 2 + 32 + 256 * 32 + 1 + 64;
const TX_PATH_BYTES_MAX = 8 + 32 * TX_PROOF_SIBLINGS_MAX;

/** "PIERPRF" and the version of the format. */
const MAGIC = Uint8Array.of(0x50, 0x49, 0x45, 0x52, 0x50, 0x52, 0x46);
export const PROOF_VERSION = 1;
const CHECKSUM_BYTES = 32;

/** What ties a block to the genesis and to the header that all is seen from. */
export interface Anchor {
  /** Header of the tip, 181 bytes. */
  readonly tip: Uint8Array;
  /** Place of the genesis in the tip's history; nothing if the tip is the genesis itself. */
  readonly genesis: HistorySibling[];
  /** Header of the proved block, 181 bytes, and its place in the tip's history; `null` if it is the tip. */
  readonly block: { readonly header: Uint8Array; readonly place: HistorySibling[] } | null;
}

/** A value of the state, or its absence, under the block's state root. */
export interface StateClaim {
  /** As `encodeProof` of `state/tree-proof.ts` writes it. */
  readonly path: Uint8Array;
  /** The entry's bytes; `null` if there is none. */
  readonly entry: Uint8Array | null;
}

/** The transactions that touched an entry, whose value has their hash and count. */
export interface HistoryClaim {
  readonly path: Uint8Array;
  readonly entry: Uint8Array;
  /** History hash and count before the first of `transactions`: zeros if they are the whole. */
  readonly earlier: { readonly hash: Uint8Array; readonly count: number };
  /** Bytes of each, oldest first. */
  readonly transactions: Uint8Array[];
}

export type Proof =
  | { readonly TAG: 'block'; readonly data: Anchor }
  | { readonly TAG: 'account'; readonly data: Anchor & StateClaim & { readonly address: Uint8Array } }
  | { readonly TAG: 'record'; readonly data: Anchor & StateClaim & { readonly record: Uint8Array } }
  | { readonly TAG: 'supply'; readonly data: Anchor & StateClaim }
  | {
      readonly TAG: 'transaction';
      /** `path` as `encodeTxProof` writes it. */
      readonly data: Anchor & { readonly transaction: Uint8Array; readonly path: Uint8Array };
    }
  | {
      readonly TAG: 'accountHistory';
      readonly data: Anchor & HistoryClaim & { readonly address: Uint8Array };
    }
  | {
      readonly TAG: 'recordHistory';
      readonly data: Anchor & HistoryClaim & { readonly record: Uint8Array };
    };

export type ProofKind = Proof['TAG'];

const headerBytes = fixed(HEADER_BYTES);
const place: Codec<HistorySibling[]> = list(
  HISTORY_SIBLINGS_MAX,
  struct<HistorySibling>({ hash: fixed(32), work: positive }),
);
const anchor = {
  tip: headerBytes,
  genesis: place,
  block: optional(struct<NonNullable<Anchor['block']>>({ header: headerBytes, place })),
};
const statePath = byteString(STATE_PATH_BYTES_MAX);
const entry = byteString(ENTRY_BYTES_MAX);
const state = { path: statePath, entry: optional(entry) };
const history = {
  path: statePath,
  entry,
  earlier: struct({ hash: fixed(32), count: u53 }),
  transactions: list(HISTORY_TRANSACTIONS_MAX, byteString(TRANSACTION_BYTES_MAX)),
};
const address = fixed(20);
const record = fixed(32);

const claim = tagged<Proof>({
  block: [1, struct(anchor)],
  account: [2, struct({ ...anchor, address, ...state })],
  record: [3, struct({ ...anchor, record, ...state })],
  supply: [4, struct({ ...anchor, ...state })],
  transaction: [
    5,
    struct({
      ...anchor,
      transaction: byteString(TRANSACTION_BYTES_MAX),
      path: byteString(TX_PATH_BYTES_MAX),
    }),
  ],
  accountHistory: [6, struct({ ...anchor, address, ...history })],
  recordHistory: [7, struct({ ...anchor, record, ...history })],
});

/** Bytes of the file. `RuleError('OVERSIZE')` if they are more than one may have. */
export function encodeProofFile(proof: Proof): Uint8Array {
  const content = concat(MAGIC, Uint8Array.of(PROOF_VERSION), encode(claim, proof));
  if (content.length + CHECKSUM_BYTES > PROOF_BYTES_MAX) {
    throw new RuleError('OVERSIZE', `a proof of ${content.length + CHECKSUM_BYTES} bytes`);
  }
  return seal(content);
}

/** The content of a file and the hash that binds it. */
export function seal(content: Uint8Array): Uint8Array {
  return concat(content, hash(DOMAIN.proofFile, content));
}

/**
 * What the outside of a file tells: 'whole', 'foreign' (no proof at all), 'version' (of another version), or 'damaged'
 * (its bytes are not those that were written). Says nothing about whether it proves anything.
 */
export function inspectProofFile(bytes: Uint8Array): 'whole' | 'foreign' | 'version' | 'damaged' {
  if (!equalBytes(bytes.subarray(0, MAGIC.length), MAGIC)) return 'foreign';
  if (bytes[MAGIC.length] !== PROOF_VERSION) return 'version';
  if (bytes.length <= CHECKSUM_BYTES || bytes.length > PROOF_BYTES_MAX) return 'damaged';
  const end = bytes.length - CHECKSUM_BYTES;
  const checksum = hash(DOMAIN.proofFile, bytes.subarray(0, end));
  return equalBytes(checksum, bytes.subarray(end)) ? 'whole' : 'damaged';
}

/** The proof of its one encoding, nothing of it verified; `RuleError` ('MALFORMED' or 'OVERSIZE') for anything else. */
export function decodeProofFile(bytes: Uint8Array): Proof {
  const outside = inspectProofFile(bytes);
  if (outside !== 'whole') throw new RuleError('MALFORMED', `the file is ${outside}`);
  return decode(claim, Uint8Array.from(bytes.subarray(MAGIC.length + 1, bytes.length - CHECKSUM_BYTES)));
}
