/**
 * A second L-strict, written from the definition with nothing but bigints and none of the code under test: small
 * order is found by multiplying by 8, not from a table. Slow, and in no way constant-time.
 */
import { createHash } from 'node:crypto';

export const P = 2n ** 255n - 19n;
export const L = 2n ** 252n + 27742317777372353535851937790883648493n;

const mod = (a: bigint, m = P): bigint => ((a % m) + m) % m;

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let b = mod(base), e = exponent; e > 0n; e >>= 1n, b = mod(b * b))
    if (e & 1n) result = mod(result * b);
  return result;
}

const inverse = (a: bigint): bigint => power(a, P - 2n);
const D = mod(-121665n * inverse(121666n));
const ROOT_OF_MINUS_ONE = power(2n, (P - 1n) / 4n);

/** Extended coordinates (X : Y : Z : T) with x = X/Z, y = Y/Z, xy = T/Z. */
export type Point = readonly [bigint, bigint, bigint, bigint];

export const IDENTITY: Point = [0n, 1n, 1n, 0n];

export function add(p: Point, q: Point): Point {
  const a = mod((p[1] - p[0]) * (q[1] - q[0]));
  const b = mod((p[1] + p[0]) * (q[1] + q[0]));
  const c = mod(2n * p[3] * q[3] * D);
  const d = mod(2n * p[2] * q[2]);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

export const negate = (p: Point): Point => [mod(-p[0]), p[1], p[2], mod(-p[3])];

export function multiply(point: Point, scalar: bigint): Point {
  let result = IDENTITY;
  for (let q = point, s = scalar; s > 0n; s >>= 1n, q = add(q, q)) if (s & 1n) result = add(result, q);
  return result;
}

const isIdentity = (p: Point): boolean => p[0] === 0n && p[1] === p[2];

export function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n);
}

export function toBytes(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
}

export function encode(p: Point): Uint8Array {
  const z = inverse(p[2]);
  return toBytes(mod(p[1] * z) + ((mod(p[0] * z) & 1n) << 255n));
}

/** The point of a canonical encoding (RFC 8032 §5.1.3), or undefined. */
export function decode(bytes: Uint8Array): Point | undefined {
  const value = littleEndian(bytes);
  const [sign, y] = [value >> 255n, value & (2n ** 255n - 1n)];
  if (y >= P) return undefined;
  const square = mod((y * y - 1n) * inverse(D * y * y + 1n));
  let x = power(square, (P + 3n) / 8n);
  if (mod(x * x) !== square) x = mod(x * ROOT_OF_MINUS_ONE);
  if (mod(x * x) !== square || (x === 0n && sign === 1n)) return undefined;
  if ((x & 1n) !== sign) x = P - x;
  return [x, y, 1n, mod(x * y)];
}

export const BASE = decode(toBytes(mod(4n * inverse(5n))))!;

export function challenge(r: Uint8Array, key: Uint8Array, message: Uint8Array): bigint {
  return littleEndian(createHash('sha512').update(r).update(key).update(message).digest()) % L;
}

export function oracleAccepts(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (key.length !== 32 || signature.length !== 64) return false;
  const [r, s] = [signature.slice(0, 32), littleEndian(signature.slice(32))];
  const points = [decode(key), decode(r)];
  if (points.some((point) => point === undefined || isIdentity(multiply(point, 8n))) || s >= L) return false;
  const difference = add(multiply(BASE, s), negate(multiply(points[0]!, challenge(r, key, message))));
  return Buffer.from(encode(difference)).equals(r);
}
