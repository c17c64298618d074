/** Owns the people of a world: accounts funded at genesis, and the transfers they sign, as a wallet would. */
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
    return this.all.map(({ address }) => ({ address, amount: FUNDS }));
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
