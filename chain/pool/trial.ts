/**
 * Owns the trial of newcomers to the mempool: for each sender the tip's state as its own waiting transactions leave it.
 * Senders are tried apart, so what is taken from one never rests on what another has waiting, and what waits of one is
 * covered by its balance at the tip. Lives for one batch; bounded by it and by its senders' queues.
 */
import { RuleError } from '../errors.ts';
import { equalBytes, toHex } from '../format/bytes.ts';
import type { Transaction } from '../format/transaction.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { getEntries } from '../ledger/queries.ts';
import type { ExecutionContext } from '../state/effect.ts';
import { type Account, type EntryRef, TOTALS } from '../state/entries.ts';
import { accessList, checkAuthority, executeTransaction } from '../state/execute.ts';
import { WorkingState } from '../state/working-state.ts';
import type { Mempool, PoolEntry } from './mempool.ts';

/** One sender's state behind its queue. */
interface Line {
  readonly context: ExecutionContext;
  /** Planks of the balance at the tip that nothing waiting takes. */
  left: number;
}

export class Trial {
  /** Transactions executed since the caller last set it to 0: to know when to pause. */
  executed = 0;
  readonly #ledger: Ledger;
  readonly #pool: Mempool;
  readonly #height: number;
  /** By name of the entry. */
  readonly #values: ReadonlyMap<string, Uint8Array | null>;
  /** By sender: all that its queue and its part of the batch can touch. */
  readonly #refs: ReadonlyMap<string, readonly EntryRef[]>;
  readonly #lines = new Map<string, Line>();

  /** Reads what trying these transactions can need. The tip must not move, nor the pool change but by them. */
  static async load(ledger: Ledger, pool: Mempool, transactions: readonly Transaction[]): Promise<Trial> {
    const senders = new Map<string, Transaction[]>();
    for (const tx of transactions) {
      const name = toHex(tx.sender);
      const own = senders.get(name);
      if (own === undefined) senders.set(name, [tx]);
      else own.push(tx);
    }
    const refs = new Map<string, EntryRef[]>();
    const all = new Map<string, EntryRef>();
    for (const [name, own] of senders) {
      const queue = pool.queueOf(own[0]!.sender).map(({ transaction }) => transaction);
      const list = [TOTALS, ...accessList(mayReplay(queue, own) ? [...queue, ...own] : own)];
      refs.set(name, list);
      for (const ref of list) all.set(ref.name, ref);
    }
    const { tip, value } = await getEntries(ledger, [...all.values()]);
    const values = new Map([...all.keys()].map((name, i) => [name, value[i]!]));
    return new Trial(ledger, pool, tip.height + 1, values, refs);
  }

  private constructor(
    ledger: Ledger,
    pool: Mempool,
    height: number,
    values: ReadonlyMap<string, Uint8Array | null>,
    refs: ReadonlyMap<string, readonly EntryRef[]>,
  ) {
    this.#ledger = ledger;
    this.#pool = pool;
    this.#height = height;
    this.#values = values;
    this.#refs = refs;
  }

  /**
   * Executes a transaction behind its sender's queue, or in it in place of the one with its nonce. Returns its cost and,
   * for a replacement, the costs of those behind it, which it must not break.
   */
  execute(tx: Transaction): number[] {
    const queue = this.#pool.queueOf(tx.sender);
    const place = queue.findIndex(({ transaction }) => transaction.nonce === tx.nonce);
    if (place >= 0) return this.#replace(tx, queue, place);
    return [this.#run(this.#lines.get(toHex(tx.sender)) ?? this.#begin(tx, queue), tx)];
  }

  /** Notes that a sender's queue has become another. */
  forget(sender: Uint8Array): void {
    this.#lines.delete(toHex(sender));
  }

  #replace(tx: Transaction, queue: readonly PoolEntry[], place: number): number[] {
    const line = this.#open(tx, queue);
    for (const { transaction } of queue.slice(0, place)) this.#run(line, transaction);
    const costs = [tx, ...queue.slice(place + 1).map(({ transaction }) => transaction)];
    const found = costs.map((transaction) => this.#run(line, transaction));
    this.#lines.set(toHex(tx.sender), line);
    return found;
  }

  /** The state behind a sender's queue. Transfers need only be counted: what they cost was found before. */
  #begin(tx: Transaction, queue: readonly PoolEntry[]): Line {
    const line = this.#open(tx, queue);
    if (queue.every(({ transaction }) => isTransfer(transaction))) {
      for (const { cost } of queue) line.left -= cost;
      if (queue.length > 0) this.#account(line, tx).nonce = queue.at(-1)!.transaction.nonce + 1;
    } else {
      this.#follow(line, queue);
    }
    this.#lines.set(toHex(tx.sender), line);
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

  /** The sender's state at the tip. Throws unless the key may be its: the present one, or one that its queue brings. */
  #open(tx: Transaction, queue: readonly PoolEntry[]): Line {
    const refs = this.#refs.get(toHex(tx.sender))!;
    const state = new WorkingState();
    state.load(
      refs,
      refs.map(({ name }) => this.#values.get(name)!),
    );
    const account = state.account(tx.sender);
    if (account === null) throw new RuleError('NO_ACCOUNT');
    if (!queue.some(({ transaction }) => bringsKey(transaction, tx))) checkAuthority(account, tx);
    return { context: { params: this.#ledger.params, height: this.#height, state }, left: account.balance };
  }

  /** Executes the next transaction of a line with what is left of the balance; changes nothing if it throws. */
  #run(line: Line, tx: Transaction): number {
    this.executed++;
    this.#account(line, tx).balance = line.left;
    const cost = executeTransaction(line.context, tx);
    line.left -= cost;
    return cost;
  }

  #account(line: Line, tx: Transaction): Account {
    return line.context.state.changeAccount(tx.sender, this.#height);
  }
}

/** True if a queue's transactions may have to be executed to try a batch: they touch entries of their own then. */
function mayReplay(queue: readonly Transaction[], batch: readonly Transaction[]): boolean {
  const nonces = new Set([...queue, ...batch].map(({ nonce }) => nonce));
  return nonces.size < queue.length + batch.length || ![...queue, ...batch].every(isTransfer);
}

function bringsKey({ body }: Transaction, { scheme, publicKey }: Transaction): boolean {
  return body.TAG === 'rotate' && body.data.scheme === scheme && equalBytes(body.data.publicKey, publicKey);
}

const isTransfer = ({ body }: Transaction): boolean => body.TAG === 'transfer';
