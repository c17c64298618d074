/** Owns the rule of `transfer`: money from the sender to one or more accounts. */
import { toHex } from '../format/bytes.ts';
import type { Output, Transaction } from '../format/transaction.ts';
import type { Effect, ExecutionContext, KindRule } from './effect.ts';
import { sum } from './effect.ts';
import type { Account } from './entries.ts';

export const transfer: KindRule = (
  tx: Transaction,
  _sender: Account,
  { params, height, state }: ExecutionContext,
): Effect => {
  const { outputs } = dataOf(tx);
  const recipients = new Map<string, Uint8Array>();
  let cost = tx.fee;
  for (const { to, amount } of outputs) {
    cost = sum(cost, amount);
    recipients.set(toHex(to), to);
  }
  let burned = 0;
  for (const to of recipients.values()) {
    if (state.account(to) === null) burned = sum(burned, params.prices.accountSurcharge);
  }
  return {
    cost: sum(cost, burned),
    burned,
    touched: [...recipients.values()],
    record: null,
    apply() {
      for (const { to, amount } of outputs) state.changeAccount(to, height).balance += amount;
    },
  };
};

function dataOf(tx: Transaction): { outputs: readonly Output[] } {
  if (tx.body.TAG !== 'transfer') throw new TypeError('not a transfer');
  return tx.body.data;
}
