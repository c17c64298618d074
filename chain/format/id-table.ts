/**
 * Owns a table from ids to places: for memories of many ids that should be small and always of the same size. It takes
 * 40 bytes a place, all from the beginning, where an entry of a `Map` with its string takes 130.
 *
 * Bounds: the places. Ids are hashes, so they spread by themselves; whoever makes up ids for one bucket pays as many
 * hashes for each as there are buckets, and makes a search a step longer.
 */
import { assert } from '../errors.ts';

const ID_BYTES = 32;

export class IdTable {
  readonly places: number;
  readonly #ids: Uint8Array;
  /** By bucket the first place and, by place, the next one of its bucket; counted from 1, and 0 is none. */
  readonly #first: Int32Array;
  readonly #next: Int32Array;

  constructor(places: number) {
    this.places = places;
    this.#ids = new Uint8Array(ID_BYTES * places);
    this.#first = new Int32Array(oddAbove(places));
    this.#next = new Int32Array(places);
  }

  /** The place of an id of 32 bytes, -1 if it has none. */
  find(id: Uint8Array): number {
    let place = this.#first[this.#bucketOf(id, 0)]!;
    while (place > 0 && !this.#holds(place - 1, id)) place = this.#next[place - 1]!;
    return place - 1;
  }

  /** Puts an id that has no place into a free one. */
  put(place: number, id: Uint8Array): void {
    assert(id.length === ID_BYTES, 'an id has 32 bytes');
    this.#ids.set(id, ID_BYTES * place);
    const bucket = this.#bucketOf(id, 0);
    this.#next[place] = this.#first[bucket]!;
    this.#first[bucket] = place + 1;
  }

  /** Frees a place that is taken. */
  remove(place: number): void {
    const bucket = this.#bucketOf(this.#ids, ID_BYTES * place);
    const after = this.#next[place]!;
    let at = this.#first[bucket]!;
    if (at === place + 1) {
      this.#first[bucket] = after;
      return;
    }
    while (this.#next[at - 1] !== place + 1) at = this.#next[at - 1]!;
    this.#next[at - 1] = after;
  }

  #holds(place: number, id: Uint8Array): boolean {
    const from = ID_BYTES * place;
    for (let i = 0; i < ID_BYTES; i++) if (this.#ids[from + i] !== id[i]) return false;
    return true;
  }

  /** By the first four bytes. */
  #bucketOf(bytes: Uint8Array, at: number): number {
    const number = bytes[at]! * 2 ** 24 + (bytes[at + 1]! << 16) + (bytes[at + 2]! << 8) + bytes[at + 3]!;
    return number % this.#first.length;
  }
}

/** An odd number: bytes that are alike in their low bits still get different buckets. */
function oddAbove(count: number): number {
  return count + 1 + (count % 2);
}
