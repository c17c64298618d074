/**
 * Owns the short ids of the block relay: 6 bytes of a hash keyed for one link and one block, so that nobody can make
 * transactions that collide for more than one link. It holds no state.
 */
import { DOMAIN, hash } from '../../chain/format/hash.ts';
import { SHORT_ID_BYTES } from '../messages.ts';

const KEY_BYTES = 8;

/** Key of a block's short ids on a link: 8 bytes. The nonces are those of the two hellos. */
export function shortIdKey(
  diallerNonce: Uint8Array,
  listenerNonce: Uint8Array,
  blockId: Uint8Array,
): Uint8Array {
  return hash(DOMAIN.shortIdKey, diallerNonce, listenerNonce, blockId).slice(0, KEY_BYTES);
}

/** Short id of a transaction: 6 bytes. */
export function shortId(key: Uint8Array, transactionId: Uint8Array): Uint8Array {
  return hash(DOMAIN.shortId, key, transactionId).slice(0, SHORT_ID_BYTES);
}

/** The same as a number below 2^48, for maps. */
export function shortIdNumber(id: Uint8Array): number {
  return (
    ((id[0]! << 8) | id[1]!) * 2 ** 32 + (((id[2]! << 24) | (id[3]! << 16) | (id[4]! << 8) | id[5]!) >>> 0)
  );
}
