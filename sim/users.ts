/**
 * Owns the people of a world, the keys they have and the transactions they sign, as a wallet would. Every other one is
 * funded at genesis; the rest begin without an account and live on what they are sent. Grows with the keys they make.
 */
import { toHex } from '../chain/format/bytes.ts';
import type { Allocation } from '../chain/format/params.ts';
import { piecesRoot } from '../chain/format/pieces.ts';
import { type Body, type Output, recordId, type Transaction } from '../chain/format/transaction.ts';
import { createSigner, identityOf, type Signer } from '../wallet/identity.ts';
import { feeOf, signTransaction } from '../wallet/sign.ts';
import type { Random } from './random.ts';

/** 10,000 PIER each. */
const FUNDS = 10_000_000_000;
const FOREVER = 2 ** 32 - 1;
const NOTHING = new Uint8Array(0);

export interface Order {
  readonly chainId: Uint8Array;
  readonly nonce: number;
  readonly feePerByte: number;
  readonly body: Body;
  /** Instead of what the bytes cost. */
  readonly fee?: number;
  readonly validUntil?: number;
  /** Hash of the key to sign with; the user's first key unless given. */
  readonly authKey?: Uint8Array;
}

/** Signs with a 32-byte private key as RFC 8032 says, which leaves no choice: a quicker way to the same bytes. */
export type Sign = (privateKey: Uint8Array, message: Uint8Array) => Uint8Array;

/** A signer of the world. */
export function makeSigner(privateKey: Uint8Array, sign: Sign | undefined, address?: Uint8Array): Signer {
  const signer = createSigner(privateKey, address);
  return sign === undefined ? signer : { ...signer, sign: (message) => sign(privateKey, message) };
}

export class Users {
  /** Each with its first key. */
  readonly all: readonly Signer[];
  readonly #random: Random;
  readonly #sign: Sign | undefined;
  /** By hash of the key in hex: who made it, and its signer. */
  readonly #keys = new Map<string, Signer>();

  constructor(random: Random, count: number, sign?: Sign) {
    this.#random = random;
    this.#sign = sign;
    this.all = Array.from({ length: count }, (_, i) => makeSigner(random.fork(`user ${i}`).bytes(32), sign));
  }

  get allocations(): Allocation[] {
    return this.all.filter((_, i) => this.isFunded(i)).map(({ address }) => ({ address, amount: FUNDS }));
  }

  isFunded(user: number): boolean {
    return user % 2 === 0;
  }

  address(user: number): Uint8Array {
    return this.all[user]!.address;
  }

  /** A further key for a user's account. */
  newKey(user: number): Signer {
    const secret = this.#random.fork(`user ${user} key ${this.#keys.size}`).bytes(32);
    const signer = makeSigner(secret, this.#sign, this.address(user));
    this.#keys.set(toHex(identityOf(secret).authKey), signer);
    return signer;
  }

  /** Signs with the key asked for, as far as somebody here made it. */
  sign(user: number, order: Order): Transaction {
    const { chainId, nonce, feePerByte, body, fee = feeOf(body, feePerByte), validUntil = FOREVER } = order;
    const signer = (order.authKey && this.#keys.get(toHex(order.authKey))) ?? this.all[user]!;
    return signTransaction({ chainId, signer, nonce, fee, validUntil, body });
  }

  transferMany(outputs: readonly Output[], memo: Uint8Array): Body {
    return { TAG: 'transfer', data: { outputs: [...outputs], memo } };
  }

  transfer(to: number, amount: number): Body {
    return { TAG: 'transfer', data: { outputs: [{ to: this.address(to), amount }], memo: NOTHING } };
  }

  /** A small record, new or revised, that `creator` named. */
  put(creator: number, name: number, content: Uint8Array): Body {
    return {
      TAG: 'put',
      data: {
        creator: this.address(creator),
        name: Uint8Array.of(name),
        root: piecesRoot(content),
        size: content.length,
        mediaType: NOTHING,
        inline: content,
      },
    };
  }

  give(creator: number, name: number, to: number): Body {
    return { TAG: 'give', data: { record: this.#record(creator, name), to: this.address(to) } };
  }

  drop(creator: number, name: number): Body {
    return { TAG: 'drop', data: { record: this.#record(creator, name) } };
  }

  #record(creator: number, name: number): Uint8Array {
    return recordId(this.address(creator), Uint8Array.of(name));
  }
}
