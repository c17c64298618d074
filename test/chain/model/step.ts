/** Owns what the model's rules share: how they refuse, what a kind of transaction sees and what it gives back. */
import type { ErrorCode } from '../../../chain/errors.ts';
import type { Params } from '../../../chain/format/params.ts';
import type { Transaction } from '../../../chain/format/transaction.ts';
import { type Hex, hash, hexOf, number } from './hex.ts';
import type { ModelAccount, ModelState } from './state.ts';

/** The model's "no". */
export class Refusal extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode) {
    super(code);
    this.code = code;
  }
}

export function refuseIf(condition: boolean, code: ErrorCode): void {
  if (condition) throw new Refusal(code);
}

export interface Context {
  params: Params;
  state: ModelState;
  height: number;
  tx: Transaction;
  from: Hex;
  sender: ModelAccount;
  authKey: Hex;
}
/** What a kind does once its own checks have passed. `cost` is what it takes besides the fee. */
export interface Step {
  cost: bigint;
  touched: Hex[];
  record?: Hex;
  run(): void;
}

/** A pending change of the recovery account takes effect the first time the account is used after its height. */
export function use(state: ModelState, address: Hex, height: number): ModelAccount | undefined {
  const account = state.accounts.get(address);
  if (account?.pendingChange && height >= account.pendingChange.at) {
    account.recovery = account.pendingChange.recovery;
    account.pendingChange = null;
  }
  return account;
}

export const authKeyOf = (scheme: number, publicKey: Uint8Array): Hex =>
  hash('key', number(scheme, 1), hexOf(publicKey));
export const recordIdOf = (creator: Hex, name: Hex): Hex => hash('rec', creator, name);
