/** Owns the digest of all that happened in a world: two runs of a seed are the same if and only if their digests are. */
import { toHex, u64 } from '../chain/format/bytes.ts';
import { hash, ZERO_HASH } from '../chain/format/hash.ts';

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));

/** What the simulator hashes is worth nothing anywhere else. */
export const SIMULATION_DOMAIN = ascii('pier/sim');

export class Digest {
  #value: Uint8Array = ZERO_HASH;
  #count = 0;

  /** Adds one event: when, its name, and what tells it from others. */
  add(ms: number, name: string, ...details: (Uint8Array | string)[]): void {
    this.#count++;
    const parts = details.map((detail) => (typeof detail === 'string' ? ascii(detail) : detail));
    this.#value = hash(SIMULATION_DOMAIN, this.#value, u64(ms), ascii(name), ...parts);
  }

  /** Events so far. */
  get count(): number {
    return this.#count;
  }

  get hex(): string {
    return toHex(this.#value);
  }
}
