/** Owns the form of an account and a record in the referee's book, and the error for a broken rule. */

/** Who may recover an account, and how many blocks that waits. */
export interface Rescuer {
  /** Hex of the address. */
  readonly account: string;
  readonly delay: number;
}

export interface BookAccount {
  readonly balance: number;
  readonly nonce: number;
  /** Hex of the key's hash; `null` until the first transaction. */
  readonly key: string | null;
  /** Height from which the key is the account's. */
  readonly since: number;
  readonly deposits: number;
  readonly locked: boolean;
  readonly rescuer: Rescuer | null;
  /** Another rescuer, from a height on. */
  readonly change: { readonly rescuer: Rescuer | null; readonly at: number } | null;
  /** Another key, which may be claimed from a height on. */
  readonly rescue: { readonly key: string; readonly at: number } | null;
  /** 32 bytes. */
  readonly history: Uint8Array;
  readonly touches: number;
}

export interface BookRecord {
  /** Hex of the address. */
  readonly owner: string;
  readonly dropped: boolean;
  readonly deposit: number;
  readonly nameBytes: number;
  readonly revision: number;
  /** 32 bytes. */
  readonly history: Uint8Array;
  readonly touches: number;
}

export const NO_HISTORY = new Uint8Array(32);

/** An account as it is made at a height. */
export function emptyAccount(height: number): BookAccount {
  return {
    balance: 0,
    nonce: 0,
    key: null,
    since: height,
    deposits: 0,
    locked: false,
    rescuer: null,
    change: null,
    rescue: null,
    history: NO_HISTORY,
    touches: 0,
  };
}

/** An account with some fields changed. They are written out: spreading them takes V8 eight times as long. */
export function changed(account: BookAccount, fields: Partial<BookAccount>): BookAccount {
  const copy: BookAccount = {
    balance: account.balance,
    nonce: account.nonce,
    key: account.key,
    since: account.since,
    deposits: account.deposits,
    locked: account.locked,
    rescuer: account.rescuer,
    change: account.change,
    rescue: account.rescue,
    history: account.history,
    touches: account.touches,
  };
  return Object.assign(copy, fields);
}

/** A rule that a block broke. */
export class Foul extends Error {
  override readonly name = 'Foul';
}

export function demand(condition: boolean, rule: string): asserts condition {
  if (!condition) throw new Foul(rule);
}
