/**
 * Owns a bounded memory of ids: two generations, of which the older is dropped when the newer is full. An id is
 * remembered for at least `size` further ids and at most twice that. Ids are cut to 48 bits: a wrong "known" needs a
 * collision that somebody paid 2^48 hashes for, and costs one announcement to one peer.
 *
 * It is asked some twenty times for every transaction, so it is an open hash table of numbers. Whoever makes up ids that
 * all want one place makes it forget some of them, not search long.
 */
import { first48 } from '../../chain/format/bytes.ts';

/** Places looked at for an id. With the table at most half full, honest ids need so many once in 100,000. */
const PROBES_MAX = 64;
const LENGTH_MIN = 64;
/** Stands for any table that nothing was put in. */
const NOTHING = new Float64Array(1);

export class KnownFilter {
  readonly #size: number;
  /** By the low bits of an id's number: that number, negative if it is of the older generation; 0 in free places. */
  #slots = NOTHING;
  #young = 0;
  #old = 0;

  /** `size` ids a generation. */
  constructor(size: number) {
    this.#size = size;
  }

  has(id: Uint8Array): boolean {
    return this.hasNumber(numberOf(id));
  }

  /** `has`, of one whose `numberOf` is at hand. */
  hasNumber(number: number): boolean {
    const found = this.#slots[this.#place(number)]!;
    return found === number || found === -number;
  }

  /** Remembers it; true if it wasn't known. */
  add(id: Uint8Array): boolean {
    if (2 * (this.count + 1) > this.#slots.length) this.#remake(Math.max(LENGTH_MIN, 2 * this.#slots.length));
    const number = numberOf(id);
    const place = this.#place(number);
    const found = this.#slots[place]!;
    if (found === number) return false;
    this.#slots[place] = number;
    if (found < 0) this.#old--;
    if (found <= 0) this.#young++;
    if (this.#young >= this.#size) this.#age();
    return found !== -number;
  }

  clear(): void {
    this.#slots = NOTHING;
    this.#young = 0;
    this.#old = 0;
  }

  /** Ids held, at most twice the size of a generation. */
  get count(): number {
    return this.#young + this.#old;
  }

  /** Where a number is, or belongs: a free place, or its own among others that all have the same wish. */
  #place(number: number): number {
    const slots = this.#slots;
    const last = slots.length - 1;
    for (let i = 0; i < PROBES_MAX; i++) {
      const place = (number + i) & last;
      const found = slots[place]!;
      if (found === 0 || found === number || found === -number) return place;
    }
    return number & last;
  }

  /** The newer generation is full: it is the older one from now on. */
  #age(): void {
    const slots = this.#slots;
    this.#slots = new Float64Array(slots.length);
    this.#old = this.#young;
    this.#young = 0;
    for (const number of slots) if (number > 0) this.#slots[this.#place(number)] = -number;
  }

  #remake(length: number): void {
    const slots = this.#slots;
    this.#slots = new Float64Array(length);
    for (const number of slots) if (number !== 0) this.#slots[this.#place(Math.abs(number))] = number;
  }
}

/** The first 6 bytes of an id as a number that isn't 0. */
export function numberOf(id: Uint8Array): number {
  return first48(id) + 1;
}
