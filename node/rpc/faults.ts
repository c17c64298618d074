/** Owns how the RPC refuses: JSON-RPC codes, and for each code of the ledger what its user can do about it. */
import { CorruptStoreError, type ErrorCode, RuleError } from '../../chain/errors.ts';

/** JSON-RPC 2.0, section 5.1, and the range it leaves to servers. */
export const RPC_CODE = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  badParams: -32602,
  internal: -32603,
  /** A rule of the ledger; `data.code` names it. */
  rule: -32000,
  /** The cookie is missing or wrong. */
  unauthorised: -32001,
  /** Too large, too many, or too much at once. */
  limit: -32002,
  /** What was read is damaged; the node makes it anew. */
  damaged: -32003,
} as const;

export interface ErrorBody {
  readonly code: number;
  readonly message: string;
  readonly data?: { readonly code: string; readonly hint?: string };
}

/** A refusal with its place in JSON-RPC. `dataCode` is stable, for programs; `hint` says what to do, for people. */
export class RpcFault extends Error {
  override readonly name = 'RpcFault';
  readonly code: number;
  readonly dataCode: string;
  readonly hint: string | undefined;
  constructor(code: number, dataCode: string, message: string, hint?: string) {
    super(message);
    this.code = code;
    this.dataCode = dataCode;
    this.hint = hint;
  }
}

export function badParams(message: string, hint?: string): RpcFault {
  return new RpcFault(RPC_CODE.badParams, 'BAD_PARAMS', message, hint);
}

export function overLimit(message: string, hint?: string): RpcFault {
  return new RpcFault(RPC_CODE.limit, 'LIMIT', message, hint);
}

const HINTS: Partial<Record<ErrorCode, string>> = {
  NO_ACCOUNT: 'Send something to the address first: that makes the account.',
  NONCE_USED: 'Ask for the account again and sign with its nextNonce.',
  NONCE_GAP: 'Send the earlier transactions first, or sign with nextNonce of the account.',
  EXPIRED: 'Sign it again with a later validUntil.',
  FEE_TOO_LOW: 'Pay at least the perByte of the method fee for each byte of the transaction.',
  POOL_FULL: 'Pay more than the floorPerByte of the method fee, or wait for a few blocks.',
  REPLACEMENT_FEE: 'Pay at least 10 % more than the transaction it replaces.',
  QUEUE_FULL: 'Wait until some of this account are mined.',
  OVERSPEND: 'Ask for the account: its balance has to cover the amounts, the fee, surcharges and deposits.',
  WRONG_KEY: 'The key was rotated: sign with the current one.',
  LOCKED: 'Only a recovery opens this account again.',
  BAD_SIGNATURE: 'Sign it for this ledger: the chain id of the method params is part of what is signed.',
  NOT_OWNER: 'Ask for the record: its owner has to sign.',
  NOT_MINED: 'It waits for a block, or was dropped: ask for its status with transaction.',
  UNKNOWN_BLOCK: 'Ask for another height or id, or "tip"; a block that was just mined may not be here yet.',
  BLOCK_LOST: 'Ask another node, or wait until this one has it again.',
  ALREADY_MINED: 'Nothing has to be done.',
  BAD_ADDRESS: 'An address is 43 characters and begins with pier1.',
};

export function hintOf(code: ErrorCode): string | undefined {
  return HINTS[code];
}

/** What a client is told. An error of our own says nothing about our inside. */
export function errorBodyOf(error: unknown): ErrorBody {
  if (error instanceof RpcFault) {
    return { code: error.code, message: error.message, data: withHint(error.dataCode, error.hint) };
  }
  if (error instanceof RuleError) {
    return { code: RPC_CODE.rule, message: error.message, data: withHint(error.code, hintOf(error.code)) };
  }
  if (error instanceof CorruptStoreError) {
    const hint = 'Ask another node, or this one again in a while.';
    const message = 'the data of this node are damaged, and it is repairing them';
    return { code: RPC_CODE.damaged, message, data: withHint('DAMAGED', hint) };
  }
  return { code: RPC_CODE.internal, message: 'the node failed at this', data: { code: 'INTERNAL' } };
}

export function withHint(code: string, hint: string | undefined): { code: string; hint?: string } {
  return hint === undefined ? { code } : { code, hint };
}
