/**
 * Owns the trial of newcomers to the mempool on one tip: for each sender the tip's state as its own waiting transactions
 * leave it. Senders are tried apart, so what is taken from one never rests on what another has waiting, and what waits of
 * one is covered by its balance at the tip.
 *
 * Kept from batch to batch while the tip stays, with the entries it has read and each sender's state. Bound: its owner
 * lets go of it after a batch if `held` is over `HELD_MAX`; until then it grows by what that batch and its senders' queues
 * name.
 */
import type { HeaderNode } from '../consensus/header-tree.ts';
import { assert, RuleError } from '../errors.ts';
import { equalBytes } from '../format/bytes.ts';
import type { Transaction } from '../format/transaction.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { getEntries } from '../ledger/tip-view.ts';
import type { ExecutionContext } from '../state/effect.ts';
import { type Account, accountName, type EntryRef, TOTALS } from '../state/entries.ts';
import { addAccess, checkAuthority, tryTransaction } from '../state/execute.ts';
import { type StoredEntry, WorkingState } from '../state/working-state.ts';
import { type PoolEntry, placeOf } from './entry.ts';
import type { Mempool } from './mempool.ts';

/** Entries read, and those of them that senders' states have looked at: about half a kilobyte each. */
export const HELD_MAX = 10_000;

/** One sender's state behind its queue. */
interface Line {
  readonly context: ExecutionContext;
  /** Planks of the balance at the tip that nothing waiting takes. */
  left: number;
  /** The last of the queue it stands behind. With another there it is out of date. */
  behind: Transaction | null;
}

export class Trial {
  readonly tip: HeaderNode;
  /** Transactions executed since the caller last set it to 0: to know when to pause. */
  executed = 0;
  readonly #ledger: Ledger;
  readonly #pool: Mempool;
  /** As stored at the tip, by name. */
  readonly #entries = new Map<string, StoredEntry>();
  /** By sender. */
  readonly #lines = new Map<string, Line>();
  /** Entries that lines have looked at. */
  #looked = 0;

  /** The pool takes nothing in but what this trial has tried, as long as it is used. */
  constructor(ledger: Ledger, pool: Mempool) {
    this.#ledger = ledger;
    this.#pool = pool;
    this.tip = ledger.tip;
  }

  get held(): number {
    return this.#entries.size + this.#looked;
  }

  /** What trying these transactions can need and isn't here. */
  missing(transactions: readonly Transaction[]): EntryRef[] {
    const missing = new Map<string, EntryRef>();
    if (!this.#entries.has(TOTALS.name)) missing.set(TOTALS.name, TOTALS);
    addAccess(missing, transactions, this.#entries);
    addAccess(missing, this.#replayed(transactions), this.#entries);
    return [...missing.values()];
  }

  /** Reads what is missing. The tip must not have moved. */
  async load(missing: readonly EntryRef[]): Promise<void> {
    const { tip, value } = await getEntries(this.#ledger, missing);
    assert(tip === this.tip, 'a trial is of one tip');
    missing.forEach(({ name, key }, i) => {
      this.#entries.set(name, { key, before: value[i]! });
    });
  }

  /**
   * Executes a transaction behind its sender's queue, or in it in place of the one with its nonce. Returns its cost and,
   * for a replacement, the costs of those behind it, which it must not break. The pool is to take it then.
   */
  execute(tx: Transaction): number[] {
    const queue = this.#pool.queueOf(tx.sender);
    const place = placeOf(queue, tx.nonce);
    if (place >= 0) return this.#replace(tx, queue, place);
    const line = this.#lineBehind(queue, tx);
    const cost = this.#run(line, tx);
    line.behind = tx;
    return [cost];
  }

  /** What waits and may have to be executed again to try a batch: what it touches itself is needed then. */
  #replayed(transactions: readonly Transaction[]): Transaction[] {
    const replayed: Transaction[] = [];
    for (const own of bySender(transactions)) {
      const queue = this.#pool.queueOf(own[0]!.sender);
      if (queue.length === 0 || !mayReplay(queue, own)) continue;
      for (const { transaction } of queue) replayed.push(transaction);
    }
    return replayed;
  }

  #replace(tx: Transaction, queue: readonly PoolEntry[], place: number): number[] {
    const line = this.#open(tx, queue);
    for (let i = 0; i < place; i++) this.#run(line, queue[i]!.transaction);
    const costs = [this.#run(line, tx)];
    for (let i = place + 1; i < queue.length; i++) costs.push(this.#run(line, queue[i]!.transaction));
    line.behind = place === queue.length - 1 ? tx : queue.at(-1)!.transaction;
    this.#lines.set(accountName(tx.sender), line);
    return costs;
  }

  /** The state behind a sender's queue. Transfers need only be counted: what they cost was found before. */
  #lineBehind(queue: readonly PoolEntry[], tx: Transaction): Line {
    const name = accountName(tx.sender);
    const last = queue.at(-1)?.transaction ?? null;
    const known = this.#lines.get(name);
    if (known !== undefined && known.behind === last) return known;
    const line = this.#open(tx, queue);
    if (queue.every(({ transaction }) => isTransfer(transaction))) {
      for (const { cost } of queue) line.left -= cost;
      if (last !== null) this.#account(line, tx).nonce = last.nonce + 1;
    } else {
      this.#follow(line, queue);
    }
    line.behind = last;
    this.#lines.set(name, line);
    return line;
  }

  /** A waiting transaction that fails now will be dropped with the next tip; nothing can wait behind it. */
  #follow(line: Line, queue: readonly PoolEntry[]): void {
    try {
      for (const { transaction } of queue) this.#run(line, transaction);
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
    }
  }

  /**
   * The sender's state at the tip. Throws unless the key may be its: the present one, or one that its queue brings;
   * nobody else has us execute a queue again.
   */
  #open(tx: Transaction, queue: readonly PoolEntry[]): Line {
    const state = new WorkingState((name) => {
      this.#looked++;
      return this.#entries.get(name);
    });
    const account = state.account(tx.sender);
    if (account === null) throw new RuleError('NO_ACCOUNT');
    if (queue.length > 0 && !queue.some(({ transaction }) => bringsKey(transaction, tx)))
      checkAuthority(account, tx);
    const context = { params: this.#ledger.params, height: this.tip.height + 1, state };
    return { context, left: account.balance, behind: null };
  }

  /** Executes the next transaction of a line with what is left of the balance; changes nothing if it throws. */
  #run(line: Line, tx: Transaction): number {
    this.executed++;
    this.#account(line, tx).balance = line.left;
    const cost = tryTransaction(line.context, tx);
    line.left -= cost;
    return cost;
  }

  #account({ context }: Line, tx: Transaction): Account {
    return context.state.changeAccount(tx.sender, context.height);
  }
}

function bySender(transactions: readonly Transaction[]): Iterable<readonly Transaction[]> {
  if (transactions.length === 1) return [transactions];
  const senders = new Map<string, Transaction[]>();
  for (const tx of transactions) {
    const name = accountName(tx.sender);
    const own = senders.get(name);
    if (own === undefined) senders.set(name, [tx]);
    else own.push(tx);
  }
  return senders.values();
}

/** True if a queue's transactions may have to be executed to try a batch of its sender. */
function mayReplay(queue: readonly PoolEntry[], batch: readonly Transaction[]): boolean {
  if (!batch.every(isTransfer) || !queue.every(({ transaction }) => isTransfer(transaction))) return true;
  if (batch.some(({ nonce }) => placeOf(queue, nonce) >= 0)) return true;
  return batch.length > 1 && new Set(batch.map(({ nonce }) => nonce)).size < batch.length;
}

function bringsKey({ body }: Transaction, { scheme, publicKey }: Transaction): boolean {
  return body.TAG === 'rotate' && body.data.scheme === scheme && equalBytes(body.data.publicKey, publicKey);
}

const isTransfer = ({ body }: Transaction): boolean => body.TAG === 'transfer';
