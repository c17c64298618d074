/**
 * Owns the memory of what follows from byte strings that are asked about again and again: the same senders and miners on
 * their way through the pool, the block and the log. For pure functions of hashes, addresses and keys only.
 *
 * State: `PLACES` short byte strings and what was made of them, whoever asks; a newcomer takes the place of the one
 * before. Somebody who picks bytes for one place makes the others be worked out anew, which is what happened without it.
 */
import { equalBytes } from './bytes.ts';

/** One for each value of ten of the last bits: the first ones of a block's id are zeros. */
const PLACES = 1024;

/** `make`, which is asked once for bytes that come often. All share what it gave: nobody may write to it. */
export function remember<T>(make: (bytes: Uint8Array) => T): (bytes: Uint8Array) => T {
  const asked = new Array<Uint8Array | null>(PLACES).fill(null);
  const given = new Array<T | null>(PLACES).fill(null);
  return (bytes) => {
    const { length } = bytes;
    const place = ((bytes[length - 1]! << 2) | (bytes[length - 2]! >>> 6)) & (PLACES - 1);
    const known = asked[place]!;
    if (known !== null && equalBytes(known, bytes)) return given[place]!;
    const made = make(bytes);
    asked[place] = new Uint8Array(bytes);
    given[place] = made;
    return made;
  };
}
