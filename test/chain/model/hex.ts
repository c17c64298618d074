/**
 * Owns the model's bytes: hex strings, put together by hand and hashed by `node:crypto`, so that nothing is shared with
 * the encoders and hashes under test. The domains are restated on purpose.
 */
import { createHash } from 'node:crypto';

/** Lower-case hex of some bytes. */
export type Hex = string;

export const ZEROS: Hex = '00'.repeat(32);

export const hexOf = (bytes: Uint8Array): Hex => Buffer.from(bytes).toString('hex');
export const bytesOf = (hex: Hex): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

/** Big-endian, in that many bytes. */
export const number = (value: number | bigint, bytes: number): Hex => {
  const digits = BigInt(value)
    .toString(16)
    .padStart(2 * bytes, '0');
  if (BigInt(value) < 0n || digits.length !== 2 * bytes) throw new Error(`${value} is not ${bytes} bytes`);
  return digits;
};
export const text = (ascii: string): Hex => Buffer.from(ascii, 'latin1').toString('hex');
/** A byte string behind its length of `lengthBytes` bytes. */
export const counted = (hex: Hex, lengthBytes: number): Hex => number(hex.length / 2, lengthBytes) + hex;
export const optional = (hex: Hex | null): Hex => (hex === null ? '00' : `01${hex}`);

/** SHA-256 over the domain `pier/` and three letters, then the parts. */
export function hash(letters: string, ...parts: Hex[]): Hex {
  return createHash('sha256')
    .update(Buffer.from(text(`pier/${letters}`) + parts.join(''), 'hex'))
    .digest('hex');
}
