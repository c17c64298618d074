/** Owns the rule of `transfer`: money from the sender to one or more accounts. */
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
  const places = outputs.map(({ to }) => state.placeOf(to));
  const recipients = places.length === 1 ? places : [...new Set(places)];
  let cost = tx.fee;
  for (const { amount } of outputs) cost = sum(cost, amount);
  let burned = 0;
  for (const place of recipients) {
    if (place.account() === null) burned = sum(burned, params.prices.accountSurcharge);
  }
  return {
    cost: sum(cost, burned),
    burned,
    touched: recipients,
    record: null,
    apply() {
      places.forEach((place, i) => {
        place.changeAccount(height).balance += outputs[i]!.amount;
      });
    },
  };
};

function dataOf(tx: Transaction): { outputs: readonly Output[] } {
  if (tx.body.TAG !== 'transfer') throw new TypeError('not a transfer');
  return tx.body.data;
}
