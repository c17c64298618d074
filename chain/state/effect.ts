/** Owns what a transaction's kind answers once its checks have passed: what it costs, whom it touches, what it does. */
import { RuleError } from '../errors.ts';
import { MAX_AMOUNT } from '../format/amount.ts';
import type { Params } from '../format/params.ts';
import type { Recovery, Transaction } from '../format/transaction.ts';
import type { Account } from './entries.ts';
import type { AccountPlace, WorkingState } from './working-state.ts';

/** Where a transaction is executed. */
export interface ExecutionContext {
  readonly params: Params;
  /** Height of the block it is in. */
  readonly height: number;
  readonly state: WorkingState;
}

export interface Effect {
  /** Planks the sender must have, fee included. */
  readonly cost: number;
  /** Of the cost, what is burned for making accounts. */
  readonly burned: number;
  /** Accounts that it touches, each once; the sender's needn't be named. */
  readonly touched: readonly AccountPlace[];
  /** Id of the record it touches. */
  readonly record: Uint8Array | null;
  /** Carries it out, after the cost has been taken. Must not fail. */
  apply(sender: Account): void;
}

/** A kind's checks: they change nothing, and throw the first rule that is broken. */
export type KindRule = (tx: Transaction, sender: Account, context: ExecutionContext) => Effect;

/** Sum that stays an exact whole number; over the largest amount nobody can pay it. */
export function sum(a: number, b: number): number {
  const total = a + b;
  if (total > MAX_AMOUNT) throw new RuleError('OVERSPEND', 'the sum is over 2^53-1 planks');
  return total;
}

/** The recovery and the pending change of an account as of a height: a change that has waited long enough counts. */
export function recoveryAt(
  account: Account,
  height: number,
): { recovery: Recovery | null; pendingChange: Account['pendingChange'] } {
  const change = account.pendingChange;
  if (change !== null && height >= change.at) return { recovery: change.recovery, pendingChange: null };
  return { recovery: account.recovery, pendingChange: change };
}
