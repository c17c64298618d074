/** Owns the addresses of accounts that nobody has a key for: the same ones in every process. */
import { createHash } from 'node:crypto';

/** The address of the account with this number. */
export function accountAddress(place: number): Uint8Array {
  return new Uint8Array(createHash('sha256').update(`account ${place}`).digest().subarray(0, 20));
}
