/**
 * Owns the state entries kept in memory between reads, each with the hash that a leaf of the state tree commits to. At
 * most `maxBytes`, counted with what an entry costs besides its bytes. What it returns is a hint: whoever reads compares
 * the hash with that of the leaf, so an entry of another state does no harm, and an entry that still holds is not hashed
 * again.
 */
import { ByteCache } from '../byte-cache.ts';

/** An entry and its hash. Nobody may write to either. */
export interface HashedEntry {
  readonly bytes: Uint8Array;
  /** `valueHash` of the bytes. */
  readonly valueHash: Uint8Array;
}

/** A map entry, a key as text, an entry of the list, the object and two typed arrays with their buffers. */
const ENTRY_BYTES = 560;

const DEFAULT_BYTES = 6 * 1024 * 1024;

export class EntryCache extends ByteCache<HashedEntry> {
  constructor(maxBytes = DEFAULT_BYTES) {
    super(maxBytes, ({ bytes }) => bytes.length + ENTRY_BYTES);
  }
}
