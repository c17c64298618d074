/**
 * Owns the miner's inner loop: SHA-256 of a header for one nonce after another. Only the last of three blocks of the
 * message changes with the nonce, and the block of padding after it is the same for every header; so a hash is two
 * compressions and one message schedule. Some two million hashes a second, twice what `node:crypto` does here.
 *
 * It finds, it doesn't judge: whoever uses a nonce checks it by `headerIdOfBytes`.
 */
import { assert } from '../chain/errors.ts';
import { concat, u256 } from '../chain/format/bytes.ts';
import { DOMAIN } from '../chain/format/hash.ts';
import { HEADER_BYTES } from '../chain/format/header.ts';

const BLOCK_BYTES = 64;
const ROUNDS = 64;
const MESSAGE_BYTES = DOMAIN.header.length + HEADER_BYTES;
const NONCE_AT = MESSAGE_BYTES - 8;
/** The message's words that hold the nonce: bytes 181 to 188 are in words 13 to 15 of the third block. */
const FIRST_NONCE_WORD = 13;

/** FIPS 180-4, 4.2.2 and 5.3.3: the first 32 bits after the point of cube and of square roots of primes. */
const PRIMES = firstPrimes(ROUNDS);
const ROUND_CONSTANTS = Int32Array.from(PRIMES, (prime) => rootBits(prime, 3n));
const INITIAL_STATE = Int32Array.from(PRIMES.slice(0, 8), (prime) => rootBits(prime, 2n));
/** The schedule of the fourth block: nothing but the length in bits at its end. */
const PADDING_SCHEDULE = new Int32Array(ROUNDS);
PADDING_SCHEDULE[15] = MESSAGE_BYTES * 8;
expandSchedule(PADDING_SCHEDULE);

export class NonceSearch {
  readonly #target: Uint32Array;
  /** State after the first two blocks. */
  readonly #middle = Int32Array.from(INITIAL_STATE);
  readonly #tail = new Int32Array(16);
  readonly #schedule = new Int32Array(ROUNDS);
  readonly #state = new Int32Array(8);
  #next: number;

  /** `header` is a whole header; its own nonce is the first one tried. `target` is below 2^256. */
  constructor(header: Uint8Array, target: bigint) {
    assert(header.length === HEADER_BYTES, 'a header has its fixed length');
    // 0x80 ends the message; the rest of the third block is zeros.
    const message = concat(DOMAIN.header, header, Uint8Array.of(0x80), new Uint8Array(2));
    const words = new DataView(message.buffer);
    for (let block = 0; block < 2; block++) {
      for (let i = 0; i < 16; i++) this.#schedule[i] = words.getInt32(block * BLOCK_BYTES + i * 4);
      expandSchedule(this.#schedule);
      compress(this.#middle, this.#schedule);
    }
    for (let i = 0; i < 16; i++) this.#tail[i] = words.getInt32(2 * BLOCK_BYTES + i * 4);
    this.#next = words.getUint32(NONCE_AT) * 2 ** 32 + words.getUint32(NONCE_AT + 4);
    const bytes = new DataView(u256(target).buffer);
    this.#target = Uint32Array.from({ length: 8 }, (_, i) => bytes.getUint32(i * 4));
  }

  /** Nonces tried next. */
  get next(): number {
    return this.#next;
  }

  /** Tries up to `count` nonces; the first that reaches the target, or null. */
  search(count: number): number | null {
    for (let i = 0; i < count; i++) {
      const nonce = this.#next++;
      this.#hash(nonce);
      if (this.#reachesTarget()) return nonce;
    }
    return null;
  }

  #hash(nonce: number): void {
    const schedule = this.#schedule;
    const tail = this.#tail;
    const high = Math.floor(nonce / 2 ** 32);
    const low = nonce >>> 0;
    for (let i = 0; i < FIRST_NONCE_WORD; i++) schedule[i] = tail[i]!;
    schedule[13] = (tail[13]! & 0xff00_0000) | (high >>> 8);
    schedule[14] = (high << 24) | (low >>> 8);
    schedule[15] = (low << 24) | 0x80_0000;
    expandSchedule(schedule);
    this.#state.set(this.#middle);
    compress(this.#state, schedule);
    compress(this.#state, PADDING_SCHEDULE);
  }

  #reachesTarget(): boolean {
    for (let i = 0; i < 8; i++) {
      const word = this.#state[i]! >>> 0;
      const limit = this.#target[i]!;
      if (word !== limit) return word < limit;
    }
    return true;
  }
}

function expandSchedule(schedule: Int32Array): void {
  for (let i = 16; i < ROUNDS; i++) {
    const early = schedule[i - 15]!;
    const late = schedule[i - 2]!;
    const sigma0 = ((early >>> 7) | (early << 25)) ^ ((early >>> 18) | (early << 14)) ^ (early >>> 3);
    const sigma1 = ((late >>> 17) | (late << 15)) ^ ((late >>> 19) | (late << 13)) ^ (late >>> 10);
    schedule[i] = (schedule[i - 16]! + sigma0 + schedule[i - 7]! + sigma1) | 0;
  }
}

function compress(state: Int32Array, schedule: Int32Array): void {
  let a = state[0]! | 0;
  let b = state[1]! | 0;
  let c = state[2]! | 0;
  let d = state[3]! | 0;
  let e = state[4]! | 0;
  let f = state[5]! | 0;
  let g = state[6]! | 0;
  let h = state[7]! | 0;
  for (let i = 0; i < ROUNDS; i++) {
    const sum1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const first = (h + sum1 + ((e & f) ^ (~e & g)) + ROUND_CONSTANTS[i]! + schedule[i]!) | 0;
    const sum0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const second = (sum0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + second) | 0;
  }
  state[0] = (state[0]! + a) | 0;
  state[1] = (state[1]! + b) | 0;
  state[2] = (state[2]! + c) | 0;
  state[3] = (state[3]! + d) | 0;
  state[4] = (state[4]! + e) | 0;
  state[5] = (state[5]! + f) | 0;
  state[6] = (state[6]! + g) | 0;
  state[7] = (state[7]! + h) | 0;
}

function firstPrimes(count: number): number[] {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  return primes;
}

/** 32 bits after the point of the prime's square or cube root, by whole numbers: no rounding to trust. */
function rootBits(prime: number, power: bigint): number {
  const scaled = BigInt(prime) << (32n * power);
  let root = 0n;
  for (let bit = 1n << 40n; bit > 0n; bit >>= 1n) if ((root + bit) ** power <= scaled) root += bit;
  return Number(root & 0xffff_ffffn) | 0;
}
