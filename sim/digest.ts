/**
 * Owns the digest of all that happened in a world: two runs of a seed are the same if and only if their digests are, but
 * for chance in 2^128. Nobody attacks it, so it is quick and no cryptographic hash: four lanes of multiply and rotate.
 */

export class Digest {
  #a = 1;
  #b = 2;
  #c = 3;
  #d = 4;
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
    const lanes = [this.#a, this.#b, this.#c, this.#d];
    return lanes.map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('');
  }

  #text(text: string): void {
    for (let i = 0; i < text.length; i++) this.#mix(text.charCodeAt(i));
    this.#mix(text.length);
  }

  #bytes(bytes: Uint8Array): void {
    const { length } = bytes;
    const whole = length - (length % 4);
    for (let i = 0; i < whole; i += 4)
      this.#mix(bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24));
    let rest = 0;
    for (let i = whole; i < length; i++) rest |= bytes[i]! << (8 * (i - whole));
    if (whole < length) this.#mix(rest);
    this.#mix(length);
  }

  /** One word into every lane, each of which goes on into the next. */
  #mix(word: number): void {
    this.#a = turn(this.#a ^ word, 0x9e37_79b1);
    this.#b = turn(this.#b ^ (this.#a + word), 0x85eb_ca77);
    this.#c = turn(this.#c ^ (this.#b + word), 0xc2b2_ae3d);
    this.#d = turn(this.#d ^ (this.#c + word), 0x27d4_eb2f);
  }
}

function turn(lane: number, multiplier: number): number {
  const mixed = Math.imul(lane, multiplier);
  return (mixed << 13) | (mixed >>> 19);
}
