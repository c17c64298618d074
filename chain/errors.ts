/**
 * Owns every error code of the ledger: what it means and whose fault it is.
 *
 * A fault of a peer or a user is a `RuleError` with a code of this table. A broken invariant of ours is an
 * `Error` thrown by `assert`, and no input can reach it.
 *
 * `kind` is what the network layer acts on (DESIGN: "kinds of invalid"):
 *   malformed  the bytes are bad or false on their face: whoever sent them is to blame, close the link
 *   mutated    a body that isn't the one its header commits to: close the link, never remember the block
 *   context    invalid given its ancestors or the state: remember, don't punish the relay
 *   early      not valid yet (a time in the future, a nonce gap): hold, try again
 *   missing    something it builds on is unknown: ask for it
 *   policy     a valid thing this node won't hold (full, fee too low, already known)
 */
export type FaultKind = 'malformed' | 'mutated' | 'context' | 'early' | 'missing' | 'policy';

const TABLE = {
  // Bytes
  MALFORMED: ['malformed', 'the bytes are not a canonical encoding'],
  OVERSIZE: ['malformed', 'larger than the format allows'],
  BAD_AMOUNT: ['malformed', 'an amount is not a whole number of planks within 0 and 2^53-1'],
  // Transactions: bytes alone
  BAD_VERSION: ['malformed', 'the version is not one this ledger knows'],
  BAD_SCHEME: ['malformed', 'the signature scheme is not one this ledger knows'],
  BAD_SIGNATURE: ['malformed', 'the signature does not match the key, the message and this ledger'],
  BAD_KEY: ['malformed', 'the public key is not canonical or is of small order'],
  BAD_CONTENT: ['malformed', 'the inline data does not match its size and content root'],
  BAD_NAME: ['malformed', 'a record name is empty'],
  BAD_DELAY: ['malformed', 'a recovery delay must be from 1 to 2^31-1 blocks'],
  // Transactions: state
  WRONG_KEY: ['context', "the key is not the account's current key"],
  NO_ACCOUNT: ['context', 'the account does not exist'],
  NONCE_USED: ['context', 'the nonce has been used already'],
  NONCE_GAP: ['early', 'an earlier nonce of this account is missing'],
  EXPIRED: ['context', 'the height it was valid until has passed'],
  FEE_TOO_LOW: ['context', 'the fee is below the minimum for its size'],
  OVERSPEND: ['context', 'the balance does not cover the amounts, the fee, the deposits and the surcharges'],
  LOCKED: ['context', 'the account is locked to recovery'],
  NO_RECORD: ['context', 'the record does not exist'],
  NOT_OWNER: ['context', 'only the owner of the record may do this'],
  RECORD_DROPPED: ['context', 'the record has been dropped'],
  NO_RECOVERY: ['context', 'the account has no recovery account'],
  NOT_RECOVERY: ['context', "the sender is not the account's recovery account"],
  RECOVERY_PENDING: ['context', 'a recovery is already pending'],
  NOTHING_PENDING: ['context', 'nothing is pending that could be stopped or claimed'],
  TOO_SOON: ['early', 'the recovery delay has not passed yet'],
  KEY_TOO_YOUNG: ['context', 'the key has not been current for longer than the recovery delay'],
  SAME_KEY: ['context', 'the new key is the current key'],
  // Headers
  BAD_WORK: ['malformed', 'the proof of work does not reach the target'],
  BAD_BITS: ['malformed', 'the target is not the one the difficulty rule gives'],
  BAD_HEIGHT: ['malformed', "the height is not the parent's plus one"],
  BAD_ELAPSED: ['malformed', "the elapsed time does not follow from the parent's"],
  BAD_HISTORY: ['malformed', 'the history root does not commit to the earlier headers'],
  TIME_TOO_OLD: ['malformed', "the time is not later than the parent's"],
  TIME_TOO_NEW: ['early', 'the time is too far ahead of the local clock'],
  UNKNOWN_PARENT: ['missing', 'the parent is unknown'],
  INVALID_PARENT: ['context', 'the parent is invalid'],
  LOW_WORK: ['policy', 'the branch has too little work to be stored'],
  // Blocks
  MUTATED_BODY: ['mutated', 'the transactions are not those the header commits to'],
  BLOCK_TOO_LARGE: ['context', 'the block has more bytes than this ledger allows'],
  TOO_MANY_SIGNATURES: ['context', 'the block has more signatures than this ledger allows'],
  BAD_STATE_ROOT: ['context', 'the state root is not the one the transactions give'],
  NOT_MINED: ['missing', 'the transaction is not in the chain'],
  UNKNOWN_BLOCK: ['missing', 'the block is unknown'],
  BLOCK_LOST: ['missing', 'this node lost the block to damage of its disk and is fetching it from peers'],
  // Mempool
  ALREADY_KNOWN: ['policy', 'the transaction is known already'],
  ALREADY_MINED: ['policy', 'the transaction is in the chain already'],
  REPLACEMENT_FEE: ['policy', 'a replacement must pay at least 10 % more'],
  POOL_FULL: ['policy', 'the mempool is full and the fee is below its floor'],
  QUEUE_FULL: ['policy', 'too many transactions of this account are waiting'],
  // Files of parameters
  BAD_GENESIS: ['malformed', 'the genesis parameters are not usable'],
  BAD_ADDRESS: ['malformed', 'not an address'],
} as const satisfies Record<string, readonly [FaultKind, string]>;

export type ErrorCode = keyof typeof TABLE;

/** Every code with its kind and meaning, for the documentation and its tests. */
export const ERROR_TABLE: Readonly<Record<ErrorCode, readonly [FaultKind, string]>> = TABLE;

/**
 * A rule was broken by somebody else's input. `detail` says what was found; `code` is stable. It has no stack: that is
 * most of the time of making one, and until it is read it keeps alive all that its callers worked with.
 */
export class RuleError extends Error {
  override readonly name = 'RuleError';
  readonly code: ErrorCode;
  readonly kind: FaultKind;
  readonly detail: string;
  constructor(code: ErrorCode, detail = '') {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(detail === '' ? TABLE[code][1] : `${TABLE[code][1]} (${detail})`);
    Error.stackTraceLimit = stackTraceLimit;
    this.code = code;
    this.kind = TABLE[code][0];
    this.detail = detail;
  }
}

/** The store returned something that can't have been written: rebuild from blocks, never go on. */
export class CorruptStoreError extends Error {
  override readonly name = 'CorruptStoreError';
}

/** The store is whole, and lacks what this version derives from the blocks. */
export class OutdatedStoreError extends CorruptStoreError {
  constructor() {
    super('an earlier version made it');
  }
}

/** The stored data belong to another ledger or to a later version. They are not damaged, but this node can't use them. */
export class ForeignStoreError extends Error {
  override readonly name = 'ForeignStoreError';
}

/** Checks an invariant of ours. Never reachable from input. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${message}`);
}
