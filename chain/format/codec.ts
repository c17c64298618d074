/**
 * Owns the primitives every format is built from: big-endian integers, bounded lists and byte strings, and strict
 * decoding. Every value has exactly one encoding; trailing bytes are an error; no list is read past its bound.
 */
import { RuleError } from '../errors.ts';
import { u256 as bytesOfU256, fromHex, toBigInt } from './bytes.ts';
import { Reader, Writer } from './stream.ts';

/** Both ways between a value and its bytes. What a codec is given to write may be anything: it checks. */
export interface Codec<T> {
  write(to: Writer, value: T): void;
  read(from: Reader): T;
}

export const u8: Codec<number> = {
  write: (to, value) => to.u8(whole(value, 0xff)),
  read: (from) => from.u8(),
};
export const u16: Codec<number> = {
  write: (to, value) => to.u16(whole(value, 0xffff)),
  read: (from) => from.u16(),
};
export const u32: Codec<number> = {
  write: (to, value) => to.u32(whole(value, 0xffff_ffff)),
  read: (from) => from.u32(),
};

function whole(value: number, max: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new RuleError('MALFORMED', `${value} is no whole number up to ${max}`);
}

/** A whole number below 2^48 in 6 big-endian bytes. */
export const u48: Codec<number> = {
  write(to, value) {
    whole(value, 2 ** 48 - 1);
    to.u16(Math.floor(value / 2 ** 32));
    to.u32(value >>> 0);
  },
  read: (from) => from.u16() * 2 ** 32 + from.u32(),
};

/** A whole number up to 2^53-1 in 8 big-endian bytes: planks, milliseconds, sizes. */
export const u53: Codec<number> = {
  write(to, value) {
    if (!Number.isSafeInteger(value) || value < 0) throw new RuleError('BAD_AMOUNT', String(value));
    to.u32(Math.floor(value / 2 ** 32));
    to.u32(value >>> 0);
  },
  read(from) {
    const value = from.u32() * 2 ** 32 + from.u32();
    if (value > Number.MAX_SAFE_INTEGER) throw new RuleError('BAD_AMOUNT', 'over 2^53-1');
    return value;
  },
};

export const u256: Codec<bigint> = {
  write(to, value) {
    if (typeof value !== 'bigint' || value < 0n || value >= 1n << 256n) {
      throw new RuleError('MALFORMED', 'not from 0 to 2^256-1');
    }
    to.bytes(bytesOfU256(value));
  },
  read: (from) => toBigInt(from.bytes(32)),
};

/** A whole number from 1 to 2^256-1 in as few big-endian bytes as it takes, behind how many those are. */
export const positive: Codec<bigint> = {
  write(to, value) {
    if (value < 1n || value >= 1n << 256n) throw new RuleError('OVERSIZE', 'not from 1 to 2^256-1');
    const digits = value.toString(16);
    const bytes = fromHex(digits.length % 2 === 0 ? digits : `0${digits}`);
    to.u8(bytes.length);
    to.bytes(bytes);
  },
  read(from) {
    const bytes = from.bytes(from.u8());
    if (bytes.length > 32) throw new RuleError('OVERSIZE', 'over 2^256-1');
    if (bytes.length === 0 || bytes[0] === 0) throw new RuleError('MALFORMED', 'a number has leading zeros');
    return toBigInt(bytes);
  },
};

export const bool: Codec<boolean> = {
  write(to, value) {
    if (typeof value !== 'boolean') throw new RuleError('MALFORMED', `${value} is neither true nor false`);
    to.u8(value ? 1 : 0);
  },
  read(from) {
    const byte = from.u8();
    if (byte > 1) throw new RuleError('MALFORMED', `${byte} is neither true nor false`);
    return byte === 1;
  },
};

/** Exactly `length` bytes. */
export function fixed(length: number): Codec<Uint8Array> {
  return {
    write(to, value) {
      checkBytes(value);
      if (value.length !== length) {
        throw new RuleError('MALFORMED', `${value.length} bytes instead of ${length}`);
      }
      to.bytes(value);
    },
    read: (from) => from.bytes(length),
  };
}

const NOTHING = new Uint8Array(0);

/** A byte string of at most `max` bytes behind its length, which takes 1, 2 or 4 bytes as `max` needs. */
export function byteString(max: number): Codec<Uint8Array> {
  const length = countCodec(max);
  return {
    write(to, value) {
      checkBytes(value);
      if (value.length > max) throw new RuleError('OVERSIZE', `${value.length} bytes of at most ${max}`);
      length.write(to, value.length);
      to.bytes(value);
    },
    read(from) {
      const size = length.read(from);
      if (size > max) throw new RuleError('OVERSIZE', `${size} bytes of at most ${max}`);
      // One for all: a view of nothing takes as much as any other.
      return size === 0 ? NOTHING : from.bytes(size);
    },
  };
}

function checkBytes(value: Uint8Array): void {
  if (!(value instanceof Uint8Array)) throw new RuleError('MALFORMED', 'expected bytes');
}

/** A list of at most `max` items behind its count, which takes 1, 2 or 4 bytes as `max` needs. */
export function list<T>(max: number, item: Codec<T>): Codec<T[]> {
  const count = countCodec(max);
  return {
    write(to, items) {
      if (items.length > max) throw new RuleError('OVERSIZE', `${items.length} items of at most ${max}`);
      count.write(to, items.length);
      for (const value of items) item.write(to, value);
    },
    read(from) {
      const size = count.read(from);
      if (size > max) throw new RuleError('OVERSIZE', `${size} items of at most ${max}`);
      const items: T[] = [];
      for (let i = 0; i < size; i++) items.push(item.read(from));
      return items;
    },
  };
}

function countCodec(max: number): Codec<number> {
  if (max < 2 ** 8) return u8;
  return max < 2 ** 16 ? u16 : u32;
}

/** `null` is the byte 0; a value is the byte 1 and the value. */
export function optional<T>(inner: Codec<T>): Codec<T | null> {
  return {
    write(to, value) {
      to.u8(value === null ? 0 : 1);
      if (value !== null) inner.write(to, value);
    },
    read: (from) => (bool.read(from) ? inner.read(from) : null),
  };
}

/** The fields one after the other, in the order written. */
export function struct<T extends object>(fields: { readonly [K in keyof T]: Codec<T[K]> }): Codec<T> {
  const names = Object.keys(fields) as (keyof T)[];
  const codecs = names.map((name) => fields[name]);
  return {
    write(to, value) {
      if (typeof value !== 'object') throw new RuleError('MALFORMED', 'expected fields');
      for (let i = 0; i < names.length; i++) codecs[i]!.write(to, value[names[i]!]);
    },
    read(from) {
      const value = {} as T;
      for (let i = 0; i < names.length; i++) value[names[i]!] = codecs[i]!.read(from);
      return value;
    },
  };
}

/** A byte that says what follows, and that. */
export function marked<T>(mark: number, inner: Codec<T>): Codec<T> {
  return {
    write(to, value) {
      to.u8(mark);
      inner.write(to, value);
    },
    read(from) {
      const byte = from.u8();
      if (byte !== mark) throw new RuleError('MALFORMED', `begins with ${byte} instead of ${mark}`);
      return inner.read(from);
    },
  };
}

/** One of several kinds: the byte of its kind and what it holds. */
export function tagged<T extends { readonly TAG: string; readonly data: unknown }>(
  kinds: {
    readonly [K in T['TAG']]: readonly [byte: number, Codec<Extract<T, { readonly TAG: K }>['data']>];
  },
): Codec<T> {
  const byTag = new Map(Object.entries(kinds) as [string, readonly [number, Codec<unknown>]][]);
  const byByte = new Map([...byTag].map(([TAG, [byte, data]]) => [byte, { TAG, data }]));
  return {
    write(to, value) {
      const kind = byTag.get(value.TAG);
      if (kind === undefined) throw new RuleError('MALFORMED', `no kind is called ${value.TAG}`);
      to.u8(kind[0]);
      kind[1].write(to, value.data);
    },
    read(from) {
      const byte = from.u8();
      const kind = byByte.get(byte);
      if (kind === undefined) throw new RuleError('MALFORMED', `no kind is ${byte}`);
      return { TAG: kind.TAG, data: kind.data.read(from) } as T;
    },
  };
}

/** Decodes the whole of `bytes`; any fault is a `RuleError`, 'MALFORMED' unless a field has its own code. */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  checkBytes(bytes);
  const reader = new Reader(bytes);
  const value = codec.read(reader);
  reader.end();
  return value;
}

/** One for all: encoding neither waits nor encodes anything else on the way. */
const writer = new Writer();

/** The one encoding of `value`; a value that no encoding exists for is a `RuleError`. */
export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  try {
    codec.write(writer, value);
    return writer.written();
  } catch (error) {
    throw faultOf(error);
  } finally {
    writer.clear();
  }
}

/** The same of many values, all in one piece of memory: for what is let go together, since each keeps all alive. */
export function encodeAll<T>(codec: Codec<T>, values: readonly T[]): Uint8Array[] {
  try {
    const ends = values.map((value) => {
      codec.write(writer, value);
      return writer.length;
    });
    const all = writer.written();
    return ends.map((end, i) => all.subarray(ends[i - 1] ?? 0, end));
  } catch (error) {
    throw faultOf(error);
  } finally {
    writer.clear();
  }
}

/** How many bytes `encode` would give. */
export function lengthOf<T>(codec: Codec<T>, value: T): number {
  try {
    codec.write(writer, value);
    return writer.length;
  } catch (error) {
    throw faultOf(error);
  } finally {
    writer.clear();
  }
}

function faultOf(error: unknown): RuleError {
  if (error instanceof RuleError) return error;
  // A part isn't there, or isn't what its type says.
  return new RuleError('MALFORMED', error instanceof Error ? error.message : String(error));
}
