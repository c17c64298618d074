/**
 * Owns how a passphrase becomes a key: scrypt (RFC 7914) behind a port, since Node's own is several times faster, and
 * what costs are accepted from a file. The limits bound the memory (1 GiB) and time that opening a file can take.
 */
import { scryptAsync } from '@noble/hashes/scrypt.js';

export interface ScryptCost {
  /** Work and memory factor, a power of two. */
  readonly n: number;
  /** Block size, in units of 128 bytes. */
  readonly r: number;
  /** Independent lanes, one after the other. */
  readonly p: number;
}

/** 32 bytes from a passphrase and a salt; must not block the thread for long. */
export type Kdf = (passphrase: Uint8Array, salt: Uint8Array, cost: ScryptCost) => Promise<Uint8Array>;

/** What new files are written with: 128 MiB, a few tenths of a second. */
export const DEFAULT_COST: ScryptCost = { n: 2 ** 17, r: 8, p: 1 };

const N_MIN = 2 ** 10;
const N_MAX = 2 ** 20;
const R_MAX = 32;
const P_MAX = 4;
/** 128·n·r, the memory scrypt needs. */
const BYTES_MAX = 2 ** 30;

/** Says which limit a cost breaks, or `null` for none. */
export function costFault({ n, r, p }: ScryptCost): string | null {
  const log = Math.log2(n);
  if (!Number.isInteger(n) || !Number.isInteger(log) || n < N_MIN || n > N_MAX) {
    return `scrypt n must be a power of two from ${N_MIN} to ${N_MAX}`;
  }
  if (!Number.isInteger(r) || r < 1 || r > R_MAX) return `scrypt r must be from 1 to ${R_MAX}`;
  if (!Number.isInteger(p) || p < 1 || p > P_MAX) return `scrypt p must be from 1 to ${P_MAX}`;
  return 128 * n * r > BYTES_MAX ? 'scrypt would need more than 1 GiB' : null;
}

/** The KDF where there is no other: runs in slices, in any JavaScript engine. */
export const portableKdf: Kdf = (passphrase, salt, { n, r, p }) =>
  scryptAsync(passphrase, salt, { N: n, r, p, dkLen: 32, maxmem: 2 * BYTES_MAX });
