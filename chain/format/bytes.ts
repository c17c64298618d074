/** Owns the small operations on byte strings that everything needs. */
import { hexToBytes } from '@noble/hashes/utils.js';
import { RuleError } from '../errors.ts';

/** The two digits of each byte, as character codes. */
const HEX_HIGH = Uint8Array.from({ length: 256 }, (_, byte) => '0123456789abcdef'.charCodeAt(byte >>> 4));
const HEX_LOW = Uint8Array.from({ length: 256 }, (_, byte) => '0123456789abcdef'.charCodeAt(byte & 15));
/** Bytes turned to characters at once: a call takes only so many arguments. */
const TEXT_STEP = 4096;

/** Character codes on their way into a string, one array for each length up to 64, since ids and addresses are most. */
const CODES: number[][] = Array.from({ length: 65 }, (_, length) => new Array<number>(length).fill(0));
const codesOf = (length: number): number[] => CODES[length] ?? new Array<number>(length);

/**
 * Lower-case hex of the bytes. Made in one piece: V8 keeps a string put together digit by digit as a tree of its parts,
 * a kilobyte for an id, and ids are the keys of most of what a node holds.
 */
export function toHex(bytes: Uint8Array): string {
  const { length } = bytes;
  if (length > TEXT_STEP) return toHex(bytes.subarray(0, TEXT_STEP)) + toHex(bytes.subarray(TEXT_STEP));
  const codes = codesOf(2 * length);
  for (let i = 0; i < length; i++) {
    const byte = bytes[i]!;
    codes[2 * i] = HEX_HIGH[byte]!;
    codes[2 * i + 1] = HEX_LOW[byte]!;
  }
  return String.fromCharCode.apply(null, codes);
}

/** Bytes as text, one character each: a short name for a map, which sorts as the bytes do. */
export function toText(bytes: Uint8Array): string {
  // An array of numbers: spreading the bytes themselves takes five times as long.
  const codes = codesOf(bytes.length);
  for (let i = 0; i < bytes.length; i++) codes[i] = bytes[i]!;
  return String.fromCharCode.apply(null, codes);
}

/** The bytes of such a text: of each character the lowest eight bits. */
export function fromText(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** Bytes of a hex string; `RuleError('MALFORMED')` for anything else. `length`, if given, is in bytes. */
export function fromHex(text: string, length?: number): Uint8Array {
  if (typeof text !== 'string' || !/^(?:[0-9a-f]{2})*$/.test(text)) {
    throw new RuleError('MALFORMED', 'expected lower-case hex');
  }
  if (length !== undefined && text.length !== 2 * length) {
    throw new RuleError('MALFORMED', `expected ${2 * length} hex digits, found ${text.length}`);
  }
  return hexToBytes(text);
}

/** True if both hold the same bytes. Not constant-time: for public data only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Lexicographic order, as LevelDB sorts keys: negative, zero or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = a[i]! - b[i]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** One byte string of all the parts. */
export function concat(...parts: Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Big-endian bytes of a whole number below 2^32. */
export function u32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/** Big-endian bytes of a whole number up to 2^53-1. */
export function u64(value: number): Uint8Array {
  return concat(u32(Math.floor(value / 2 ** 32)), u32(value >>> 0));
}

/** The first 6 bytes as a big-endian number. */
export function first48(bytes: Uint8Array): number {
  return (
    ((bytes[0]! << 8) | bytes[1]!) * 2 ** 32 +
    (((bytes[2]! << 24) | (bytes[3]! << 16) | (bytes[4]! << 8) | bytes[5]!) >>> 0)
  );
}

/** 32 big-endian bytes of a non-negative bigint below 2^256. */
export function u256(value: bigint): Uint8Array {
  return hexToBytes(value.toString(16).padStart(64, '0'));
}

/** The bigint of big-endian bytes. */
export function toBigInt(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${toHex(bytes)}`);
}
