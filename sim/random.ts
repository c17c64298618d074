/**
 * Owns the random draws of a world: whole-number arithmetic only, so that a seed gives the same world on every engine.
 * xoshiro128** (Blackman and Vigna, 2018), its state filled by a 32-bit splitmix.
 */

/** ln 2 in 16-bit fixed point. */
const LN2 = 45_426;
const ONE = 2 ** 16;
/** Fixed point in which logarithms are squared: a square of it is exact in 53 bits. */
const UNIT = 2 ** 24;

export class Random {
  readonly #seed: number;
  readonly #state = new Uint32Array(4);

  /** `seed` is a u32. */
  constructor(seed: number) {
    this.#seed = seed >>> 0;
    let weyl = this.#seed;
    for (let i = 0; i < 4; i++) {
      weyl = (weyl + 0x9e37_79b9) >>> 0;
      this.#state[i] = mix(weyl);
    }
  }

  /** Draws of its own, whatever has been drawn here before or will be: a new use doesn't disturb the others. */
  fork(name: string): Random {
    let seed = mix(this.#seed ^ 0x6a09_e667);
    for (let i = 0; i < name.length; i++) seed = mix((seed ^ name.charCodeAt(i)) + 0x9e37_79b9);
    return new Random(seed);
  }

  /** A u32. */
  next(): number {
    const s = this.#state;
    const result = Math.imul(rotate(Math.imul(s[1]!, 5), 7), 9) >>> 0;
    const shifted = s[1]! << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= shifted;
    s[3] = rotate(s[3]!, 11);
    return result;
  }

  /** 0 to `count` - 1. */
  below(count: number): number {
    return Math.floor((this.next() * count) / 2 ** 32);
  }

  /** `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** True `times` in `of`. */
  chance(times: number, of: number): boolean {
    return this.below(of) < times;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** A new list in another order. */
  shuffle<T>(items: readonly T[]): T[] {
    const shuffled = [...items];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
    }
    return shuffled;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }

  /** A whole number, at least 1, exponentially distributed: the wait for what comes once in `mean` on average. */
  exponential(mean: number): number {
    return Math.max(1, Math.round((this.#minusLn() * mean) / ONE));
  }

  /** −ln(u) for a uniform u in (0, 1], in 16-bit fixed point. */
  #minusLn(): number {
    const u = this.next() + 1;
    const exponent = u === 2 ** 32 ? 32 : 31 - Math.clz32(u);
    // log2 of the mantissa, a bit at a time: squaring doubles the logarithm.
    let mantissa = Math.floor((u * UNIT) / 2 ** exponent);
    let log2 = exponent * ONE;
    for (let bit = ONE / 2; bit >= 1; bit /= 2) {
      mantissa = Math.floor((mantissa * mantissa) / UNIT);
      if (mantissa >= 2 * UNIT) {
        mantissa = Math.floor(mantissa / 2);
        log2 += bit;
      }
    }
    return Math.floor(((32 * ONE - log2) * LN2) / ONE);
  }
}

function rotate(value: number, by: number): number {
  return ((value << by) | (value >>> (32 - by))) >>> 0;
}

/** The finaliser of MurmurHash3. */
function mix(value: number): number {
  let x = value >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85eb_ca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2_ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
