/** Owns how the mempool follows the chain: what was mined leaves, what a reorganisation displaced comes back. */
import { RuleError } from '../errors.ts';
import type { Block } from '../format/block.ts';
import { compareBytes } from '../format/bytes.ts';
import type { Transaction } from '../format/transaction.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { displaced } from '../ledger/queue.ts';
import type { TipChange } from '../ledger/tip-change.ts';
import { accountName } from '../state/entries.ts';
import { accountsOf } from '../state/execute.ts';
import type { Admission } from './admission.ts';
import type { Dropped, Mempool } from './mempool.ts';
import { mayPass } from './waiting.ts';

export interface PoolChange {
  /** Displaced by a reorganisation and waiting again. */
  readonly returned: readonly Transaction[];
  /** Good before a reorganisation, not yet again: they rest on others that it displaced. To be tried again. */
  readonly early: readonly Transaction[];
  /** Gone for good, with the reason. */
  readonly dropped: readonly Dropped[];
}

/** Brings the pool from one tip to the next. */
export async function followTip(admission: Admission, change: TipChange): Promise<PoolChange> {
  admission.tipChanged();
  const { ledger, pool } = admission;
  const { connected, disconnected } = change;
  const stale = staleSenders(pool, change);
  for (const { transactions } of connected) pool.removeMined(transactions);
  const dropped: Dropped[] = pool.expire(ledger.tip.height + 1);
  const back = displaced(disconnected.toReversed(), connected);
  const again = [...back, ...stale.flatMap((sender) => pool.takeQueue(sender))].sort(bySenderAndNonce);
  if (again.length === 0) return { returned: [], early: [], dropped };
  const { errors, dropped: pushedOut } = await admission.admit(again, { returning: true });
  dropped.push(...pushedOut);
  const early: Transaction[] = [];
  again.forEach((tx, i) => {
    const error = errors[i]!;
    const gone = error !== null && error.code !== 'ALREADY_KNOWN' && error.code !== 'ALREADY_MINED';
    if (!gone || pool.has(tx.key)) return;
    if (disconnected.length > 0 && mayPass(error)) early.push(tx);
    else dropped.push(...pool.drop(tx, reasonOf(error)));
  });
  const returned = back.filter(({ key }) => pool.has(key));
  return { returned, early, dropped };
}

/** Accounts that blocks of the active chain have changed. */
export function accountsChanged(ledger: Ledger, blocks: readonly Block[]): Uint8Array[] {
  return blocks.flatMap(({ header, transactions }) => {
    const accounts = transactions.flatMap(accountsOf);
    const matured = ledger.activeAt(header.height - ledger.params.reward.maturity);
    return matured === undefined ? accounts : [...accounts, matured.header.miner];
  });
}

/** A used nonce in the pool means that another transaction of the sender was mined instead. */
function reasonOf(error: RuleError): RuleError {
  return error.code === 'NONCE_USED'
    ? new RuleError('NONCE_USED', 'another transaction with its nonce was mined')
    : error;
}

/**
 * Senders whose queue may no longer hold on the new tip: those that something mined touches, and those with something
 * about a recovery, which another's transaction or the height alone can make bad. A queue whose own first transactions
 * were mined still holds: its nonces follow on, and what it costs was counted.
 */
function staleSenders(pool: Mempool, { connected, disconnected }: TipChange): Uint8Array[] {
  if (disconnected.length > 0) return pool.senders();
  const stale = new Map<string, Uint8Array>();
  const note = (address: Uint8Array): void => {
    if (pool.queueOf(address).length > 0) stale.set(accountName(address), address);
  };
  for (const address of pool.fickleSenders()) stale.set(accountName(address), address);
  for (const { transactions } of connected) {
    for (const tx of transactions) {
      if (tx.body.TAG !== 'transfer') accountsOf(tx).forEach(note);
      else if (!pool.has(tx.key)) note(tx.sender);
    }
  }
  return [...stale.values()];
}

function bySenderAndNonce(a: Transaction, b: Transaction): number {
  return compareBytes(a.sender, b.sender) || a.nonce - b.nonce;
}
