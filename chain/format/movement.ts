/** Owns what a transaction means to one of the accounts it touches: what it moved, and who is on the other side. */
import { equalBytes } from './bytes.ts';
import type { Transaction } from './transaction.ts';

/** What the transfer moved to the account, less what it moved away and the fee; other kinds have no amount. */
export function amountFor(account: Uint8Array, tx: Transaction): number | null {
  if (tx.body.TAG !== 'transfer') return null;
  const sends = equalBytes(tx.sender, account);
  let change = sends ? -tx.fee : 0;
  for (const { to, amount } of tx.body.data.outputs) {
    if (sends) change -= amount;
    if (equalBytes(to, account)) change += amount;
  }
  return change;
}

/** Whom a transaction is about beside its sender: the account itself if it is among the recipients. */
export function counterpartOf(account: Uint8Array, { body, sender }: Transaction): Uint8Array | null {
  switch (body.TAG) {
    case 'transfer': {
      const { outputs } = body.data;
      const own = equalBytes(sender, account) ? undefined : outputs.find(({ to }) => equalBytes(to, account));
      return (own ?? outputs[0]!).to;
    }
    case 'give':
      return body.data.to;
    case 'recover':
    case 'veto':
    case 'claim':
      return body.data.target;
    default:
      return null;
  }
}
