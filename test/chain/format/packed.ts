/** The primitives of `chain/format/codec.ts` made a second time, over `micro-packed`, to compare with. */
import * as P from 'micro-packed';
import { RuleError } from '../../../chain/errors.ts';
import { fromHex, toBigInt } from '../../../chain/format/bytes.ts';

type Packed<T> = P.CoderType<T>;

export const u8: Packed<number> = P.U8;
export const u16: Packed<number> = P.U16BE;
export const u32: Packed<number> = P.U32BE;
export const u256: Packed<bigint> = P.U256BE;
export const bool: Packed<boolean> = P.bool;
export const fixed = (length: number): Packed<Uint8Array> => P.bytes(length);

export const u48: Packed<number> = P.wrap({
  encodeStream(w, value: number) {
    w.bytes(fromHex(value.toString(16).padStart(12, '0'), 6));
  },
  decodeStream: (r) => Number(toBigInt(r.bytes(6))),
});

export const u53: Packed<number> = P.wrap({
  encodeStream(w, value: number) {
    if (!Number.isSafeInteger(value) || value < 0) throw new RuleError('BAD_AMOUNT');
    P.U64BE.encodeStream(w, BigInt(value));
  },
  decodeStream(r) {
    const value = Number(P.U64BE.decodeStream(r));
    if (!Number.isSafeInteger(value)) throw new RuleError('BAD_AMOUNT');
    return value;
  },
});

export const positive: Packed<bigint> = P.wrap({
  encodeStream(w, value: bigint) {
    if (value < 1n || value >= 1n << 256n) throw new RuleError('OVERSIZE');
    const digits = value.toString(16);
    const bytes = fromHex(digits.length % 2 === 0 ? digits : `0${digits}`);
    w.byte(bytes.length);
    w.bytes(bytes);
  },
  decodeStream(r) {
    const bytes = r.bytes(r.byte());
    if (bytes.length > 32) throw new RuleError('OVERSIZE');
    if (bytes.length === 0 || bytes[0] === 0) throw new RuleError('MALFORMED');
    return toBigInt(bytes);
  },
});

const lengthOf = (max: number): Packed<number> => (max < 2 ** 8 ? P.U8 : max < 2 ** 16 ? P.U16BE : P.U32BE);

function atMost(max: number): Packed<number> {
  const check = (size: number): number => {
    if (size > max) throw new RuleError('OVERSIZE');
    return size;
  };
  const inner = lengthOf(max);
  return P.wrap({
    encodeStream: (w, size: number) => inner.encodeStream(w, check(size)),
    decodeStream: (r) => check(inner.decodeStream(r)),
  });
}

export const byteString = (max: number): Packed<Uint8Array> => P.bytes(atMost(max));
export function list<T>(max: number, item: Packed<T>): Packed<T[]> {
  const count = atMost(max);
  return P.wrap({
    encodeStream(w, items: T[]) {
      count.encodeStream(w, items.length);
      for (const value of items) item.encodeStream(w, value);
    },
    decodeStream: (r) => Array.from({ length: count.decodeStream(r) }, () => item.decodeStream(r)),
  });
}

export const optional = <T>(inner: Packed<T>): Packed<T | null> =>
  P.wrap({
    encodeStream(w, value: T | null) {
      P.bool.encodeStream(w, value !== null);
      if (value !== null) inner.encodeStream(w, value);
    },
    decodeStream: (r) => (P.bool.decodeStream(r) ? inner.decodeStream(r) : null),
  });

export const struct = <T>(fields: Record<string, Packed<T>>): Packed<unknown> =>
  P.struct(fields) as unknown as Packed<unknown>;

export const tagged = <T>(kinds: Record<string, [number, Packed<T>]>): Packed<unknown> =>
  P.mappedTag(P.U8, kinds as never) as unknown as Packed<unknown>;

/** What comes of it: the value, or the code that `chain/format/codec.ts` should give. */
export function outcomeOf<T>(attempt: () => T): { readonly value: T } | { readonly code: string } {
  try {
    return { value: attempt() };
  } catch (error) {
    return { code: error instanceof RuleError ? error.code : 'MALFORMED' };
  }
}
