/**
 * Owns the short ids of the block relay: 6 bytes of a hash of the transaction's id behind a salt, which whoever pushes
 * a block draws for it. So nobody can make transactions beforehand that collide in it, and its ids are hashed once for
 * all links. It holds no state.
 */
import { DOMAIN, hash } from '../../chain/format/hash.ts';
import { SHORT_ID_BYTES } from '../messages.ts';

/** Short id of a transaction: 6 bytes. */
export function shortId(salt: Uint8Array, transactionId: Uint8Array): Uint8Array {
  return hash(DOMAIN.shortId, salt, transactionId).slice(0, SHORT_ID_BYTES);
}

/** A short id, or the hash it begins, as a number below 2^48, for maps. */
export function shortIdNumber(id: Uint8Array): number {
  return (
    ((id[0]! << 8) | id[1]!) * 2 ** 32 + (((id[2]! << 24) | (id[3]! << 16) | (id[4]! << 8) | id[5]!) >>> 0)
  );
}
