/**
 * Owns the short ids of the block relay: 6 bytes of a hash keyed for one link and one block, as a number, so that nobody can
 * make transactions that collide for more than one link. It holds no state.
 */
import { first48 } from '../../chain/format/bytes.ts';
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
  return first48(hash(DOMAIN.shortId, key, transactionId));
}
