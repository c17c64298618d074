/**
 * Owns the reasons for which a link is closed: what each means, whose fault it is, and for how long the host behind
 * it is discouraged (neither dialled nor accepted). A loopback host is never discouraged: that would cut off every
 * node of the machine. It holds no state.
 */
export type Blame = 'peer' | 'nobody' | 'us';

const HOUR = 60;

/** code → [meaning, whose fault, minutes the host is discouraged]. */
const TABLE = {
  // False on its face
  MALFORMED: ['the frame is not a canonical encoding of its message', 'peer', HOUR],
  OVERSIZE: ['the frame is over the limit of its type', 'peer', HOUR],
  OUT_OF_ORDER: ['a message that has no place in this phase of the link', 'peer', 0],
  BAD_PROOF: ['the handshake signature does not match', 'peer', HOUR],
  BAD_HEADER: [
    'a header breaks a rule that it shows by itself, or headers do not follow one another',
    'peer',
    HOUR,
  ],
  BAD_TRANSACTION: ['a transaction is malformed or its signature is false', 'peer', HOUR],
  MUTATED_BODY: ['a body is not the one its header commits to', 'peer', HOUR],
  FLOOD: ['more than its budget or more requests than allowed', 'peer', 10],
  // Slow or silent
  HANDSHAKE_TIMEOUT: ['the handshake took too long', 'peer', 0],
  PING_TIMEOUT: ['a ping was not answered', 'peer', 0],
  SLOW_READER: ['it does not read what is sent to it', 'peer', 0],
  TIMEOUT: ['requests were not answered', 'peer', 0],
  STALLED: ['it held up the download that others could go on with', 'peer', 0],
  WALK_CHANGED: ['the headers of the second walk are not those of the first', 'peer', 0],
  // No fault
  WRONG_CHAIN: ['the other node keeps another ledger', 'nobody', 0],
  WRONG_VERSION: ['the other node speaks another version of the protocol', 'nobody', 0],
  SELF: ['the other node is this node', 'nobody', 0],
  DUPLICATE: ['a link to this node exists already', 'nobody', 0],
  // Ours
  NOT_ALLOWED: ['the lab switch forbids links to this node', 'us', 0],
  DISCOURAGED: ['the host was false to us a short time ago', 'us', 0],
  INBOUND_FULL: ['no room for another inbound link', 'us', 0],
  FEELER: ['it was dialled to see whether it answers', 'us', 0],
  EVICTED: ['made room for another inbound link', 'us', 0],
  REQUESTED: ['the operator asked for it', 'us', 0],
} as const satisfies Record<string, readonly [string, Blame, number]>;

export type FaultCode = keyof typeof TABLE;

/** Every code with its meaning, blame and penalty. */
export const FAULT_TABLE: Readonly<Record<FaultCode, readonly [string, Blame, number]>> = TABLE;

/** Milliseconds for which the host is discouraged; 0 if it isn't. */
export function penaltyMs(code: FaultCode, loopback: boolean): number {
  return loopback ? 0 : TABLE[code][2] * 60_000;
}
