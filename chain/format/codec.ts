/**
 * Owns the primitives every format is built from: big-endian integers, bounded lists and byte strings, and strict
 * decoding. Every value has exactly one encoding; trailing bytes are an error; no list is read past its bound.
 */
import * as P from 'micro-packed';
import { RuleError } from '../errors.ts';
import { fromHex, toBigInt } from './bytes.ts';

export type Codec<T> = P.CoderType<T>;

export const u8: Codec<number> = P.U8;
export const u16: Codec<number> = P.U16BE;
export const u32: Codec<number> = P.U32BE;
export const u256: Codec<bigint> = P.U256BE;

/** A whole number up to 2^53-1 in 8 big-endian bytes: planks, milliseconds, sizes. */
export const u53: Codec<number> = P.wrap({
  size: 8,
  encodeStream(w, value: number) {
    if (!Number.isSafeInteger(value) || value < 0) throw new RuleError('BAD_AMOUNT', String(value));
    P.U32BE.encodeStream(w, Math.floor(value / 2 ** 32));
    P.U32BE.encodeStream(w, value >>> 0);
  },
  decodeStream(r) {
    const value = P.U32BE.decodeStream(r) * 2 ** 32 + P.U32BE.decodeStream(r);
    if (!Number.isSafeInteger(value)) throw new RuleError('BAD_AMOUNT', 'over 2^53-1');
    return value;
  },
});

/** A whole number from 1 to 2^256-1 in as few big-endian bytes as it takes, behind how many those are. */
export const positive: Codec<bigint> = P.wrap({
  encodeStream(w, value: bigint) {
    if (value < 1n || value >= 1n << 256n) throw new RuleError('OVERSIZE', 'not from 1 to 2^256-1');
    const digits = value.toString(16);
    const bytes = fromHex(digits.length % 2 === 0 ? digits : `0${digits}`);
    w.byte(bytes.length);
    w.bytes(bytes);
  },
  decodeStream(r) {
    const bytes = r.bytes(r.byte());
    if (bytes.length > 32) throw new RuleError('OVERSIZE', 'over 2^256-1');
    if (bytes.length === 0 || bytes[0] === 0) throw new RuleError('MALFORMED', 'a number has leading zeros');
    return toBigInt(bytes);
  },
});

/** Exactly `length` bytes. */
export const fixed = (length: number): Codec<Uint8Array> => P.bytes(length);

/** A byte string of at most `max` bytes behind its length, which takes 1, 2 or 4 bytes as `max` needs. */
export function byteString(max: number): Codec<Uint8Array> {
  const length = countCodec(max);
  return P.wrap({
    encodeStream(w, value: Uint8Array) {
      if (value.length > max) throw new RuleError('OVERSIZE', `${value.length} bytes of at most ${max}`);
      length.encodeStream(w, value.length);
      w.bytes(value);
    },
    decodeStream(r) {
      const size = length.decodeStream(r);
      if (size > max) throw new RuleError('OVERSIZE', `${size} bytes of at most ${max}`);
      return r.bytes(size);
    },
  });
}

/** A list of at most `max` items behind its count, which takes 1, 2 or 4 bytes as `max` needs. */
export function list<T>(max: number, item: Codec<T>): Codec<T[]> {
  const count = countCodec(max);
  return P.wrap({
    encodeStream(w, items: T[]) {
      if (items.length > max) throw new RuleError('OVERSIZE', `${items.length} items of at most ${max}`);
      count.encodeStream(w, items.length);
      for (const value of items) item.encodeStream(w, value);
    },
    decodeStream(r) {
      const size = count.decodeStream(r);
      if (size > max) throw new RuleError('OVERSIZE', `${size} items of at most ${max}`);
      const items: T[] = [];
      for (let i = 0; i < size; i++) items.push(item.decodeStream(r));
      return items;
    },
  });
}

/** `null` is the byte 0; a value is the byte 1 and the value. */
export function optional<T>(inner: Codec<T>): Codec<T | null> {
  return P.wrap({
    encodeStream(w, value: T | null) {
      w.byte(value === null ? 0 : 1);
      if (value !== null) inner.encodeStream(w, value);
    },
    decodeStream(r) {
      return P.bool.decodeStream(r) ? inner.decodeStream(r) : null;
    },
  });
}

export const bool: Codec<boolean> = P.bool;
/** The fields one after the other, in the order written. */
export function struct<T extends object>(fields: { [K in keyof T]: Codec<T[K]> }): Codec<T> {
  return P.struct(fields as P.StructRecord<Record<string, unknown>>) as unknown as Codec<T>;
}
export const tagged = P.mappedTag;

function countCodec(max: number): Codec<number> {
  if (max < 2 ** 8) return u8;
  return max < 2 ** 16 ? u16 : u32;
}

/** Decodes the whole of `bytes`; any fault is a `RuleError`, 'MALFORMED' unless a field has its own code. */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  try {
    return codec.decode(bytes);
  } catch (error) {
    throw ruleErrorOf(error);
  }
}

/** The one encoding of `value`; a value that no encoding exists for is a `RuleError`. */
export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  try {
    return codec.encode(value);
  } catch (error) {
    throw ruleErrorOf(error);
  }
}

function ruleErrorOf(error: unknown): RuleError {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof RuleError) return cause;
  }
  return new RuleError('MALFORMED', error instanceof Error ? error.message : String(error));
}
