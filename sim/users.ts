/**
 * Owns the people of a world and the transfers they sign, as a wallet would. Every other one is funded at genesis; the
 * rest begin without an account and live on what they are sent.
 */
import type { Allocation } from '../chain/format/params.ts';
import type { Transaction } from '../chain/format/transaction.ts';
import { createSigner, type Signer } from '../wallet/identity.ts';
import { signTransfer } from '../wallet/sign.ts';
import type { Random } from './random.ts';

/** 10,000 PIER each. */
const FUNDS = 10_000_000_000;
const FOREVER = 2 ** 32 - 1;

export interface TransferOrder {
  readonly chainId: Uint8Array;
  readonly nonce: number;
  readonly to: Uint8Array;
  readonly amount: number;
  readonly feePerByte: number;
  /** Last height; for ever unless given. */
  readonly validUntil?: number;
}

export class Users {
  readonly all: readonly Signer[];

  constructor(random: Random, count: number) {
    this.all = Array.from({ length: count }, (_, i) => createSigner(random.fork(`user ${i}`).bytes(32)));
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

  transfer(user: number, order: TransferOrder): Transaction {
    const { chainId, nonce, to, amount, feePerByte, validUntil = FOREVER } = order;
    return signTransfer({
      chainId,
      nonce,
      validUntil,
      feePerByte,
      signer: this.all[user]!,
      outputs: [{ to, amount }],
    });
  }
}
