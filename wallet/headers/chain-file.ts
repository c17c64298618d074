/**
 * Owns the bytes in which a verified chain is kept between runs. They are our own and not a node's: a hash over all tells
 * damage, and what is damaged, or of another version, is begun anew. At most `CHAIN_FILE_BYTES_MAX`.
 */
import { contextOf, type HeaderContext } from '../../chain/consensus/header-rules.ts';
import { historyWork } from '../../chain/consensus/history.ts';
import { decodePeaks, encodePeaks } from '../../chain/consensus/history-peaks.ts';
import { RuleError } from '../../chain/errors.ts';
import { concat, equalBytes } from '../../chain/format/bytes.ts';
import {
  byteString,
  type Codec,
  decode,
  encode,
  fixed,
  list,
  struct,
  u32,
} from '../../chain/format/codec.ts';
import { DOMAIN, hash } from '../../chain/format/hash.ts';
import { decodeHeader, encodeHeader, HEADER_BYTES, headerIdOfBytes } from '../../chain/format/header.ts';
import { encodeParams, type Params } from '../../chain/format/params.ts';
import { RECENT_MAX, type VerifiedChain } from './verified-chain.ts';

export const CHAIN_FILE_BYTES_MAX = 256 * 1024;

const VERSION = 1;
const CHECKPOINTS_MAX = 64;
const PEAKS_BYTES_MAX = 1 + 32 * 65;

interface Checkpoint {
  readonly header: Uint8Array;
  /** Of the history up to and including it. */
  readonly peaks: Uint8Array;
}

interface Written {
  readonly version: number;
  /** Oldest first: the genesis is the first, the first of the row the last. */
  readonly checkpoints: Checkpoint[];
  /** The others of the row. */
  readonly row: Uint8Array[];
  readonly sampledTo: number;
}

const checkpoint: Codec<Checkpoint> = struct<Checkpoint>({
  header: fixed(HEADER_BYTES),
  peaks: byteString(PEAKS_BYTES_MAX),
});
const codec: Codec<Written> = struct<Written>({
  version: u32,
  checkpoints: list(CHECKPOINTS_MAX, checkpoint),
  row: list(RECENT_MAX, fixed(HEADER_BYTES)),
  sampledTo: u32,
});

export function encodeChain({ checkpoints, recent, sampledTo }: VerifiedChain): Uint8Array {
  const [first, ...row] = recent;
  const content = encode(codec, {
    version: VERSION,
    checkpoints: [...checkpoints, first!].map(({ header, history }) => ({
      header: encodeHeader(header),
      peaks: encodePeaks(history),
    })),
    row: row.map(({ header }) => encodeHeader(header)),
    sampledTo,
  });
  return concat(content, hash(DOMAIN.clientChain, content));
}

/** The chain that was kept, or `null`: damaged, of another version, or not of the ledger with these parameters and id. */
export function decodeChain(bytes: Uint8Array, params: Params, chainId: Uint8Array): VerifiedChain | null {
  const content = Uint8Array.from(bytes.subarray(0, -32));
  if (!equalBytes(hash(DOMAIN.clientChain, content), bytes.subarray(-32))) return null;
  let written: Written;
  try {
    written = decode(codec, content);
  } catch (error) {
    if (error instanceof RuleError) return null;
    throw error;
  }
  if (written.version !== VERSION) return null;
  const kept = written.checkpoints.map(readCheckpoint);
  const genesis = kept[0]!;
  const isOf =
    equalBytes(genesis.id, chainId) &&
    equalBytes(genesis.header.txRoot, hash(DOMAIN.genesis, encodeParams(params)));
  if (!isOf) return null;
  const recent = [kept.at(-1)!];
  for (const header of written.row) {
    recent.push(contextOf(recent.at(-1)!, decodeHeader(header), headerIdOfBytes(header)));
  }
  const ledger = { params, genesis };
  return { ledger, checkpoints: kept.slice(0, -1), recent, sampledTo: written.sampledTo };
}

function readCheckpoint({ header: bytes, peaks }: Checkpoint): HeaderContext {
  const header = decodeHeader(bytes);
  const history = decodePeaks(peaks, header.height + 1);
  return { id: headerIdOfBytes(bytes), header, history, work: historyWork(history) };
}
