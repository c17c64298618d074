/**
 * Owns a bounded memory of ids: two generations, of which the older is dropped when the newer is full. An id is
 * remembered for at least `size` further ids and at most twice that. Ids are cut to 48 bits: a wrong "known" needs a
 * collision that somebody paid 2^48 hashes for, and costs one announcement to one peer.
 */
export class KnownFilter {
  readonly #size: number;
  #young = new Set<number>();
  #old = new Set<number>();

  /** `size` ids a generation. */
  constructor(size: number) {
    this.#size = size;
  }

  has(id: Uint8Array): boolean {
    const short = shorten(id);
    return this.#young.has(short) || this.#old.has(short);
  }

  add(id: Uint8Array): void {
    this.#young.add(shorten(id));
    if (this.#young.size < this.#size) return;
    this.#old = this.#young;
    this.#young = new Set();
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }

  /** Ids held, at most twice the size of a generation. */
  get count(): number {
    return this.#young.size + this.#old.size;
  }
}

/** The first 6 bytes as a number. */
function shorten(id: Uint8Array): number {
  return (
    ((id[0]! << 8) | id[1]!) * 2 ** 32 + (((id[2]! << 24) | (id[3]! << 16) | (id[4]! << 8) | id[5]!) >>> 0)
  );
}
