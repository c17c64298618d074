/**
 * Owns the way into the mempool: signatures, then a trial on the tip's state behind what the sender has waiting. The key
 * is checked before a transaction gets a place or replaces another, so nobody can hold up someone else's account.
 */
import { RuleError } from '../errors.ts';
import type { Transaction } from '../format/transaction.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { areMined } from '../ledger/queries.ts';
import type { Dropped, Mempool } from './mempool.ts';
import { Trial } from './trial.ts';

export interface AdmissionResult {
  /** The fault of each transaction, in order; `null` for those that are in the pool now. */
  readonly errors: readonly (RuleError | null)[];
  /** What was in the pool before and left it to make room, or was replaced. */
  readonly dropped: readonly Dropped[];
}

/** Transactions executed between two pauses: about 5 ms of work. */
const SLICE = 250;

/**
 * Tries to take transactions into the pool, in order. Of one batch a later transaction may rest on an earlier one of its
 * sender. `returning` are those that were in the pool or the chain before: the raised fee floor isn't for them. Never
 * rejects for what a transaction is. Until it resolves nobody else may change the pool or the chain.
 */
export async function admit(
  ledger: Ledger,
  pool: Mempool,
  transactions: readonly Transaction[],
  { returning = false }: { readonly returning?: boolean } = {},
): Promise<AdmissionResult> {
  const errors: (RuleError | null)[] = transactions.map(() => null);
  const attempt = (i: number, work: () => void): void => {
    if (errors[i] !== null) return;
    try {
      work();
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      errors[i] = error;
    }
  };
  const next = ledger.tip.height + 1;
  transactions.forEach((tx, i) => {
    attempt(i, () => pool.precheck(tx, next, returning));
  });
  const open = transactions.filter((_, i) => errors[i] === null);
  const verdicts = await ledger.verdicts.check(open);
  const mined = await areMined(
    ledger,
    open.map(({ id }) => id),
  );
  const facts = new Map(open.map((tx, i) => [tx, { signed: verdicts[i]!, mined: mined[i]! }]));
  const trial = await Trial.load(ledger, pool, open);
  const dropped = new Map<string, Dropped>();
  for (const [i, tx] of transactions.entries()) {
    attempt(i, () => {
      const fact = facts.get(tx)!;
      if (fact.mined) throw new RuleError('ALREADY_MINED');
      if (!fact.signed) throw new RuleError('BAD_SIGNATURE');
      pool.precheck(tx, next, returning);
      for (const gone of pool.add(tx, trial.execute(tx))) {
        dropped.set(gone.transaction.key, gone);
        // A replaced one is no loss to its queue; one that was pushed out is.
        if (gone.error.code === 'POOL_FULL') trial.forget(gone.transaction.sender);
      }
    });
    if (trial.executed < SLICE) continue;
    trial.executed = 0;
    await ledger.pause();
  }
  transactions.forEach((tx, i) => {
    const gone = dropped.get(tx.key);
    if (gone === undefined || errors[i] !== null) return;
    // It came and went within this batch.
    dropped.delete(tx.key);
    if (!pool.has(tx.key)) errors[i] = gone.error;
  });
  return { errors, dropped: [...dropped.values()] };
}
