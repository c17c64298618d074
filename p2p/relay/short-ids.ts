/**
 * Owns the short ids of the block relay: 6 bytes of a hash keyed for one link and one block, as a number, so that nobody can
 * make transactions that collide for more than one link. It holds no state.
 */
import { DOMAIN, hash } from '../../chain/format/hash.ts';

const KEY_BYTES = 8;

/** Key of a block's short ids on a link: 8 bytes. The nonces are those of the two hellos. */
export function shortIdKey(
  diallerNonce: Uint8Array,
  listenerNonce: Uint8Array,
  blockId: Uint8Array,
): Uint8Array {
  return hash(DOMAIN.shortIdKey, diallerNonce, listenerNonce, blockId).slice(0, KEY_BYTES);
}

/** Short id of a transaction. */
export function shortId(key: Uint8Array, transactionId: Uint8Array): number {
  return shortIdOf(hash(DOMAIN.shortId, key, transactionId));
}

/** The short id of a hash: its first 6 bytes as a big-endian number. */
export function shortIdOf(id: Uint8Array): number {
  return (
    ((id[0]! << 8) | id[1]!) * 2 ** 32 + (((id[2]! << 24) | (id[3]! << 16) | (id[4]! << 8) | id[5]!) >>> 0)
  );
}
