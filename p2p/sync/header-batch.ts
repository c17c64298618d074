/**
 * Owns the reading of a batch of headers: what its bytes alone tell, before any of it costs memory. Holds no state.
 */
import { meetsTarget } from '../../chain/consensus/header-rules.ts';
import { equalBytes } from '../../chain/format/bytes.ts';
import { decodeHeader, type Header, headerIdOfBytes } from '../../chain/format/header.ts';

export interface HeaderBatch {
  readonly headers: readonly Header[];
  readonly ids: readonly Uint8Array[];
}

/** The headers with their ids if each follows the one before and has the work it claims; else what is wrong. */
export function readHeaderBatch(encoded: readonly Uint8Array[]): HeaderBatch | string {
  const headers = encoded.map(decodeHeader);
  const ids = encoded.map(headerIdOfBytes);
  for (const [i, header] of headers.entries()) {
    if (i > 0 && !equalBytes(header.previous, ids[i - 1]!)) return 'they do not follow one another';
    if (!isWorked(header, ids[i]!)) return 'no work';
  }
  return { headers, ids };
}

/** True if the id reaches the target the header itself names; whether that target is right, its parent tells. */
export function isWorked(header: Header, id: Uint8Array): boolean {
  try {
    return meetsTarget(id, header.bits);
  } catch {
    return false;
  }
}
