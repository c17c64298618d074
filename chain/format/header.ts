/**
 * Owns the block header: 181 fixed bytes that commit to everything before it and to the state after it.
 * Its id is also its proof of work.
 */
import { decode, encode, fixed, struct, u8, u32, u53 } from './codec.ts';
import { DOMAIN, hash } from './hash.ts';

export const HEADER_VERSION = 1;

export interface Header {
  readonly version: number;
  readonly height: number;
  /** Id of the parent. */
  readonly previous: Uint8Array;
  /** Merkle mountain range over all earlier headers. */
  readonly historyRoot: Uint8Array;
  readonly txRoot: Uint8Array;
  /** Root of the state tree after this block. */
  readonly stateRoot: Uint8Array;
  /** Milliseconds since 1970 by the miner's clock. */
  readonly time: number;
  /** Effective milliseconds since genesis: each block adds at most one half-life. */
  readonly elapsed: number;
  /** Target in compact form. */
  readonly bits: number;
  /** Address that earns the reward and the fees. */
  readonly miner: Uint8Array;
  readonly nonce: number;
}

const codec = struct<Header>({
  version: u8,
  height: u32,
  previous: fixed(32),
  historyRoot: fixed(32),
  txRoot: fixed(32),
  stateRoot: fixed(32),
  time: u53,
  elapsed: u53,
  bits: u32,
  miner: fixed(20),
  nonce: u53,
});

/** 1 + 4 + 4·32 + 8 + 8 + 4 + 20 + 8. */
export const HEADER_BYTES = 181;

export function encodeHeader(header: Header): Uint8Array {
  return encode(codec, header);
}

/** Decodes a header into bytes of its own: it is kept long after the message that brought it. */
export function decodeHeader(bytes: Uint8Array): Header {
  return decode(codec, new Uint8Array(bytes));
}

/** Block id and proof of work: a big-endian number that must not exceed the target. */
export function headerIdOfBytes(bytes: Uint8Array): Uint8Array {
  return hash(DOMAIN.header, bytes);
}

export function headerId(header: Header): Uint8Array {
  return headerIdOfBytes(encodeHeader(header));
}
