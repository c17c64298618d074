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

  /** Keeps transactions; once it resolves they survive the end of the process. */
  async keep(transactions: readonly Transaction[]): Promise<void> {
    const fresh = transactions.filter(({ key }) => !this.#keys.has(key));
    if (fresh.length === 0) return;
    await this.#write(fresh.map((tx) => [queuedRow(tx.id), tx.bytes]));
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
    const { mined, displaced } = difference(disconnected, connected);
    for (const tx of mined) if (this.#keys.has(tx.key)) rows.push([queuedRow(tx.id), null]);
    for (const tx of displaced) rows.push([queuedRow(tx.id), tx.bytes]);
    return rows;
  }

  /** Notes that the rows of `rowsFor` are written. */
  committed(disconnected: readonly Block[], connected: readonly Block[]): void {
    const { mined, displaced } = difference(disconnected, connected);
    for (const { key } of mined) this.#keys.delete(key);
    for (const { key } of displaced) this.#keys.add(key);
  }
}

function difference(
  disconnected: readonly Block[],
  connected: readonly Block[],
): { mined: Transaction[]; displaced: Transaction[] } {
  const mined = connected.flatMap(({ transactions }) => transactions);
  if (disconnected.length === 0) return { mined, displaced: [] };
  const again = new Set(mined.map(({ key }) => key));
  const displaced = disconnected
    .flatMap(({ transactions }) => transactions)
    .filter(({ key }) => !again.has(key));
  return { mined, displaced };
}
