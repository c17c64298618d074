/** Owns the undo record: what connecting a block overwrote in the state, so that disconnecting puts it back. */
import { assert, CorruptStoreError, RuleError } from '../errors.ts';
import { concat, u32 } from '../format/bytes.ts';
import { byteString, type Codec, decode, encode, fixed, list, optional, struct } from '../format/codec.ts';
import { ENTRIES_A_SLICE } from '../slices.ts';
import type { Change } from '../state/working-state.ts';

/** Entries one block can touch: three a transaction and its outputs, all within the block's bytes. */
const CHANGES_MAX = 2 ** 20;
/** What the count of a list of so many takes. */
const COUNT_BYTES = 4;
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

/** The record of a block's changes. Yields after each slice: it has megabytes for the largest blocks. */
export function* encodeUndo(changes: readonly Change[]): Generator<void, Uint8Array> {
  assert(changes.length <= CHANGES_MAX, 'a block changes so many entries at most');
  // A list is its count and its items, so the lists of the slices are joined without their counts.
  const parts = [u32(changes.length)];
  for (let from = 0; from < changes.length; from += ENTRIES_A_SLICE) {
    if (from > 0) yield;
    parts.push(encode(codec, changes.slice(from, from + ENTRIES_A_SLICE)).subarray(COUNT_BYTES));
  }
  return concat(...parts);
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
