/**
 * Owns the way into the mempool: signatures, then a trial on the tip's state behind what the sender has waiting. The key
 * is checked before a transaction gets a place or replaces another, so nobody can hold up someone else's account.
 */
import { RuleError } from '../errors.ts';
import { toHex } from '../format/bytes.ts';
import type { Transaction } from '../format/transaction.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { areMined, getEntries } from '../ledger/queries.ts';
import type { ExecutionContext } from '../state/effect.ts';
import { TOTALS, type EntryRef } from '../state/entries.ts';
import { accessList, checkAuthority, executeTransaction } from '../state/execute.ts';
import { WorkingState } from '../state/working-state.ts';
import type { Dropped, Mempool, PoolEntry } from './mempool.ts';

export interface AdmissionResult {
  /** The fault of each transaction, in order; `null` for those taken. */
  readonly errors: readonly (RuleError | null)[];
  /** What left the pool to make room, or was replaced. */
  readonly dropped: readonly Dropped[];
}

/**
 * Tries to take transactions into the pool, in order. Of one batch a later transaction may rest on an earlier one of its
 * sender. Never rejects for what a transaction is.
 */
export async function admit(
  ledger: Ledger,
  pool: Mempool,
  transactions: readonly Transaction[],
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
    attempt(i, () => pool.precheck(tx, next));
  });
  const open = transactions.filter((_, i) => errors[i] === null);
  const verdicts = await ledger.verdicts.check(open);
  const mined = await areMined(
    ledger,
    open.map(({ id }) => id),
  );
  const facts = new Map(open.map((tx, i) => [tx, { signed: verdicts[i]!, mined: mined[i]! }]));
  const trial = await Trial.load(ledger, pool, open);
  const dropped: Dropped[] = [];
  // From here on nothing is awaited: the pool can't change between the check and the place.
  transactions.forEach((tx, i) => {
    attempt(i, () => {
      const fact = facts.get(tx)!;
      if (fact.mined) throw new RuleError('ALREADY_MINED');
      if (!fact.signed) throw new RuleError('BAD_SIGNATURE');
      pool.precheck(tx, next);
      dropped.push(...pool.add(tx, trial.execute(tx)));
    });
  });
  return { errors, dropped };
}

/** The tip's state as it will be once what the senders have waiting is mined. */
class Trial {
  readonly #pool: Mempool;
  readonly #context: ExecutionContext;
  readonly #begun = new Set<string>();

  static async load(ledger: Ledger, pool: Mempool, transactions: readonly Transaction[]): Promise<Trial> {
    const waiting = transactions.flatMap((tx) => {
      const queue = pool.queueOf(tx.sender);
      return queue.every(isTransfer) ? [] : queue.map(({ transaction }) => transaction);
    });
    const refs: EntryRef[] = [TOTALS, ...accessList([...transactions, ...waiting])];
    const { tip, value } = await getEntries(ledger, refs);
    const state = new WorkingState();
    state.load(refs, value);
    return new Trial(pool, { params: ledger.params, height: tip.height + 1, state });
  }

  private constructor(pool: Mempool, context: ExecutionContext) {
    this.#pool = pool;
    this.#context = context;
  }

  /** Executes a transaction behind its sender's queue, or as a replacement in it. Returns its cost. */
  execute(tx: Transaction): number {
    const { state, height } = this.#context;
    const account = state.account(tx.sender);
    if (account === null) throw new RuleError('NO_ACCOUNT');
    checkAuthority(account, tx);
    const queue = this.#pool.queueOf(tx.sender);
    this.#begin(tx, queue);
    const rival = queue.find(({ transaction }) => transaction.nonce === tx.nonce);
    if (rival === undefined) return executeTransaction(this.#context, tx);
    const sender = state.changeAccount(tx.sender, height);
    const { nonce, balance } = sender;
    sender.nonce = tx.nonce;
    sender.balance += rival.cost;
    try {
      return executeTransaction(this.#context, tx);
    } catch (error) {
      sender.balance = balance;
      throw error;
    } finally {
      sender.nonce = nonce;
    }
  }

  /** Puts the sender's account where its queue will leave it; transfers need only be counted. */
  #begin(tx: Transaction, queue: readonly PoolEntry[]): void {
    const name = toHex(tx.sender);
    if (this.#begun.has(name)) return;
    this.#begun.add(name);
    if (queue.length === 0) return;
    const { state, height } = this.#context;
    if (!queue.every(isTransfer)) {
      for (const { transaction } of queue) this.#follow(transaction);
      return;
    }
    const sender = state.changeAccount(tx.sender, height);
    sender.nonce = queue.at(-1)!.transaction.nonce + 1;
    for (const { cost } of queue) sender.balance -= cost;
  }

  /** A waiting transaction that fails now will be dropped by the next tip; until then it takes nothing. */
  #follow(transaction: Transaction): void {
    try {
      executeTransaction(this.#context, transaction);
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
    }
  }
}

const isTransfer = ({ transaction }: PoolEntry): boolean => transaction.body.TAG === 'transfer';
