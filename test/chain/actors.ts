/** Owns the people of the tests: their keys by name, and one short call for every kind of transaction they can send. */
import { addressOf, authKeyOf } from '../../chain/format/address.ts';
import { concat } from '../../chain/format/bytes.ts';
import { piecesRoot } from '../../chain/format/pieces.ts';
import {
  assembleTransaction,
  type Body,
  encodeUnsigned,
  type NewKey,
  possessionPayload,
  recordId,
  signingPayload,
  type Transaction,
} from '../../chain/format/transaction.ts';
import { hexOf } from './model/hex.ts';
import { type TestKey, testKey } from './model/signatures.ts';

const keys = new Map<string, TestKey>();
/** By authKey. */
const names = new Map<string, string>();

/** The key of that name. */
export function keyOf(name: string): TestKey {
  let key = keys.get(name);
  if (key === undefined) {
    key = testKey(name);
    keys.set(name, key);
    names.set(hexOf(authKeyOf(1, key.publicKey)), name);
  }
  return key;
}

/** The address of the account that begins with the key of that name. */
export const addressFor = (name: string): Uint8Array => addressOf(authKeyFor(name));
export const authKeyFor = (name: string): Uint8Array => authKeyOf(1, keyOf(name).publicKey);
export const recordFor = (creator: string, name: string): Uint8Array =>
  recordId(addressFor(creator), ascii(name));

/** What a transaction is made with; the builder fills in what a test leaves out. */
export interface Signing {
  readonly chainId: Uint8Array;
  readonly nonce: number;
  /** Name of the key that signs. */
  readonly key: string;
  readonly feePerByte: number;
}

export interface Options {
  readonly nonce?: number;
  readonly fee?: number;
  readonly validUntil?: number;
  /** Name of the key that signs, if not the one the account has. */
  readonly key?: string;
  /** Signs for another ledger. */
  readonly chainId?: Uint8Array;
  /** Spoils a signature: the sender's, or the new key's. */
  readonly forge?: 'signature' | 'proof';
}

/** A transaction to be: who sends it and what it says. */
export interface Draft extends Options {
  readonly from: string;
  readonly body: (signing: Signing) => Body;
}

type Send<A extends unknown[]> = (from: string, ...rest: [...A, Options?]) => Draft;

const draft = (from: string, options: Options | undefined, body: Draft['body']): Draft => ({
  ...options,
  from,
  body,
});

export const transfer: Send<[to: string, amount: number]> = (from, to, amount, options) =>
  transferMany(from, [[to, amount]], options);

export const transferMany = (
  from: string,
  outputs: [to: string, amount: number][],
  options?: Options,
): Draft =>
  draft(from, options, () => ({
    TAG: 'transfer',
    data: {
      outputs: outputs.map(([to, amount]) => ({ to: addressFor(to), amount })),
      memo: new Uint8Array(0),
    },
  }));

/** A small record whose content is on the ledger, unless `inline` is false. */
export const put = (
  from: string,
  name: string,
  content = 'content',
  options?: Options & { creator?: string; inline?: boolean },
): Draft =>
  draft(from, options, () => {
    const bytes = ascii(content);
    return {
      TAG: 'put',
      data: {
        creator: addressFor(options?.creator ?? from),
        name: ascii(name),
        root: piecesRoot(bytes),
        size: bytes.length,
        mediaType: ascii('text/plain'),
        inline: options?.inline === false ? null : bytes,
      },
    };
  });

export const give: Send<[record: Uint8Array, to: string]> = (from, record, to, options) =>
  draft(from, options, () => ({ TAG: 'give', data: { record, to: addressFor(to) } }));

export const drop: Send<[record: Uint8Array]> = (from, record, options) =>
  draft(from, options, () => ({ TAG: 'drop', data: { record } }));

export const rotate: Send<[newKey: string]> = (from, newKey, options) =>
  draft(from, options, (signing) => ({
    TAG: 'rotate',
    data: possession(signing, from, from, newKey, options),
  }));

export const setRecovery: Send<[account: string | null, delay: number]> = (from, account, delay, options) =>
  draft(from, options, () => ({
    TAG: 'setRecovery',
    data: { recovery: account === null ? null : { account: addressFor(account), delay } },
  }));

export const recover: Send<[target: string, newKey: string]> = (from, target, newKey, options) =>
  draft(from, options, (signing) => ({
    TAG: 'recover',
    data: { target: addressFor(target), ...possession(signing, from, target, newKey, options) },
  }));

export const veto: Send<[target: string]> = (from, target, options) =>
  draft(from, options, () => ({ TAG: 'veto', data: { target: addressFor(target) } }));

export const claim: Send<[target: string]> = (from, target, options) =>
  draft(from, options, () => ({ TAG: 'claim', data: { target: addressFor(target) } }));

export const revoke: Send<[]> = (from, options) => draft(from, options, () => ({ TAG: 'revoke', data: {} }));

function possession(
  { chainId, nonce }: Signing,
  sender: string,
  target: string,
  newKey: string,
  options: Options | undefined,
): NewKey {
  const { publicKey, sign } = keyOf(newKey);
  const message = possessionPayload(chainId, addressFor(sender), nonce, addressFor(target), 1, publicKey);
  const proof = sign(message);
  return { scheme: 1, publicKey, proof: options?.forge === 'proof' ? spoilt(proof) : proof };
}

/** Signs a draft; the fee is the least there may be unless the draft says otherwise. */
export function signDraft(given: Draft, signing: Signing): Transaction {
  const key = keyOf(signing.key);
  const fields = {
    version: 1,
    sender: addressFor(given.from),
    scheme: 1,
    publicKey: key.publicKey,
    nonce: signing.nonce,
    fee: given.fee ?? 0,
    validUntil: given.validUntil ?? 2 ** 32 - 1,
    body: given.body(signing),
  };
  // All fields have fixed widths, so the fee doesn't change the length that sets it.
  const fee = given.fee ?? signing.feePerByte * (encodeUnsigned(fields).length + 64);
  const bytes = encodeUnsigned({ ...fields, fee });
  const signature = key.sign(signingPayload(signing.chainId, bytes));
  return assembleTransaction(bytes, given.forge === 'signature' ? spoilt(signature) : signature);
}

/** One bit of S is wrong: still canonical, so only the curve can tell. */
function spoilt(signature: Uint8Array): Uint8Array {
  return concat(signature.subarray(0, 40), Uint8Array.of(signature[40]! ^ 1), signature.subarray(41));
}

export const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

/** Name of the key by what an account stores of it, if it was asked for before. */
export const keyNamed = (authKey: string): string | undefined => names.get(authKey);
