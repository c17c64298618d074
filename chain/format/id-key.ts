/** Owns the name that maps know an id by: its hex, made once while the id goes its way. State: that of `remember`. */
import { toHex } from './bytes.ts';
import { remember } from './remembered.ts';

/**
 * Hex of an id of a block or a transaction, as in `key` of both. Mostly the very string of the last time, which a map
 * finds by its address: one made anew is hashed, and compared digit by digit.
 */
export const keyOfId: (id: Uint8Array) => string = remember(toHex);
