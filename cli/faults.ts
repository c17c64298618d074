/**
 * Owns what an error looks like to the person or program at the terminal: a stable code, what went wrong, and what to
 * do about it. Every command throws; `main.ts` catches once and asks here.
 */
import { RuleError } from '../chain/errors.ts';
import { showText } from '../chain/format/text.ts';
import { RpcError } from '../wallet/rpc-errors.ts';

/** Something the user can mend. `code` is stable; `hint` says what to do, in one line. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: string;
  readonly hint: string;
  constructor(code: string, message: string, hint = '') {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

export interface Fault {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** Hints for faults of the rules, which know no commands. Where the message says it all there is none. */
const RULE_HINTS: Partial<Record<string, string>> = {
  OVERSPEND: 'see what there is with: pier balance NAME',
  NO_ACCOUNT: 'an account begins with the first PIER sent to it',
  FEE_TOO_LOW: 'leave out --fee and the least that is mined is chosen',
  NONCE_USED: 'another transaction of this key was quicker; pier pending tells what becomes of this one',
  NONCE_GAP: 'an earlier transaction of this key has not arrived yet; pier pending shows those signed here',
  REPLACEMENT_FEE: 'another with that nonce waits; a higher fee replaces it: pier pending replace ID --fee F',
  POOL_FULL: 'wait for a block, or pay more: pier pending replace ID --fee F',
  QUEUE_FULL: 'wait for a block: this key has many transactions waiting',
  EXPIRED: 'pier tx ID and pier pending tell whether that is proved',
  WRONG_KEY: 'the account was given to another key since',
  NOT_OWNER: 'see whose it is with: pier record get NAME --creator WHO',
  NO_RECORD: 'a record is named by its name and --creator WHO, or by its id; pier record list WHO shows ids',
  RECORD_DROPPED: 'its owner can make it again with: pier record put',
  NO_RECOVERY: 'name one while you have the key: pier recovery set NAME --by WHO --delay BLOCKS',
  NOT_RECOVERY: 'see who may recover it with: pier recovery status WHO',
  RECOVERY_PENDING: 'stop it first, or wait until it is claimed; pier recovery status WHO tells',
  NOTHING_PENDING: 'see what is under way with: pier recovery status WHO',
  TOO_SOON: 'pier recovery status WHO tells from which block on',
  KEY_TOO_YOUNG: 'a key that was changed lately may not veto, or a thief who changed it would',
  SAME_KEY: 'it has that key already',
  LOCKED: 'only its recovery account can open it again',
  BAD_ADDRESS: 'addresses look like pier1…; pier key list shows yours',
  BAD_AMOUNT: 'amounts are PIER with up to six decimals, as 100 or 0.25',
  UNKNOWN_BLOCK: 'give a height, an id in full, or tip; pier status shows the tip',
};

/** The operating system's commonest refusals, said for people. */
const SYSTEM_HINTS: Partial<Record<string, string>> = {
  EACCES: 'check who owns that file or folder',
  ENOENT: 'there is no such file; check its name',
  EADDRINUSE: 'another program uses that port; choose another',
  ENOSPC: 'the disk is full',
  EROFS: 'that disk is read-only; set PIER_HOME to a folder that can be written',
};

/** The hint for a code of the rules, as a node's answer carries it. Empty if there is none. */
export function ruleHint(code: string): string {
  return Object.hasOwn(RULE_HINTS, code) ? RULE_HINTS[code]! : '';
}

/** What to say about anything that was thrown. */
export function describeError(error: unknown): Fault {
  if (error instanceof CliError) return error;
  if (error instanceof RuleError) {
    return { code: error.code, message: error.message, hint: ruleHint(error.code) };
  }
  if (error instanceof RpcError) {
    const code = error.ledgerCode ?? `RPC_${error.code}`;
    return { code, message: error.message, hint: ruleHint(code) || (error.hint ?? '') };
  }
  if (!(error instanceof Error)) return { code: 'INTERNAL', message: String(error), hint: '' };
  const { code, hint } = error as Error & { code?: unknown; hint?: unknown };
  if (error.name === 'WalletError' || typeof hint === 'string') {
    return { code: String(code), message: error.message, hint: String(hint ?? '') };
  }
  if (typeof code === 'string' && 'syscall' in error) {
    return { code, message: showText(error.message), hint: SYSTEM_HINTS[code] ?? '' };
  }
  return {
    code: 'INTERNAL',
    message: error.message,
    hint: 'this is a fault of Pier itself; PIER_DEBUG=1 shows where',
  };
}
