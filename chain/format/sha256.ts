/**
 * Owns SHA-256 (FIPS 180-4) of short messages. Nearly every hash here is of less than 200 bytes, thousands of them a
 * block, and a general implementation spends most of its time on setting up: this one takes a quarter of the time of
 * `@noble/hashes` for an inner node, which stays the judge of it in the tests and does all longer messages. State: one
 * buffer of fixed size, used only within a call. Not constant-time: for public data only.
 */

/** Longest message it takes, in bytes. */
export const SHORT_BYTES = 1024;

const BLOCK_BYTES = 64;
/** The message, then the padding: a 1 bit, zeros, and the length in bits. */
const message = new Uint8Array(SHORT_BYTES + 2 * BLOCK_BYTES);
const messageView = new DataView(message.buffer);
const state = new Int32Array(8);

/** FIPS 180-4 §5.3.3. */
const INITIAL = Int32Array.of(
  0x6a09e667,
  0xbb67ae85,
  0x3c6ef372,
  0xa54ff53a,
  0x510e527f,
  0x9b05688c,
  0x1f83d9ab,
  0x5be0cd19,
);
/** FIPS 180-4 §4.2.2: the first 32 bits of the fractions of the cube roots of the first 64 primes. */
const ROUND = Int32Array.of(
  0x428a2f98,
  0x71374491,
  0xb5c0fbcf,
  0xe9b5dba5,
  0x3956c25b,
  0x59f111f1,
  0x923f82a4,
  0xab1c5ed5,
  0xd807aa98,
  0x12835b01,
  0x243185be,
  0x550c7dc3,
  0x72be5d74,
  0x80deb1fe,
  0x9bdc06a7,
  0xc19bf174,
  0xe49b69c1,
  0xefbe4786,
  0x0fc19dc6,
  0x240ca1cc,
  0x2de92c6f,
  0x4a7484aa,
  0x5cb0a9dc,
  0x76f988da,
  0x983e5152,
  0xa831c66d,
  0xb00327c8,
  0xbf597fc7,
  0xc6e00bf3,
  0xd5a79147,
  0x06ca6351,
  0x14292967,
  0x27b70a85,
  0x2e1b2138,
  0x4d2c6dfc,
  0x53380d13,
  0x650a7354,
  0x766a0abb,
  0x81c2c92e,
  0x92722c85,
  0xa2bfe8a1,
  0xa81a664b,
  0xc24b8b70,
  0xc76c51a3,
  0xd192e819,
  0xd6990624,
  0xf40e3585,
  0x106aa070,
  0x19a4c116,
  0x1e376c08,
  0x2748774c,
  0x34b0bcb5,
  0x391c0cb3,
  0x4ed8aa4a,
  0x5b9cca4f,
  0x682e6ff3,
  0x748f82ee,
  0x78a5636f,
  0x84c87814,
  0x8cc70208,
  0x90befffa,
  0xa4506ceb,
  0xbef9a3f7,
  0xc67178f2,
);

/** SHA-256 of a first part of few bytes and the others after it, together at most `SHORT_BYTES`, into the 32 bytes of `out`. */
export function sha256Short(
  first: Uint8Array,
  others: readonly Uint8Array[],
  out: Uint8Array = new Uint8Array(32),
): Uint8Array {
  const bytes = message;
  let { length } = first;
  // A call of `set` takes as long as thirty bytes.
  for (let i = 0; i < length; i++) bytes[i] = first[i]!;
  for (const part of others) {
    bytes.set(part, length);
    length += part.length;
  }
  digest(length);
  writeState(out, 0);
  return out;
}

/** SHA-256 of the first part and the 64 bytes of another from `at`, into `out` from `outAt`: no array but the caller's. */
export function sha256Into(
  first: Uint8Array,
  second: Uint8Array,
  at: number,
  out: Uint8Array,
  outAt: number,
): void {
  const bytes = message;
  const start = first.length;
  for (let i = 0; i < start; i++) bytes[i] = first[i]!;
  for (let i = 0; i < 64; i++) bytes[start + i] = second[at + i]!;
  digest(start + 64);
  writeState(out, outAt);
}

/** Pads the message, of so many bytes, and leaves its hash in the state. */
function digest(length: number): void {
  const bytes = message;
  const end = Math.ceil((length + 9) / BLOCK_BYTES) * BLOCK_BYTES;
  bytes[length] = 0x80;
  bytes.fill(0, length + 1, end - 2);
  bytes[end - 2] = (length * 8) >>> 8;
  bytes[end - 1] = length * 8;
  for (let i = 0; i < 8; i++) state[i] = INITIAL[i]!;
  for (let at = 0; at < end; at += BLOCK_BYTES) compress(at);
}

function writeState(out: Uint8Array, at: number): void {
  for (let i = 0; i < 8; i++) {
    const word = state[i]!;
    out[at + 4 * i] = word >>> 24;
    out[at + 4 * i + 1] = word >>> 16;
    out[at + 4 * i + 2] = word >>> 8;
    out[at + 4 * i + 3] = word;
  }
}

const rot = (x: number, by: number): number => (x >>> by) | (x << (32 - by));
const choose = (e: number, f: number, g: number): number => g ^ (e & (f ^ g));
const majority = (a: number, b: number, c: number): number => (a & b) ^ (c & (a ^ b));

/**
 * One block of the message into the state: FIPS 180-4 §6.2.2, with its letters. Sixteen rounds are written out, so that
 * nothing moves from letter to letter and the schedule's window stays in locals: half the time of the plain loop.
 */
function compress(at: number): void {
  const view = messageView;
  const k = ROUND;
  const s = state;
  let w0 = view.getInt32(at);
  let w1 = view.getInt32(at + 4);
  let w2 = view.getInt32(at + 8);
  let w3 = view.getInt32(at + 12);
  let w4 = view.getInt32(at + 16);
  let w5 = view.getInt32(at + 20);
  let w6 = view.getInt32(at + 24);
  let w7 = view.getInt32(at + 28);
  let w8 = view.getInt32(at + 32);
  let w9 = view.getInt32(at + 36);
  let w10 = view.getInt32(at + 40);
  let w11 = view.getInt32(at + 44);
  let w12 = view.getInt32(at + 48);
  let w13 = view.getInt32(at + 52);
  let w14 = view.getInt32(at + 56);
  let w15 = view.getInt32(at + 60);
  let a = s[0]!;
  let b = s[1]!;
  let c = s[2]!;
  let d = s[3]!;
  let e = s[4]!;
  let f = s[5]!;
  let g = s[6]!;
  let h = s[7]!;
  let t = 0;
  // biome-ignore format: a line a word, a round's three lines alike
  for (let i = 0; ; i += 16) {
    t = (((h + k[i]! + w0) | 0) + (rot(e, 6) ^ rot(e, 11) ^ rot(e, 25)) + choose(e, f, g)) | 0;
    d = (d + t) | 0;
    h = (t + (rot(a, 2) ^ rot(a, 13) ^ rot(a, 22)) + majority(a, b, c)) | 0;
    t = (((g + k[i + 1]! + w1) | 0) + (rot(d, 6) ^ rot(d, 11) ^ rot(d, 25)) + choose(d, e, f)) | 0;
    c = (c + t) | 0;
    g = (t + (rot(h, 2) ^ rot(h, 13) ^ rot(h, 22)) + majority(h, a, b)) | 0;
    t = (((f + k[i + 2]! + w2) | 0) + (rot(c, 6) ^ rot(c, 11) ^ rot(c, 25)) + choose(c, d, e)) | 0;
    b = (b + t) | 0;
    f = (t + (rot(g, 2) ^ rot(g, 13) ^ rot(g, 22)) + majority(g, h, a)) | 0;
    t = (((e + k[i + 3]! + w3) | 0) + (rot(b, 6) ^ rot(b, 11) ^ rot(b, 25)) + choose(b, c, d)) | 0;
    a = (a + t) | 0;
    e = (t + (rot(f, 2) ^ rot(f, 13) ^ rot(f, 22)) + majority(f, g, h)) | 0;
    t = (((d + k[i + 4]! + w4) | 0) + (rot(a, 6) ^ rot(a, 11) ^ rot(a, 25)) + choose(a, b, c)) | 0;
    h = (h + t) | 0;
    d = (t + (rot(e, 2) ^ rot(e, 13) ^ rot(e, 22)) + majority(e, f, g)) | 0;
    t = (((c + k[i + 5]! + w5) | 0) + (rot(h, 6) ^ rot(h, 11) ^ rot(h, 25)) + choose(h, a, b)) | 0;
    g = (g + t) | 0;
    c = (t + (rot(d, 2) ^ rot(d, 13) ^ rot(d, 22)) + majority(d, e, f)) | 0;
    t = (((b + k[i + 6]! + w6) | 0) + (rot(g, 6) ^ rot(g, 11) ^ rot(g, 25)) + choose(g, h, a)) | 0;
    f = (f + t) | 0;
    b = (t + (rot(c, 2) ^ rot(c, 13) ^ rot(c, 22)) + majority(c, d, e)) | 0;
    t = (((a + k[i + 7]! + w7) | 0) + (rot(f, 6) ^ rot(f, 11) ^ rot(f, 25)) + choose(f, g, h)) | 0;
    e = (e + t) | 0;
    a = (t + (rot(b, 2) ^ rot(b, 13) ^ rot(b, 22)) + majority(b, c, d)) | 0;
    t = (((h + k[i + 8]! + w8) | 0) + (rot(e, 6) ^ rot(e, 11) ^ rot(e, 25)) + choose(e, f, g)) | 0;
    d = (d + t) | 0;
    h = (t + (rot(a, 2) ^ rot(a, 13) ^ rot(a, 22)) + majority(a, b, c)) | 0;
    t = (((g + k[i + 9]! + w9) | 0) + (rot(d, 6) ^ rot(d, 11) ^ rot(d, 25)) + choose(d, e, f)) | 0;
    c = (c + t) | 0;
    g = (t + (rot(h, 2) ^ rot(h, 13) ^ rot(h, 22)) + majority(h, a, b)) | 0;
    t = (((f + k[i + 10]! + w10) | 0) + (rot(c, 6) ^ rot(c, 11) ^ rot(c, 25)) + choose(c, d, e)) | 0;
    b = (b + t) | 0;
    f = (t + (rot(g, 2) ^ rot(g, 13) ^ rot(g, 22)) + majority(g, h, a)) | 0;
    t = (((e + k[i + 11]! + w11) | 0) + (rot(b, 6) ^ rot(b, 11) ^ rot(b, 25)) + choose(b, c, d)) | 0;
    a = (a + t) | 0;
    e = (t + (rot(f, 2) ^ rot(f, 13) ^ rot(f, 22)) + majority(f, g, h)) | 0;
    t = (((d + k[i + 12]! + w12) | 0) + (rot(a, 6) ^ rot(a, 11) ^ rot(a, 25)) + choose(a, b, c)) | 0;
    h = (h + t) | 0;
    d = (t + (rot(e, 2) ^ rot(e, 13) ^ rot(e, 22)) + majority(e, f, g)) | 0;
    t = (((c + k[i + 13]! + w13) | 0) + (rot(h, 6) ^ rot(h, 11) ^ rot(h, 25)) + choose(h, a, b)) | 0;
    g = (g + t) | 0;
    c = (t + (rot(d, 2) ^ rot(d, 13) ^ rot(d, 22)) + majority(d, e, f)) | 0;
    t = (((b + k[i + 14]! + w14) | 0) + (rot(g, 6) ^ rot(g, 11) ^ rot(g, 25)) + choose(g, h, a)) | 0;
    f = (f + t) | 0;
    b = (t + (rot(c, 2) ^ rot(c, 13) ^ rot(c, 22)) + majority(c, d, e)) | 0;
    t = (((a + k[i + 15]! + w15) | 0) + (rot(f, 6) ^ rot(f, 11) ^ rot(f, 25)) + choose(f, g, h)) | 0;
    e = (e + t) | 0;
    a = (t + (rot(b, 2) ^ rot(b, 13) ^ rot(b, 22)) + majority(b, c, d)) | 0;
    if (i === 48) break;
    w0 = (w0 + w9 + (rot(w1, 7) ^ rot(w1, 18) ^ (w1 >>> 3)) + (rot(w14, 17) ^ rot(w14, 19) ^ (w14 >>> 10))) | 0;
    w1 = (w1 + w10 + (rot(w2, 7) ^ rot(w2, 18) ^ (w2 >>> 3)) + (rot(w15, 17) ^ rot(w15, 19) ^ (w15 >>> 10))) | 0;
    w2 = (w2 + w11 + (rot(w3, 7) ^ rot(w3, 18) ^ (w3 >>> 3)) + (rot(w0, 17) ^ rot(w0, 19) ^ (w0 >>> 10))) | 0;
    w3 = (w3 + w12 + (rot(w4, 7) ^ rot(w4, 18) ^ (w4 >>> 3)) + (rot(w1, 17) ^ rot(w1, 19) ^ (w1 >>> 10))) | 0;
    w4 = (w4 + w13 + (rot(w5, 7) ^ rot(w5, 18) ^ (w5 >>> 3)) + (rot(w2, 17) ^ rot(w2, 19) ^ (w2 >>> 10))) | 0;
    w5 = (w5 + w14 + (rot(w6, 7) ^ rot(w6, 18) ^ (w6 >>> 3)) + (rot(w3, 17) ^ rot(w3, 19) ^ (w3 >>> 10))) | 0;
    w6 = (w6 + w15 + (rot(w7, 7) ^ rot(w7, 18) ^ (w7 >>> 3)) + (rot(w4, 17) ^ rot(w4, 19) ^ (w4 >>> 10))) | 0;
    w7 = (w7 + w0 + (rot(w8, 7) ^ rot(w8, 18) ^ (w8 >>> 3)) + (rot(w5, 17) ^ rot(w5, 19) ^ (w5 >>> 10))) | 0;
    w8 = (w8 + w1 + (rot(w9, 7) ^ rot(w9, 18) ^ (w9 >>> 3)) + (rot(w6, 17) ^ rot(w6, 19) ^ (w6 >>> 10))) | 0;
    w9 = (w9 + w2 + (rot(w10, 7) ^ rot(w10, 18) ^ (w10 >>> 3)) + (rot(w7, 17) ^ rot(w7, 19) ^ (w7 >>> 10))) | 0;
    w10 = (w10 + w3 + (rot(w11, 7) ^ rot(w11, 18) ^ (w11 >>> 3)) + (rot(w8, 17) ^ rot(w8, 19) ^ (w8 >>> 10))) | 0;
    w11 = (w11 + w4 + (rot(w12, 7) ^ rot(w12, 18) ^ (w12 >>> 3)) + (rot(w9, 17) ^ rot(w9, 19) ^ (w9 >>> 10))) | 0;
    w12 = (w12 + w5 + (rot(w13, 7) ^ rot(w13, 18) ^ (w13 >>> 3)) + (rot(w10, 17) ^ rot(w10, 19) ^ (w10 >>> 10))) | 0;
    w13 = (w13 + w6 + (rot(w14, 7) ^ rot(w14, 18) ^ (w14 >>> 3)) + (rot(w11, 17) ^ rot(w11, 19) ^ (w11 >>> 10))) | 0;
    w14 = (w14 + w7 + (rot(w15, 7) ^ rot(w15, 18) ^ (w15 >>> 3)) + (rot(w12, 17) ^ rot(w12, 19) ^ (w12 >>> 10))) | 0;
    w15 = (w15 + w8 + (rot(w0, 7) ^ rot(w0, 18) ^ (w0 >>> 3)) + (rot(w13, 17) ^ rot(w13, 19) ^ (w13 >>> 10))) | 0;
  }
  s[0]! += a;
  s[1]! += b;
  s[2]! += c;
  s[3]! += d;
  s[4]! += e;
  s[5]! += f;
  s[6]! += g;
  s[7]! += h;
}
