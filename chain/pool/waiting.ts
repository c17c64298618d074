/**
 * Owns transactions that came before what they rest on: an earlier one of their sender (gossip keeps no order between
 * peers), or money and records that a reorganisation took back for a while. They are tried again when the sender's
 * queue or account moves on, and wholly: nothing rests on what was found before.
 *
 * Bounds: `WAITING_MAX` and `WAITING_MEMORY_MAX` in all, where the oldest go first; `WAITING_PER_SENDER_MAX` a sender,
 * where the newest does.
 */
import type { ErrorCode, RuleError } from '../errors.ts';
import type { Transaction } from '../format/transaction.ts';
import { memoryOf } from '../format/transaction-memory.ts';
import { accountName } from '../state/entries.ts';

const WAITING_MAX = 2_000;
/** Bytes of memory, as `memoryOf` counts them: room for so many transfers to one. */
const WAITING_MEMORY_MAX = 5 * 1024 * 1024;
const WAITING_PER_SENDER_MAX = 64;

/** Faults of context that no other block will mend. */
const FINAL: readonly ErrorCode[] = ['NONCE_USED', 'EXPIRED', 'FEE_TOO_LOW'];

/** True if a transaction refused for this may be good once others are mined. */
export function mayPass(error: RuleError): boolean {
  return (error.kind === 'context' || error.kind === 'early') && !FINAL.includes(error.code);
}

export class Waiting {
  /** By sender, each in order of arrival; a Map's order of insertion tells the oldest. */
  readonly #all = new Map<string, Transaction>();
  readonly #senders = new Map<string, Set<string>>();
  #memory = 0;

  get size(): number {
    return this.#all.size;
  }

  has(key: string): boolean {
    return this.#all.has(key);
  }

  get(key: string): Transaction | undefined {
    return this.#all.get(key);
  }

  add(transaction: Transaction): void {
    const sender = accountName(transaction.sender);
    const mine = this.#senders.get(sender) ?? new Set();
    if (mine.size >= WAITING_PER_SENDER_MAX || this.#all.has(transaction.key)) return;
    mine.add(transaction.key);
    this.#senders.set(sender, mine);
    this.#all.set(transaction.key, transaction);
    this.#memory += memoryOf(transaction);
    while (this.#all.size > WAITING_MAX || this.#memory > WAITING_MEMORY_MAX)
      this.#remove(this.#all.values().next().value!);
  }

  /** Takes out what waits of these senders, lowest nonce of each first. */
  takeOf(senders: Iterable<Uint8Array>): Transaction[] {
    const taken: Transaction[] = [];
    for (const sender of senders) {
      const keys = this.#senders.get(accountName(sender));
      if (keys === undefined) continue;
      const mine = [...keys].map((key) => this.#all.get(key)!);
      for (const transaction of mine) this.#remove(transaction);
      taken.push(...mine.sort((a, b) => a.nonce - b.nonce));
    }
    return taken;
  }

  #remove(transaction: Transaction): void {
    const sender = accountName(transaction.sender);
    const mine = this.#senders.get(sender);
    if (this.#all.delete(transaction.key)) this.#memory -= memoryOf(transaction);
    mine?.delete(transaction.key);
    if (mine?.size === 0) this.#senders.delete(sender);
  }
}
