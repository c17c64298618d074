/**
 * Owns the transaction: its bytes, its id, what is signed, and the checks that need its bytes alone (stage *structure*).
 *
 * The format of every kind is fixed here for good. Layout (big-endian; offsets in docs/PROTOCOL.md):
 * version 1, sender 20, scheme 1, publicKey 32, nonce 8, fee 8, validUntil 4, kind 1, body, signature 64.
 */
import { isValidPublicKey, SIGNATURE_BYTES } from '../crypto/ed25519.ts';
import { RuleError } from '../errors.ts';
import type { SignatureCheck } from '../ledger/ports.ts';
import { concat, equalBytes, u64 } from './bytes.ts';
import {
  byteString,
  type Codec,
  decode,
  encode,
  fixed,
  lengthOf,
  list,
  optional,
  struct,
  tagged,
  u8,
  u32,
  u53,
} from './codec.ts';
import { DOMAIN, hash } from './hash.ts';
import { keyOfId } from './id-key.ts';
import { piecesRoot } from './pieces.ts';

export const TRANSACTION_VERSION = 1;
/** The only signature scheme: Ed25519 under rule L-strict. */
export const SCHEME_ED25519 = 1;

/** Most outputs of one transfer: one byte counts them. */
export const OUTPUTS_MAX = 255;
export const MEMO_BYTES_MAX = 256;
export const NAME_BYTES_MAX = 64;
export const MEDIA_TYPE_BYTES_MAX = 64;
export const INLINE_BYTES_MAX = 1024;
/** Blocks a recovery may wait at most, so that a height and a delay still fit 4 bytes. */
export const RECOVERY_DELAY_MAX = 2 ** 31 - 1;
/** Upper bound of any transaction: a transfer of 255 outputs with a full memo takes 7,538 bytes. */
export const TRANSACTION_BYTES_MAX = 8192;

export interface Output {
  /** Address, 20 bytes. */
  readonly to: Uint8Array;
  /** Planks, at least 1. */
  readonly amount: number;
}

/** A new key with its owner's signature over `possessionPayload`. */
export interface NewKey {
  readonly scheme: number;
  readonly publicKey: Uint8Array;
  readonly proof: Uint8Array;
}

/** Who may recover an account, and how many blocks a recovery waits. */
export interface Recovery {
  readonly account: Uint8Array;
  readonly delay: number;
}

export type Body =
  | { readonly TAG: 'transfer'; readonly data: { readonly outputs: Output[]; readonly memo: Uint8Array } }
  | { readonly TAG: 'put'; readonly data: Put }
  | { readonly TAG: 'give'; readonly data: { readonly record: Uint8Array; readonly to: Uint8Array } }
  | { readonly TAG: 'drop'; readonly data: { readonly record: Uint8Array } }
  | { readonly TAG: 'rotate'; readonly data: NewKey }
  | { readonly TAG: 'setRecovery'; readonly data: { readonly recovery: Recovery | null } }
  | { readonly TAG: 'recover'; readonly data: NewKey & { readonly target: Uint8Array } }
  | { readonly TAG: 'veto'; readonly data: { readonly target: Uint8Array } }
  | { readonly TAG: 'claim'; readonly data: { readonly target: Uint8Array } }
  | { readonly TAG: 'revoke'; readonly data: Record<string, never> };

/** Creates a record, or revises it. `creator` and `name` give its id, so a later owner names the same record. */
export interface Put {
  readonly creator: Uint8Array;
  readonly name: Uint8Array;
  /** BEP 52 pieces root of the content. */
  readonly root: Uint8Array;
  /** Bytes of the content. */
  readonly size: number;
  readonly mediaType: Uint8Array;
  /** The content itself, if it is at most 1 KiB and its owner wants it on the ledger. */
  readonly inline: Uint8Array | null;
}

export type Kind = Body['TAG'];

/** What the sender decides; everything but the signature. */
export interface UnsignedTransaction {
  readonly version: number;
  /** Address of the account that pays. */
  readonly sender: Uint8Array;
  readonly scheme: number;
  readonly publicKey: Uint8Array;
  /** How many transactions the account has sent before. */
  readonly nonce: number;
  /** Planks for the miner. */
  readonly fee: number;
  /** Last height it may be mined at. */
  readonly validUntil: number;
  readonly body: Body;
}

/** A decoded transaction with the bytes it came from. Immutable; `key` is the hex of `id`. */
export interface Transaction extends UnsignedTransaction {
  readonly signature: Uint8Array;
  readonly bytes: Uint8Array;
  readonly id: Uint8Array;
  readonly key: string;
}

const address = fixed(20);
const newKeyFields = { scheme: u8, publicKey: fixed(32), proof: fixed(64) };
const recovery: Codec<Recovery> = struct({ account: address, delay: u32 });
const output: Codec<Output> = struct({ to: address, amount: u53 });
const put: Codec<Put> = struct({
  creator: address,
  name: byteString(NAME_BYTES_MAX),
  root: fixed(32),
  size: u53,
  mediaType: byteString(MEDIA_TYPE_BYTES_MAX),
  inline: optional(byteString(INLINE_BYTES_MAX)),
});

const body = tagged<Body>({
  transfer: [1, struct({ outputs: list(OUTPUTS_MAX, output), memo: byteString(MEMO_BYTES_MAX) })],
  put: [2, put],
  give: [3, struct({ record: fixed(32), to: address })],
  drop: [4, struct({ record: fixed(32) })],
  rotate: [5, struct(newKeyFields)],
  setRecovery: [6, struct({ recovery: optional(recovery) })],
  recover: [7, struct({ target: address, ...newKeyFields })],
  veto: [8, struct({ target: address })],
  claim: [9, struct({ target: address })],
  revoke: [10, struct<Record<string, never>>({})],
});

const unsigned = struct<UnsignedTransaction>({
  version: u8,
  sender: address,
  scheme: u8,
  publicKey: fixed(32),
  nonce: u53,
  fee: u53,
  validUntil: u32,
  body,
});

const signed = struct({ unsigned, signature: fixed(64) });

/** The bytes that `signature` follows. */
export function encodeUnsigned(tx: UnsignedTransaction): Uint8Array {
  return encode(unsigned, tx);
}

/** Bytes of the signed transaction. */
export function signedLength(tx: UnsignedTransaction): number {
  return lengthOf(unsigned, tx) + SIGNATURE_BYTES;
}

/** What the sender signs: domain, chain id (32), and all bytes but the signature. */
export function signingPayload(chainId: Uint8Array, unsignedBytes: Uint8Array): Uint8Array {
  return concat(...signingParts(chainId, unsignedBytes));
}

function signingParts(chainId: Uint8Array, unsignedBytes: Uint8Array): Uint8Array[] {
  return [DOMAIN.transactionSignature, chainId, unsignedBytes];
}

/** What the holder of a new key signs, so that nobody can hand an account to a key that isn't there. */
export function possessionPayload(
  chainId: Uint8Array,
  sender: Uint8Array,
  nonce: number,
  target: Uint8Array,
  scheme: number,
  publicKey: Uint8Array,
): Uint8Array {
  return concat(
    DOMAIN.possessionSignature,
    chainId,
    sender,
    u64(nonce),
    target,
    Uint8Array.of(scheme),
    publicKey,
  );
}

/** Joins the parts of a signed transaction and checks its structure. */
export function assembleTransaction(unsignedBytes: Uint8Array, signature: Uint8Array): Transaction {
  return decodeOwn(concat(unsignedBytes, signature));
}

/**
 * Decodes and checks the structure of a transaction: all that its bytes alone can tell but the signatures
 * (see `signatureChecks`). Throws a `RuleError` of kind 'malformed'.
 */
export function decodeTransaction(encoded: Uint8Array): Transaction {
  return decodeIdentified(encoded);
}

/** `decodeTransaction` of bytes whose id is known already. */
export function decodeIdentified(encoded: Uint8Array, id?: Uint8Array): Transaction {
  if (encoded.length > TRANSACTION_BYTES_MAX) throw new RuleError('OVERSIZE', `${encoded.length} bytes`);
  // A copy: a transaction is kept long after the message or block that brought it.
  return decodeOwn(new Uint8Array(encoded), id);
}

/** `decodeTransaction` of bytes that nothing else holds. */
function decodeOwn(bytes: Uint8Array, known?: Uint8Array): Transaction {
  const { unsigned: tx, signature } = decode(signed, bytes);
  checkStructure(tx);
  const id = known ?? hash(DOMAIN.transaction, bytes);
  // Written out: spreading the decoded fields takes V8 twice as long as all the rest.
  return {
    version: tx.version,
    sender: tx.sender,
    scheme: tx.scheme,
    publicKey: tx.publicKey,
    nonce: tx.nonce,
    fee: tx.fee,
    validUntil: tx.validUntil,
    body: tx.body,
    signature,
    bytes,
    id,
    key: keyOfId(id),
  };
}

function checkStructure(tx: UnsignedTransaction): void {
  if (tx.version !== TRANSACTION_VERSION) throw new RuleError('BAD_VERSION', String(tx.version));
  checkKey(tx.scheme, tx.publicKey);
  switch (tx.body.TAG) {
    case 'transfer': {
      const { outputs } = tx.body.data;
      if (outputs.length === 0) throw new RuleError('BAD_AMOUNT', 'a transfer without outputs');
      if (outputs.some(({ amount }) => amount === 0)) throw new RuleError('BAD_AMOUNT', 'no amount');
      break;
    }
    case 'put':
      checkContent(tx.body.data);
      break;
    case 'rotate':
    case 'recover':
      checkKey(tx.body.data.scheme, tx.body.data.publicKey);
      break;
    case 'setRecovery':
      checkDelay(tx.body.data.recovery);
      break;
  }
}

function checkDelay(recovery: Recovery | null): void {
  if (recovery === null) return;
  if (recovery.delay === 0 || recovery.delay > RECOVERY_DELAY_MAX)
    throw new RuleError('BAD_DELAY', String(recovery.delay));
}

function checkKey(scheme: number, publicKey: Uint8Array): void {
  if (scheme !== SCHEME_ED25519) throw new RuleError('BAD_SCHEME', String(scheme));
  if (!isValidPublicKey(publicKey)) throw new RuleError('BAD_KEY');
}

function checkContent(data: Put): void {
  if (data.name.length === 0) throw new RuleError('BAD_NAME');
  if (data.inline === null) return;
  if (data.inline.length !== data.size) throw new RuleError('BAD_CONTENT', 'size');
  if (!equalBytes(piecesRoot(data.inline), data.root)) throw new RuleError('BAD_CONTENT', 'content root');
}

/** How many signatures it costs to check it: the sender's, and that of a new key. */
export function signatureCount(tx: UnsignedTransaction): number {
  return tx.body.TAG === 'rotate' || tx.body.TAG === 'recover' ? 2 : 1;
}

/** The signatures that make it valid on the ledger `chainId`. */
export function signatureChecks(tx: Transaction, chainId: Uint8Array): SignatureCheck[] {
  const unsignedBytes = tx.bytes.subarray(0, tx.bytes.length - 64);
  const checks: SignatureCheck[] = [
    { publicKey: tx.publicKey, message: signingParts(chainId, unsignedBytes), signature: tx.signature },
  ];
  if (tx.body.TAG === 'rotate' || tx.body.TAG === 'recover') {
    const { scheme, publicKey, proof } = tx.body.data;
    const target = tx.body.TAG === 'recover' ? tx.body.data.target : tx.sender;
    const message = possessionPayload(chainId, tx.sender, tx.nonce, target, scheme, publicKey);
    checks.push({ publicKey, message: [message], signature: proof });
  }
  return checks;
}

/** Id of the record that `creator` named `name`: nobody else can make it, so a name can't be front-run. */
export function recordId(creator: Uint8Array, name: Uint8Array): Uint8Array {
  return hash(DOMAIN.record, creator, name);
}
