/**
 * Owns the transactions that a user was told are accepted, on disk until they are mined or given up: after a crash they
 * are back in the mempool. Bounded by the mempool, which decides what is kept.
 */
import type { Block } from '../format/block.ts';
import type { Transaction } from '../format/transaction.ts';
import type { Store, StoreWrite } from './ports.ts';
import { queuedRow } from './store-keys.ts';

export class Queue {
  readonly #store: Store;
  readonly #keys: Set<string>;
  /** What the store held when it was opened, for the mempool to take back; empty once taken. */
  #restored: Uint8Array[];
  /** The last write begun: the next waits for it, so that a row dropped and kept again ends up kept. */
  #last: Promise<void> = Promise.resolve();

  constructor(store: Store, keys: Iterable<string>, restored: Uint8Array[]) {
    this.#store = store;
    this.#keys = new Set(keys);
    this.#restored = restored;
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  /** The bytes of the transactions found at start, once. */
  takeRestored(): Uint8Array[] {
    const restored = this.#restored;
    this.#restored = [];
    return restored;
  }

  /** Keeps transactions, with rows of others; once it resolves both survive the end of the process. */
  async keep(transactions: readonly Transaction[], others: readonly StoreWrite[] = []): Promise<void> {
    const fresh = transactions.filter(({ key }) => !this.#keys.has(key));
    if (fresh.length + others.length === 0) return;
    await this.#write([...fresh.map((tx): StoreWrite => [queuedRow(tx.id), tx.bytes]), ...others]);
    for (const { key } of fresh) this.#keys.add(key);
  }

  /** Gives transactions up: they were dropped from the mempool. */
  async forget(transactions: readonly Transaction[]): Promise<void> {
    const kept = transactions.filter(({ key }) => this.#keys.has(key));
    if (kept.length === 0) return;
    for (const { key } of kept) this.#keys.delete(key);
    await this.#write(kept.map((tx) => [queuedRow(tx.id), null]));
  }

  /** Resolves once no write is under way: a batch with rows of the queue goes after it. */
  settled(): Promise<void> {
    return this.#last.catch(() => undefined);
  }

  #write(rows: readonly StoreWrite[]): Promise<void> {
    const written = this.settled().then(() => this.#store.write(rows, { sync: false }));
    this.#last = written;
    return written;
  }

  /** Rows for the batch of a tip change: what was mined goes, what a reorganisation displaced comes back. */
  rowsFor(disconnected: readonly Block[], connected: readonly Block[]): StoreWrite[] {
    const rows: StoreWrite[] = [];
    for (const { transactions } of connected)
      for (const { id, key } of transactions) if (this.#keys.has(key)) rows.push([queuedRow(id), null]);
    for (const { id, bytes } of displaced(disconnected, connected)) rows.push([queuedRow(id), bytes]);
    return rows;
  }

  /** Notes that the rows of `rowsFor` are written. */
  committed(disconnected: readonly Block[], connected: readonly Block[]): void {
    for (const { transactions } of connected) for (const { key } of transactions) this.#keys.delete(key);
    for (const { key } of displaced(disconnected, connected)) this.#keys.add(key);
  }
}

/** What was in the blocks that are gone, in their order, and isn't in those that came. */
export function displaced(disconnected: readonly Block[], connected: readonly Block[]): Transaction[] {
  if (disconnected.length === 0) return [];
  const again = new Set<string>();
  for (const { transactions } of connected) for (const { key } of transactions) again.add(key);
  return disconnected.flatMap(({ transactions }) => transactions).filter(({ key }) => !again.has(key));
}
