/** Owns the bytes a value takes in LevelDB: a checksum over its key and itself, then itself. */
import { crc32 } from 'node:zlib';
import { CorruptStoreError } from '../chain/errors.ts';
import { toHex } from '../chain/format/bytes.ts';
import type { Slab } from '../chain/format/slab.ts';

const CHECKSUM_BYTES = 4;

/**
 * The value as stored, in memory of `slab`. The key is in the checksum, so a value that turns up under another key is
 * found out.
 */
export function sealValue(key: Uint8Array, value: Uint8Array, slab: Slab): Uint8Array {
  const sealed = slab.take(CHECKSUM_BYTES + value.length);
  const checksum = checksumOf(key, value);
  for (let i = 0; i < CHECKSUM_BYTES; i++) sealed[i] = checksum >>> (24 - 8 * i);
  sealed.set(value, CHECKSUM_BYTES);
  return sealed;
}

/** The value that was sealed, or a `CorruptStoreError`. A view of `sealed`, not a copy. */
export function openValue(key: Uint8Array, sealed: Uint8Array): Uint8Array {
  const { buffer, byteOffset, length } = sealed;
  if (length < CHECKSUM_BYTES) throw corruption(key, 'is cut short');
  const value = new Uint8Array(buffer, byteOffset + CHECKSUM_BYTES, length - CHECKSUM_BYTES);
  const stored = new DataView(buffer, byteOffset, CHECKSUM_BYTES).getUint32(0);
  if (stored !== checksumOf(key, value)) throw corruption(key, 'does not match its checksum');
  return value;
}

function checksumOf(key: Uint8Array, value: Uint8Array): number {
  return crc32(value, crc32(key));
}

function corruption(key: Uint8Array, what: string): CorruptStoreError {
  return new CorruptStoreError(`the value of key ${toHex(key.subarray(0, 40))} ${what}`);
}
