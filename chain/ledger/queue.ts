/**
 * Owns the transactions that a user was told are accepted: in the journal until they are mined or given up, so that after
 * a crash they are back in the mempool. An entry that outlives its transaction is no harm: at the next start it is found
 * mined, or refused. Bounded by the mempool, which decides what is kept.
 */
import type { NewFrame } from '../files/frame-file.ts';
import type { EntryOwner, Journal } from '../files/journal.ts';
import type { Block } from '../format/block.ts';
import { toHex } from '../format/bytes.ts';
import { DOMAIN, hash } from '../format/hash.ts';
import type { Transaction } from '../format/transaction.ts';
import { ENTRY } from './journal-entries.ts';

export class Queue implements EntryOwner {
  readonly #journal: Journal;
  /** Bytes of each transaction that is kept, or about to be, by its key. */
  readonly #kept = new Map<string, number>();
  /** Of those about to be, the write that keeps them. */
  readonly #writes = new Map<string, Promise<void>>();
  #bytes = 0;
  /** What the journal held when it was opened, for the mempool to take back; empty once taken. */
  #restored: Uint8Array[] = [];

  /** The queue that a journal holds. */
  static async open(journal: Journal): Promise<Queue> {
    const found = new Map<string, Uint8Array>();
    await journal.read(({ type, payload }) => {
      if (type === ENTRY.kept) found.set(keyOf(payload), payload.slice());
      else if (type === ENTRY.forgotten) found.delete(toHex(payload));
    });
    const queue = new Queue(journal);
    for (const [key, bytes] of found) queue.#note(key, bytes.length);
    queue.#restored = [...found.values()];
    journal.own([ENTRY.kept, ENTRY.forgotten], queue);
    return queue;
  }

  private constructor(journal: Journal) {
    this.#journal = journal;
  }

  has(key: string): boolean {
    return this.#kept.has(key);
  }

  /** The bytes of the transactions found at start, once. */
  takeRestored(): Uint8Array[] {
    const restored = this.#restored;
    this.#restored = [];
    return restored;
  }

  /**
   * Keeps transactions, with entries of others. Once it resolves both survive a power cut, and so does each of the
   * transactions that somebody else is about to keep. Rejects if one of them can't be written; those that were not kept
   * before are not kept then.
   */
  async keep(transactions: readonly Transaction[], others: readonly NewFrame[] = []): Promise<void> {
    const fresh = transactions.filter(({ key }) => !this.#kept.has(key));
    // Of somebody else: if their write fails, these are not kept, though ours may succeed.
    const theirs = transactions.flatMap(({ key }) => this.#writes.get(key) ?? []);
    const write = this.#journal.add([...fresh.map(keptEntry), ...others]);
    for (const { key, bytes } of fresh) {
      this.#note(key, bytes.length);
      this.#writes.set(key, write);
    }
    try {
      await Promise.all([write, ...theirs]);
    } catch (error) {
      for (const { key } of fresh) this.#drop(key);
      throw error;
    } finally {
      for (const { key } of fresh) if (this.#writes.get(key) === write) this.#writes.delete(key);
    }
  }

  /** Gives transactions up: they were dropped from the mempool. */
  async forget(transactions: readonly Transaction[]): Promise<void> {
    const gone = transactions.filter(({ key }) => this.#drop(key));
    if (gone.length > 0) await this.#journal.note(gone.map(forgottenEntry));
  }

  /** To be awaited before a change of the tip is written: what a reorganisation displaces is kept first. */
  async beforeCommit(disconnected: readonly Block[], connected: readonly Block[]): Promise<void> {
    const back = displaced(disconnected, connected);
    if (back.length > 0) await this.keep(back);
  }

  /** To be called once the change is written: what was mined needs no keeping. An entry that stays is found mined at the next start. */
  committed(connected: readonly Block[]): void {
    void this.forget(connected.flatMap(({ transactions }) => transactions)).catch(() => undefined);
  }

  isWanted(type: number, payload: Uint8Array): boolean {
    return type === ENTRY.kept && this.#kept.has(keyOf(payload));
  }

  get wantedBytes(): number {
    return this.#bytes;
  }

  #note(key: string, bytes: number): void {
    this.#kept.set(key, bytes);
    this.#bytes += bytes;
  }

  /** False if it isn't kept. */
  #drop(key: string): boolean {
    this.#bytes -= this.#kept.get(key) ?? 0;
    return this.#kept.delete(key);
  }
}

export const keptEntry = ({ bytes }: Pick<Transaction, 'bytes'>): NewFrame => ({
  type: ENTRY.kept,
  parts: [bytes],
});
const forgottenEntry = ({ id }: Transaction): NewFrame => ({ type: ENTRY.forgotten, parts: [id] });

/** Key of the transaction with these bytes. */
const keyOf = (bytes: Uint8Array): string => toHex(hash(DOMAIN.transaction, bytes));

/** What was in the blocks that are gone, in their order, and isn't in those that came. */
export function displaced(disconnected: readonly Block[], connected: readonly Block[]): Transaction[] {
  if (disconnected.length === 0) return [];
  const again = new Set<string>();
  for (const { transactions } of connected) for (const { key } of transactions) again.add(key);
  return disconnected.flatMap(({ transactions }) => transactions).filter(({ key }) => !again.has(key));
}
