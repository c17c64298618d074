/**
 * Owns the digest of all that happened in a world: two runs of a seed are the same if and only if their digests are, but
 * for chance in 2^128. Nobody attacks it, so it is quick and no cryptographic hash: four lanes of multiply and rotate.
 */

const MULTIPLIERS = [0x9e37_79b1, 0x85eb_ca77, 0xc2b2_ae3d, 0x27d4_eb2f];

export class Digest {
  readonly #lanes = Int32Array.of(1, 2, 3, 4);
  #count = 0;

  /** Adds one event: when, its name, and what tells it from others. */
  add(ms: number, name: string, ...details: (Uint8Array | string)[]): void {
    this.#count++;
    this.#mix(ms);
    this.#mix(Math.floor(ms / 2 ** 32));
    this.#text(name);
    for (const detail of details) {
      if (typeof detail === 'string') this.#text(detail);
      else this.#bytes(detail);
    }
  }

  /** Events so far. */
  get count(): number {
    return this.#count;
  }

  get hex(): string {
    return Array.from(this.#lanes, (lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('');
  }

  #text(text: string): void {
    for (let i = 0; i < text.length; i++) this.#mix(text.charCodeAt(i));
    this.#mix(text.length);
  }

  #bytes(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i += 4)
      this.#mix(bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24));
    this.#mix(bytes.length);
  }

  /** One word into every lane, each of which goes on into the next. */
  #mix(word: number): void {
    const lanes = this.#lanes;
    let carry = word | 0;
    for (let i = 0; i < 4; i++) {
      const mixed = Math.imul(lanes[i]! ^ carry, MULTIPLIERS[i]!);
      lanes[i] = (mixed << 13) | (mixed >>> 19);
      carry = lanes[i]! + word;
    }
  }
}
