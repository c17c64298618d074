/**
 * Owns the transactions that wait to be mined: for each sender a queue without gaps, in the order of its nonces, that its
 * balance at the tip covers. Policy, not consensus: every node may keep what it likes.
 *
 * Bounds: `POOL_MEMORY_MAX` in all, `QUEUE_MAX` a sender; when full, the cheapest ends of queues go and the fee floor
 * rises above them, to fall again with every block. What happened to what was dropped is remembered for the last
 * `DROPPED_MAX`.
 */
import { assert, RuleError } from '../errors.ts';
import type { Params } from '../format/params.ts';
import type { Kind, Transaction } from '../format/transaction.ts';
import { memoryOf } from '../format/transaction-memory.ts';
import { accountName } from '../state/entries.ts';
import { Turnover } from '../turnover.ts';
import { checkReplacement, goesBefore, type PoolEntry, placeOf } from './entry.ts';
import { paysRate, rateOf, rateOfPrice } from './fee-rate.ts';
import { Heap } from './heap.ts';

/** Bytes of memory, as `memoryOf` counts them: about 12,000 transfers to one, two full blocks of the default network. */
export const POOL_MEMORY_MAX = 24 * 1024 * 1024;
/** Transactions of one sender that may wait. */
export const QUEUE_MAX = 256;
/** Share of the pool that is freed at once when it is full, so that freeing is rare. */
const EVICTED_SHARE = 16;
/** Reasons remembered for transactions that were dropped. */
const DROPPED_MAX = 10_000;
/** Kinds about a recovery: the account that it is for, or the height, decides whether they hold. */
const FICKLE: readonly Kind[] = ['setRecovery', 'recover', 'veto', 'claim', 'revoke'];
/** With every block the raised part of the fee floor shrinks by this share. */
const FLOOR_DECAY_SHARE = 8n;
const NONE: readonly PoolEntry[] = [];

/** What left the pool without being mined, and why. */
export interface Dropped {
  readonly transaction: Transaction;
  readonly error: RuleError;
  /** Id in hex of the transaction that took its place in the queue. */
  readonly replacedBy?: string;
}

export class Mempool {
  readonly #minimumRate: bigint;
  readonly #memoryMax: number;
  readonly #entries = new Turnover<string, PoolEntry>();
  readonly #queues = new Turnover<string, PoolEntry[]>();
  readonly #dropped = new Map<string, RuleError>();
  /** Of those that rest on more than their sender's money and records: on another account, or on the height. */
  readonly #fickle = new Set<PoolEntry>();
  #bytes = 0;
  #memory = 0;
  #sequence = 0;
  /** Planks per 1,000 bytes that the floor is above the minimum. */
  #raised = 0n;
  /** No transaction here is valid until less than this height. */
  #expiresAfter = Infinity;

  constructor(params: Params, options: { memoryMax?: number } = {}) {
    this.#minimumRate = rateOfPrice(params.prices.feePerByte);
    this.#memoryMax = options.memoryMax ?? POOL_MEMORY_MAX;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Of the transactions as they are sent. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes of memory that the pool takes, as `memoryOf` counts them. */
  get memory(): number {
    return this.#memory;
  }

  /** Least planks per 1,000 bytes that are taken now. */
  get floorRate(): bigint {
    return this.#minimumRate + this.#raised;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  get(key: string): Transaction | undefined {
    return this.#entries.get(key)?.transaction;
  }

  *values(): Generator<Transaction> {
    for (const { transaction } of this.#entries.values()) yield transaction;
  }

  /** Addresses with something waiting. */
  senders(): Uint8Array[] {
    return [...this.#queues.values()].map((queue) => queue[0]!.transaction.sender);
  }

  /** Addresses of which something waits that any block may make bad, whomever it touches. */
  fickleSenders(): Uint8Array[] {
    return [...this.#fickle].map(({ transaction }) => transaction.sender);
  }

  /** What waits of one sender, lowest nonce first. */
  queueOf(sender: Uint8Array): readonly PoolEntry[] {
    return this.#queues.get(accountName(sender)) ?? NONE;
  }

  /** Why a transaction was dropped, if that's remembered. */
  droppedBecause(key: string): RuleError | undefined {
    return this.#dropped.get(key);
  }

  /**
   * Checks a newcomer as far as the pool alone can tell, before anything is spent on it. The raised part of the floor
   * isn't for what was here before and is `returning`.
   */
  precheck(transaction: Transaction, height: number, returning = false): void {
    if (this.#entries.has(transaction.key)) throw new RuleError('ALREADY_KNOWN');
    if (transaction.validUntil < height)
      throw new RuleError('EXPIRED', `valid until ${transaction.validUntil}`);
    if (!paysRate(transaction, this.#minimumRate)) {
      const rate = rateOf(transaction);
      throw new RuleError('FEE_TOO_LOW', `${rate} of ${this.#minimumRate} planks per 1,000 bytes`);
    }
    if (this.#raised > 0n && !returning && !paysRate(transaction, this.floorRate)) {
      throw new RuleError('POOL_FULL', `the floor is ${this.floorRate} planks per 1,000 bytes`);
    }
    const queue = this.queueOf(transaction.sender);
    const place = placeOf(queue, transaction.nonce);
    if (place >= 0) checkReplacement(queue[place]!.transaction, transaction);
    else if (queue.length >= QUEUE_MAX) throw new RuleError('QUEUE_FULL', `${QUEUE_MAX} at most`);
  }

  /**
   * Takes a transaction that has been found executable behind its sender's queue, or in place of one with its nonce.
   * `costs` are its own and, for a replacement, those of the ones behind it. Returns what had to go for it, which may be
   * itself.
   */
  add(transaction: Transaction, costs: readonly number[]): Dropped[] {
    const cost = costs[0];
    assert(cost !== undefined, 'a transaction has a cost');
    const name = accountName(transaction.sender);
    const queue = this.#queues.get(name);
    const entry = { transaction, cost, sequence: this.#sequence++ };
    const place = placeOf(queue ?? NONE, transaction.nonce);
    const gone: Dropped[] = [];
    if (queue === undefined) {
      // An array that is made with its entry has no room to spare; most queues are of one.
      this.#queues.set(name, [entry]);
    } else if (place >= 0) {
      const rival = queue[place]!;
      queue[place] = entry;
      for (let i = 1; i < costs.length; i++) queue[place + i]!.cost = costs[i]!;
      this.#forget(rival);
      const why = new RuleError('REPLACEMENT_FEE', `replaced by ${transaction.key}`);
      gone.push({ ...this.#note(rival.transaction, why), replacedBy: transaction.key });
    } else {
      const last = queue.at(-1);
      assert(last === undefined || last.transaction.nonce + 1 === transaction.nonce, 'a queue has no gaps');
      queue.push(entry);
    }
    this.#entries.set(transaction.key, entry);
    if (FICKLE.includes(transaction.body.TAG)) this.#fickle.add(entry);
    this.#bytes += transaction.bytes.length;
    this.#memory += memoryOf(transaction);
    this.#expiresAfter = Math.min(this.#expiresAfter, transaction.validUntil);
    this.#dropped.delete(transaction.key);
    if (this.#memory > this.#memoryMax) gone.push(...this.#evict());
    return gone;
  }

  /** Takes out what has been mined; nothing else changes. */
  removeMined(transactions: readonly Transaction[]): void {
    for (const { key, sender } of transactions) {
      const entry = this.#entries.get(key);
      if (entry === undefined) continue;
      this.#forget(entry);
      const name = accountName(sender);
      const queue = this.#queues.get(name)!;
      queue.splice(queue.indexOf(entry), 1);
      if (queue.length === 0) this.#queues.delete(name);
    }
  }

  /** Empties one sender's queue, to be admitted again on another tip. */
  takeQueue(sender: Uint8Array): Transaction[] {
    const queue = this.queueOf(sender);
    for (const entry of queue) this.#forget(entry);
    this.#setQueue(sender, []);
    return queue.map(({ transaction }) => transaction);
  }

  /** Drops a transaction and, since they can't be mined without it, the later ones of its sender. */
  drop(transaction: Transaction, error: RuleError): Dropped[] {
    const queue = this.queueOf(transaction.sender);
    const place = queue.findIndex((entry) => entry.transaction.key === transaction.key);
    if (place < 0) return [this.#note(transaction, error)];
    this.#setQueue(transaction.sender, queue.slice(0, place));
    return queue.slice(place).map((entry, i) => {
      this.#forget(entry);
      const why = i === 0 ? error : new RuleError('NONCE_GAP', `nonce ${transaction.nonce} was dropped`);
      return this.#note(entry.transaction, why);
    });
  }

  /** Drops what can't be mined at `height` or later, and lets the fee floor fall. */
  expire(height: number): Dropped[] {
    // Down to nothing: what is left is rounded down.
    this.#raised -= (this.#raised + FLOOR_DECAY_SHARE - 1n) / FLOOR_DECAY_SHARE;
    if (height <= this.#expiresAfter) return [];
    this.#expiresAfter = Infinity;
    const expired: PoolEntry[] = [];
    for (const entry of this.#entries.values()) {
      const { validUntil } = entry.transaction;
      if (validUntil < height) expired.push(entry);
      else this.#expiresAfter = Math.min(this.#expiresAfter, validUntil);
    }
    return expired
      .filter(({ transaction }) => this.has(transaction.key))
      .flatMap(({ transaction }) =>
        this.drop(transaction, new RuleError('EXPIRED', `valid until ${transaction.validUntil}`)),
      );
  }

  /** The transactions in the order a miner wants them: the best fee first, each sender's nonces in sequence. */
  *best(): Generator<Transaction> {
    const heads = new Heap<{ queue: readonly PoolEntry[]; at: number }>((a, b) =>
      goesBefore(a.queue[a.at]!, b.queue[b.at]!),
    );
    for (const queue of this.#queues.values()) heads.push({ queue: [...queue], at: 0 });
    for (let head = heads.pop(); head !== undefined; head = heads.pop()) {
      yield head.queue[head.at]!.transaction;
      if (head.at + 1 < head.queue.length) heads.push({ queue: head.queue, at: head.at + 1 });
    }
  }

  /** Frees a share of the pool from the ends of the queues that pay least. */
  #evict(): Dropped[] {
    const goal = this.#memoryMax - Math.floor(this.#memoryMax / EVICTED_SHARE);
    const ends = new Heap<PoolEntry[]>((a, b) => goesBefore(b.at(-1)!, a.at(-1)!));
    for (const queue of this.#queues.values()) ends.push(queue);
    const gone: Dropped[] = [];
    while (this.#memory > goal) {
      const queue = ends.pop();
      assert(queue !== undefined, 'a pool over its size is not empty');
      const entry = queue.pop()!;
      this.#forget(entry);
      const above = rateOf(entry.transaction) + 1n - this.#minimumRate;
      if (above > this.#raised) this.#raised = above;
      gone.push(this.#note(entry.transaction, new RuleError('POOL_FULL', 'it paid least')));
      if (queue.length > 0) ends.push(queue);
      else this.#queues.delete(accountName(entry.transaction.sender));
    }
    return gone;
  }

  #setQueue(sender: Uint8Array, queue: PoolEntry[]): void {
    if (queue.length === 0) this.#queues.delete(accountName(sender));
    else this.#queues.set(accountName(sender), queue);
  }

  #forget(entry: PoolEntry): void {
    this.#fickle.delete(entry);
    if (!this.#entries.delete(entry.transaction.key)) return;
    this.#bytes -= entry.transaction.bytes.length;
    this.#memory -= memoryOf(entry.transaction);
  }

  #note(transaction: Transaction, error: RuleError): Dropped {
    this.#dropped.delete(transaction.key);
    this.#dropped.set(transaction.key, error);
    if (this.#dropped.size > DROPPED_MAX) this.#dropped.delete(this.#dropped.keys().next().value!);
    return { transaction, error };
  }
}
