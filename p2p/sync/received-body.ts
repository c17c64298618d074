/** Owns what becomes of a body that a peer was asked for: it is the one that its header commits to, or somebody is at fault. */
import type { HeaderNode } from '../../chain/consensus/header-tree.ts';
import { RuleError } from '../../chain/errors.ts';
import { checkBody, splitBody } from '../../chain/format/block.ts';
import type { Limits } from '../../chain/format/params.ts';
import type { Transaction } from '../../chain/format/transaction.ts';
import type { Peer } from '../peer.ts';
import type { Wire } from '../wire.ts';

/**
 * The transactions of a body, or `null`. It is `null` if the body does not match the header: then the link is closed. It is
 * also `null` if the block breaks a rule: then `invalid` is called. Throws a `RuleError` if the bytes are not a body at all;
 * the machine then closes the link.
 */
export function readReceivedBody(
  bytes: Uint8Array,
  { header }: HeaderNode,
  limits: Limits,
  from: { readonly wire: Wire; readonly peer: Peer },
  invalid: (error: RuleError) => void,
): Transaction[] | null {
  const parts = splitBody(bytes);
  try {
    return checkBody(header, parts, limits);
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    // Only the sender can have made a mutated one. Its own requests go to others when it is dropped; nobody else's are touched.
    if (error.code !== 'MUTATED_BODY') invalid(error);
    else from.wire.close(from.peer, 'MUTATED_BODY', error.message);
    return null;
  }
}
