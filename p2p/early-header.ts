/**
 * Owns headers that are right in all but their time: what they are, and how they come into the tree once it has come. It
 * holds no state.
 */
import type { HeaderNode, HeaderTree } from '../chain/consensus/header-tree.ts';
import { RuleError } from '../chain/errors.ts';
import type { Header } from '../chain/format/header.ts';
import { keyOfId } from '../chain/format/id-key.ts';

export interface EarlyHeader {
  readonly id: Uint8Array;
  readonly key: string;
  readonly header: Header;
  readonly parent: HeaderNode;
  /** Wall clock from which on it is valid. */
  readonly fromWallMs: number;
}

export function makeEarly(header: Header, id: Uint8Array, parent: HeaderNode, futureMs: number): EarlyHeader {
  return { id: id.slice(), key: keyOfId(id), header, parent, fromWallMs: header.time - futureMs };
}

export function isEarly(block: HeaderNode | EarlyHeader): block is EarlyHeader {
  return 'fromWallMs' in block;
}

/** The node of a header whose time has come; `null` if its parent has been found invalid, or forgotten. */
export function admitEarly(
  headers: HeaderTree,
  { header, id, key }: EarlyHeader,
  wallMs: number,
): HeaderNode | null {
  try {
    const node = headers.get(key) ?? headers.add(header, wallMs, id);
    return node.invalid ? null : node;
  } catch (error) {
    if (error instanceof RuleError) return null;
    throw error;
  }
}
