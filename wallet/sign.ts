/**
 * Owns making a signed transaction of any kind: the sender's fields filled in from a signer, the least fee worked out
 * from its size if none is given, a new key's proof of possession, the signature, and a check of the whole.
 */
import { assert, RuleError } from '../chain/errors.ts';
import { addAmounts, isAmount, MAX_AMOUNT } from '../chain/format/amount.ts';
import {
  assembleTransaction,
  type Body,
  encodeUnsigned,
  MEMO_BYTES_MAX,
  type NewKey,
  type Output,
  possessionPayload,
  SCHEME_ED25519,
  signedLength,
  signingPayload,
  TRANSACTION_VERSION,
  type Transaction,
  type UnsignedTransaction,
} from '../chain/format/transaction.ts';
import type { Signer } from './identity.ts';

/** The fee in planks, or what each byte pays. */
export type FeeChoice = { readonly fee: number } | { readonly feePerByte: number };

export interface SendingFields {
  /** 32 bytes: the ledger it is for; on any other it is worth nothing. */
  readonly chainId: Uint8Array;
  readonly signer: Signer;
  /** How many transactions the account has sent before, those that wait included. */
  readonly nonce: number;
  /** Last height it may be mined at. */
  readonly validUntil: number;
}

/** Signs `body`. Throws the `RuleError` that any node would refuse its bytes with. */
export function signTransaction(fields: SendingFields & FeeChoice & { readonly body: Body }): Transaction {
  const { chainId, signer, nonce, validUntil, body } = fields;
  assert(chainId.length === 32, 'a chain id has 32 bytes');
  const unsigned: UnsignedTransaction = {
    version: TRANSACTION_VERSION,
    sender: signer.address,
    scheme: SCHEME_ED25519,
    publicKey: signer.publicKey,
    nonce,
    fee: 'fee' in fields ? fields.fee : feeOf(body, fields.feePerByte),
    validUntil,
    body,
  };
  const bytes = encodeUnsigned(unsigned);
  return assembleTransaction(bytes, signer.sign(signingPayload(chainId, bytes)));
}

/** A transfer to one or more addresses. The memo is UTF-8 or bytes. */
export function signTransfer({
  outputs,
  memo = '',
  ...fields
}: SendingFields &
  FeeChoice & { readonly outputs: readonly Output[]; readonly memo?: string | Uint8Array }): Transaction {
  return signTransaction({ ...fields, body: transferBody(outputs, memo) });
}

/** What `signTransfer` signs. */
export function transferBody(outputs: readonly Output[], memo: string | Uint8Array): Body {
  // Told here, since one that can't be paid from any balance would wait for ever.
  outputs.reduce((sum, { amount }) => addAmounts(sum, amount), 0);
  return { TAG: 'transfer', data: { outputs: [...outputs], memo: memoOf(memo) } };
}

/** Bytes of the signed transaction. All its numbers have a fixed width, so they don't depend on the fee. */
export function sizeOf(body: Body): number {
  const unsigned: UnsignedTransaction = {
    version: TRANSACTION_VERSION,
    sender: new Uint8Array(20),
    scheme: SCHEME_ED25519,
    publicKey: new Uint8Array(32),
    nonce: 0,
    fee: 0,
    validUntil: 0,
    body,
  };
  return signedLength(unsigned);
}

/** The fee of `body` in planks at a price a byte; `RuleError('BAD_AMOUNT')` if that is no amount. */
export function feeOf(body: Body, feePerByte: number): number {
  if (!isAmount(feePerByte)) throw new RuleError('BAD_AMOUNT', `${feePerByte} planks a byte`);
  const size = sizeOf(body);
  if (feePerByte > MAX_AMOUNT / size)
    throw new RuleError('BAD_AMOUNT', `${feePerByte} planks a byte for ${size} bytes`);
  return feePerByte * size;
}

/**
 * The new key of a `rotate` (the target is the sender) or a `recover`, with its holder's proof, which is worth
 * something in the transaction of this sender with this nonce only.
 */
export function proveKey(
  newKey: Pick<Signer, 'publicKey' | 'sign'>,
  {
    chainId,
    sender,
    nonce,
    target = sender,
  }: { chainId: Uint8Array; sender: Uint8Array; nonce: number; target?: Uint8Array },
): NewKey {
  const payload = possessionPayload(chainId, sender, nonce, target, SCHEME_ED25519, newKey.publicKey);
  return { scheme: SCHEME_ED25519, publicKey: newKey.publicKey, proof: newKey.sign(payload) };
}

function memoOf(memo: string | Uint8Array): Uint8Array {
  const bytes = typeof memo === 'string' ? new TextEncoder().encode(memo) : memo;
  if (bytes.length > MEMO_BYTES_MAX) {
    throw new RuleError('OVERSIZE', `the memo has ${bytes.length} bytes, shorten it to ${MEMO_BYTES_MAX}`);
  }
  return bytes;
}
