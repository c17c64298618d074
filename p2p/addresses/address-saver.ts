/**
 * Owns when the address book is written: some seconds after a change, at most once in `SAVE_INTERVAL_MS`. Bounds: two
 * numbers.
 */
import { SAVE_DELAY_MS, SAVE_INTERVAL_MS } from '../limits.ts';
import type { Wire } from '../wire.ts';
import type { AddressBook } from './address-book.ts';

export class AddressSaver {
  readonly #wire: Wire;
  readonly #book: AddressBook;
  #savedRevision: number;
  #nextMs: number | null = null;
  #savedAtMs = Number.NEGATIVE_INFINITY;

  constructor(wire: Wire, book: AddressBook) {
    this.#wire = wire;
    this.#book = book;
    this.#savedRevision = book.revision;
  }

  /** The book is as it was saved. */
  loaded(): void {
    this.#savedRevision = this.#book.revision;
    // Links may have opened before the book was there; nothing of that is waited for any more.
    this.#nextMs = null;
  }

  tick(): void {
    const { nowMs } = this.#wire;
    if (this.#book.revision === this.#savedRevision) return;
    this.#nextMs ??= Math.max(nowMs + SAVE_DELAY_MS, this.#savedAtMs + SAVE_INTERVAL_MS);
    if (nowMs < this.#nextMs) return;
    this.#savedRevision = this.#book.revision;
    this.#savedAtMs = nowMs;
    this.#nextMs = null;
    this.#wire.effect({ type: 'saveAddresses', bytes: this.#book.save() });
  }

  deadline(): number | null {
    return this.#nextMs;
  }
}
