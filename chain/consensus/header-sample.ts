/**
 * Owns the bytes of one header picked out of a long chain: with its parent, which its difficulty follows from, and its
 * place in the history of a later header. At most 3,500 bytes. Holds no state.
 */
import { type Codec, decode, encode, fixed, list, optional, positive, struct } from '../format/codec.ts';
import { decodeHeader, encodeHeader, HEADER_BYTES, type Header } from '../format/header.ts';
import { HISTORY_SIBLINGS_MAX, type HistorySibling } from './history-proof.ts';

export interface HeaderSample {
  readonly header: Header;
  /** `null` for the genesis. */
  readonly parent: Header | null;
  /** Siblings of the header's place; how many headers there are in all is known to whoever asked. */
  readonly place: HistorySibling[];
}

interface Written {
  readonly header: Uint8Array;
  readonly parent: Uint8Array | null;
  readonly place: HistorySibling[];
}

const codec: Codec<Written> = struct<Written>({
  header: fixed(HEADER_BYTES),
  parent: optional(fixed(HEADER_BYTES)),
  place: list(HISTORY_SIBLINGS_MAX, struct<HistorySibling>({ hash: fixed(32), work: positive })),
});

/** header (181), optional parent (181), number of siblings u8, hash (32) and work (`positive`) of each. */
export function encodeSample({ header, parent, place }: HeaderSample): Uint8Array {
  return encode(codec, {
    header: encodeHeader(header),
    parent: parent === null ? null : encodeHeader(parent),
    place,
  });
}

/** The sample of its one encoding, nothing of it verified; a `RuleError` for anything else. */
export function decodeSample(bytes: Uint8Array): HeaderSample {
  const { header, parent, place } = decode(codec, Uint8Array.from(bytes));
  return {
    header: decodeHeader(header),
    parent: parent === null ? null : decodeHeader(parent),
    place,
  };
}
