/** Owns headers that a world makes by itself: with real work, and bare ones, with no block behind them. It holds no state. */
import {
  childDifficulty,
  type HeaderContext,
  historyRootAfter,
  meetsTarget,
} from '../chain/consensus/header-rules.ts';
import { u64 } from '../chain/format/bytes.ts';
import {
  encodeHeader,
  HEADER_BYTES,
  HEADER_VERSION,
  type Header,
  headerIdOfBytes,
} from '../chain/format/header.ts';
import type { Params } from '../chain/format/params.ts';

/** A child of `parent` at a time (ms) that keeps every rule but its work; the roots of its block are all `fill`. */
export function bareHeader(
  params: Params,
  parent: HeaderContext,
  { time, miner, fill }: { readonly time: number; readonly miner: Uint8Array; readonly fill: number },
): Header {
  return {
    version: HEADER_VERSION,
    height: parent.header.height + 1,
    previous: parent.id,
    historyRoot: historyRootAfter(parent),
    txRoot: new Uint8Array(32).fill(fill),
    stateRoot: new Uint8Array(32).fill(fill),
    time,
    ...childDifficulty(params, parent, time),
    miner,
    nonce: 0,
  };
}

/** The header with the first nonce, from its own on, that reaches its target. */
export function withWork(header: Header): Header {
  const bytes = encodeHeader(header);
  let { nonce } = header;
  // The nonce is the header's last eight bytes.
  while (!meetsTarget(headerIdOfBytes(bytes), header.bits)) bytes.set(u64(++nonce), HEADER_BYTES - 8);
  return { ...header, nonce };
}
