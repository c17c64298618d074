/**
 * Owns the signature rule of the ledger, "L-strict": Ed25519 (RFC 8032) narrowed to the signatures on which no two
 * libraries disagree. It holds no state.
 *
 * A signature R‖S of a message M under a public key A is good if and only if
 *   1. A is 32 bytes and R‖S is 64,
 *   2. the y coordinates of A and of R are canonical (y < p) and not those of a point of small order,
 *   3. S < L,
 *   4. encode([S]B − [k]A) is R byte for byte, with k = SHA-512(R‖A‖M) mod L over the bytes as received.
 * 1–3 are `passesPrefilter`, made of byte comparisons only; every implementation of the rule runs it first, because
 * it removes exactly the inputs on which implementations (and versions of one) of step 4 differ.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concat, equalBytes, fromHex } from '../format/bytes.ts';
import type { SignatureCheck, Verifier } from '../ledger/ports.ts';

/** Lengths in bytes. */
export const PUBLIC_KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;

const { Point } = ed25519;

/** L, the order of the base point, 2^252 + 27742317777372353535851937790883648493: little-endian, as S is. */
const ORDER = fromHex('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010');

/** p = 2^255 − 19, little-endian. */
const FIELD = fromHex('edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f');

/** The y of all eight points of small order, little-endian: orders 4, 1 and 2, then the two of order 8. */
const SMALL_ORDER_Y = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
].map((hex) => fromHex(hex, 32));

/** True if the 32 little-endian bytes of `bytes` at `at` are below `bound`; `mask` is applied to the top byte. */
function isBelow(bytes: Uint8Array, at: number, mask: number, bound: Uint8Array): boolean {
  for (let i = 31; i >= 0; i--) {
    const byte = i === 31 ? bytes[at + i]! & mask : bytes[at + i]!;
    if (byte !== bound[i]!) return byte < bound[i]!;
  }
  return false;
}

/** True if the 32 bytes at `at` are `y`, whatever their top bit (the sign of x) is. */
function hasY(bytes: Uint8Array, at: number, y: Uint8Array): boolean {
  for (let i = 0; i < 31; i++) if (bytes[at + i] !== y[i]) return false;
  return (bytes[at + 31]! & 0x7f) === y[31];
}

/** Rule 2, for the point encoded at `at`. */
function isStrictEncoding(bytes: Uint8Array, at: number): boolean {
  if (!isBelow(bytes, at, 0x7f, FIELD)) return false;
  for (const y of SMALL_ORDER_Y) if (hasY(bytes, at, y)) return false;
  return true;
}

/**
 * Rules 1 and 2 for a key alone: 32 bytes, canonical, not of small order. A key that passes may still be off the
 * curve; no signature verifies under such a key.
 */
export function isValidPublicKey(publicKey: Uint8Array): boolean {
  return publicKey.length === PUBLIC_KEY_BYTES && isStrictEncoding(publicKey, 0);
}

/** Rules 1 to 3, from the bytes alone. About a microsecond: cheap enough to run before anything is queued. */
export function passesPrefilter(publicKey: Uint8Array, signature: Uint8Array): boolean {
  return (
    isValidPublicKey(publicKey) &&
    signature.length === SIGNATURE_BYTES &&
    isStrictEncoding(signature, 0) &&
    isBelow(signature, 32, 0xff, ORDER)
  );
}

/** The number that little-endian bytes stand for. */
function fromLittleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  return value;
}

/** The whole rule, 1 to 4. False for anything that isn't a good signature, whatever its length; never throws. */
export function verifyStrict(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (!passesPrefilter(publicKey, signature)) return false;
  const r = signature.subarray(0, 32);
  const s = fromLittleEndian(signature.subarray(32));
  const k = fromLittleEndian(sha512(concat(r, publicKey, message))) % Point.Fn.ORDER;
  let key: InstanceType<typeof Point>;
  try {
    key = Point.fromBytes(publicKey);
  } catch {
    return false; // No x belongs to this y: not a point of the curve.
  }
  // All of this is public data, so the variable-time multiplications are the right ones.
  const expected = Point.BASE.multiplyUnsafe(s).subtract(key.multiplyUnsafe(k));
  return equalBytes(expected.toBytes(), r);
}

/**
 * The port's implementation for anywhere JavaScript runs: about 1.3 ms a check, on the calling thread. Whoever has
 * an event loop to keep responsive passes it small batches, or uses a verifier with threads.
 */
export class NobleVerifier implements Verifier {
  async verify(checks: readonly SignatureCheck[]): Promise<boolean[]> {
    return checks.map((check) => verifyStrict(check.publicKey, concat(...check.message), check.signature));
  }
}

/** The public key (32 bytes) of a secret seed (32 bytes; RFC 8032 §5.1.5). */
export function publicKeyOf(secretSeed: Uint8Array): Uint8Array {
  return ed25519.getPublicKey(secretSeed);
}

/** The deterministic RFC 8032 signature (64 bytes) of a message. What it returns always passes `verifyStrict`. */
export function sign(secretSeed: Uint8Array, message: Uint8Array): Uint8Array {
  return ed25519.sign(message, secretSeed);
}
