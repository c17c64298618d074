/**
 * Owns the block: a header and its transactions, and the checks that need their bytes alone (stage *structure*).
 * A body travels and is stored apart from its header.
 */
import { RuleError } from '../errors.ts';
import { equalBytes } from './bytes.ts';
import { byteString, decode, encode, list } from './codec.ts';
import { DOMAIN, hash } from './hash.ts';
import { HEADER_BYTES, type Header } from './header.ts';
import { txRoot } from './merkle.ts';
import { BLOCK_BYTES_MAX, type Limits } from './params.ts';
import {
  decodeIdentified,
  decodeTransaction,
  signatureCount,
  TRANSACTION_BYTES_MAX,
  type Transaction,
} from './transaction.ts';

export interface Block {
  readonly header: Header;
  readonly transactions: readonly Transaction[];
}

/** Most transactions a body can hold whatever a genesis allows; bounds the decoder. */
export const BODY_TRANSACTIONS_MAX = 65_536;
/** A body's count takes 4 bytes, and each transaction has its length before it, 2 bytes. */
const BODY_FIXED_BYTES = 4;
const TRANSACTION_FIXED_BYTES = 2;

const body = list(BODY_TRANSACTIONS_MAX, byteString(TRANSACTION_BYTES_MAX));

export function encodeBody(transactions: readonly Transaction[]): Uint8Array {
  return encode(
    body,
    transactions.map((tx) => tx.bytes),
  );
}

/** Decodes a body and checks the structure of each transaction in it. */
export function decodeBody(bytes: Uint8Array): Transaction[] {
  return splitBody(bytes).map(decodeTransaction);
}

/** The bytes of each transaction of a body; nothing of them is checked. 'MALFORMED' or 'OVERSIZE' if it is no body. */
export function splitBody(bytes: Uint8Array): Uint8Array[] {
  if (bytes.length > BLOCK_BYTES_MAX) throw new RuleError('OVERSIZE', `${bytes.length} bytes`);
  return decode(body, bytes);
}

/** The bytes of one transaction of an encoded body, without decoding the others; `null` if there aren't so many. */
export function transactionBytesAt(bytes: Uint8Array, index: number): Uint8Array | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = BODY_FIXED_BYTES;
  for (let i = 0; at + TRANSACTION_FIXED_BYTES <= bytes.length; i++) {
    const start = at + TRANSACTION_FIXED_BYTES;
    at = start + view.getUint16(at);
    if (i === index) return at <= bytes.length ? bytes.slice(start, at) : null;
  }
  return null;
}

/** The ids of the transactions of an encoded body, without decoding them. `RuleError('MALFORMED')` if it is none. */
export function transactionIds(bytes: Uint8Array): Uint8Array[] {
  return decode(body, bytes).map((transaction) => hash(DOMAIN.transaction, transaction));
}

/** Bytes that a transaction adds to its block. */
export function bytesInBlock(tx: Transaction): number {
  return tx.bytes.length + TRANSACTION_FIXED_BYTES;
}

/** Bytes of a block without transactions. */
export const EMPTY_BLOCK_BYTES = HEADER_BYTES + BODY_FIXED_BYTES;

/**
 * Checks that the transactions are those the header commits to, then their structure, then the ledger's limits. A
 * transaction is given decoded, or as the bytes that came. Returns them all decoded.
 *
 * The root comes first because it tells whose fault the others are. 'MUTATED_BODY' says nothing about the block: these
 * are other transactions than its own. Any other `RuleError` is a fault of the block itself, which is invalid for good.
 */
export function checkBody(
  header: Header,
  parts: readonly (Transaction | Uint8Array)[],
  limits: Limits,
): Transaction[] {
  const ids = parts.map((part) => (part instanceof Uint8Array ? hash(DOMAIN.transaction, part) : part.id));
  if (!equalBytes(txRoot(ids), header.txRoot)) throw new RuleError('MUTATED_BODY');
  const transactions = parts.map((part, i) =>
    part instanceof Uint8Array ? decodeIdentified(part, ids[i]!) : part,
  );
  checkLimits(transactions, limits);
  return transactions;
}

function checkLimits(transactions: readonly Transaction[], limits: Limits): void {
  let bytes = EMPTY_BLOCK_BYTES;
  let signatures = 0;
  for (const tx of transactions) {
    bytes += bytesInBlock(tx);
    signatures += signatureCount(tx);
  }
  if (bytes > limits.blockBytes)
    throw new RuleError('BLOCK_TOO_LARGE', `${bytes} of ${limits.blockBytes} bytes`);
  if (signatures > limits.blockSignatures) {
    throw new RuleError('TOO_MANY_SIGNATURES', `${signatures} of ${limits.blockSignatures}`);
  }
}
