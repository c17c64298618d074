/** Owns the undo record: what connecting a block overwrote in the state, so that disconnecting puts it back. */
import { CorruptStoreError, RuleError } from '../errors.ts';
import { byteString, type Codec, decode, encode, fixed, list, optional, struct } from '../format/codec.ts';
import type { Change } from '../state/working-state.ts';

/** Entries one block can touch: three a transaction and its outputs, all within the block's bytes. */
const CHANGES_MAX = 2 ** 20;
/** An account, a record with 1 KiB inline, or smaller. */
const ENTRY_BYTES_MAX = 4096;

interface Overwritten {
  readonly key: Uint8Array;
  readonly before: Uint8Array | null;
}

const codec: Codec<Overwritten[]> = list(
  CHANGES_MAX,
  struct<Overwritten>({ key: fixed(32), before: optional(byteString(ENTRY_BYTES_MAX)) }),
);

export function encodeUndo(changes: readonly Change[]): Uint8Array {
  return encode(
    codec,
    changes.map(({ key, before }) => ({ key, before })),
  );
}

/**
 * The changes that put the state back. `before` of a change is not known here and is `null`. Throws `CorruptStoreError`
 * for bytes that `encodeUndo` can't have made.
 */
export function decodeUndo(bytes: Uint8Array): Change[] {
  try {
    return decode(codec, bytes).map(({ key, before }) => ({ key, before: null, after: before }));
  } catch (error) {
    throw error instanceof RuleError ? new CorruptStoreError(`an undo record: ${error.message}`) : error;
  }
}
