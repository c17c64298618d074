/**
 * Owns the record of what one account has signed on one ledger and not seen settled: its form, its bytes, and which nonce
 * the next intent gets. It is what keeps one intent from being paid twice. At most `ENTRIES_MAX` entries.
 */
import { parseAddress } from '../chain/format/address.ts';
import { concat, equalBytes, fromHex, toHex } from '../chain/format/bytes.ts';
import { DOMAIN, hash } from '../chain/format/hash.ts';
import {
  type Body,
  decodeTransaction,
  encodeUnsigned,
  type Transaction,
  type UnsignedTransaction,
} from '../chain/format/transaction.ts';
import { address, decimal, flag, hex, id, list, maybe, object, type Read, text, whole } from './answers.ts';
import { WALLET_ERRORS, WalletError } from './errors.ts';

const VERSION = 2;
/** The first line of a file: this and the checksum of all that follows it. */
const HEAD = `pier-outbox ${VERSION} `;
const CHECKSUM_DIGITS = 64;
const NEWLINE = 0x0a;
const BRACE = 0x7b;
/** Far more than a node keeps waiting for one account. */
export const ENTRIES_MAX = 512;

const block = object({ height: whole, id });
const entry = object({
  /** What was asked for, in words for people. */
  what: text,
  /** Milliseconds since 1970. */
  signedAt: whole,
  /** The signed bytes in hex, oldest first: one intent at one nonce, so at most one of them is ever mined. */
  signed: list(hex),
  /** True once a node has said that it holds it. */
  acknowledged: flag,
  /** True once the command that signed it has answered with its id: until then the same intent goes on with it. */
  told: flag,
  /** True if its owner has given it up: it is not handed over again, and its nonce is not skipped either. */
  forgotten: flag,
  /** The block it was seen in, which may still be reorganised away. */
  mined: maybe(block),
});
const file = object({
  /** Of files without a checksum. */
  version: maybe(whole),
  account: address,
  chainId: id,
  seen: maybe(object({ nonce: whole, work: decimal })),
  entries: list(entry),
});

type Written = Read<typeof entry>;

/** The account's nonce, as it was proved at a block whose chain has that work: no chain with less says anything newer. */
export interface Seen {
  readonly nonce: number;
  readonly work: bigint;
}

/** One intent, signed here. */
export interface OutboxEntry extends Omit<Written, 'signed'> {
  /** Oldest first, never empty: all with the same sender, nonce and body. */
  readonly signed: readonly Transaction[];
}

export interface OutboxFile {
  /** Address as text. */
  readonly account: string;
  /** Hex. */
  readonly chainId: string;
  /** What was proved last; null if the record has not been written yet. */
  readonly seen: Seen | null;
  /** In the order of their nonces. */
  readonly entries: readonly OutboxEntry[];
}

export const newestOf = ({ signed }: Pick<OutboxEntry, 'signed'>): Transaction => signed.at(-1)!;
export const nonceOf = (entry: Pick<OutboxEntry, 'signed'>): number => newestOf(entry).nonce;

export function encodeOutbox({ account, chainId, seen, entries }: OutboxFile): Uint8Array {
  const document = {
    account,
    chainId,
    seen: seen && { nonce: seen.nonce, work: String(seen.work) },
    entries: entries.map((one) => ({ ...one, signed: one.signed.map(({ bytes }) => toHex(bytes)) })),
  };
  const body = new TextEncoder().encode(`${JSON.stringify(document, null, 1)}\n`);
  return concat(new TextEncoder().encode(`${HEAD}${toHex(hash(DOMAIN.outbox, body))}\n`), body);
}

/** Throws `WalletError('BAD_OUTBOX')` if it is not such a file, or not as it was written. */
export function decodeOutbox(bytes: Uint8Array): OutboxFile {
  try {
    const { version, account, chainId, seen, entries } = file(JSON.parse(bodyOf(bytes)), 'the record');
    if (bytes[0] === BRACE && (version !== 1 || seen !== null)) throw new Error('its first line is missing');
    if (entries.length > ENTRIES_MAX) throw new Error(`it has more than ${ENTRIES_MAX} entries`);
    return {
      account,
      chainId,
      seen: seen && { nonce: seen.nonce, work: BigInt(seen.work) },
      entries: inOrder(entries.map((one) => ({ ...one, signed: decodeVersions(one.signed, account) }))),
    };
  } catch (error) {
    // A reader's fault is about a node's answer; here only the place counts.
    const { message } = error as Error;
    throw new WalletError('BAD_OUTBOX', message.replace(`${WALLET_ERRORS.BAD_ANSWER}: `, ''));
  }
}

/** What follows the first line, which must fit it. */
function bodyOf(bytes: Uint8Array): string {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  // Version 1 is the JSON alone: no checksum, and no `seen`.
  if (bytes[0] === BRACE) return decoder.decode(bytes);
  const end = HEAD.length + CHECKSUM_DIGITS;
  const head = decoder.decode(bytes.subarray(0, end));
  const body = bytes.subarray(end + 1);
  if (!head.startsWith(HEAD)) throw new Error('it does not begin as such a file does');
  if (bytes[end] !== NEWLINE || head.slice(HEAD.length) !== toHex(hash(DOMAIN.outbox, body))) {
    throw new Error('its checksum is wrong, so it was changed after it was written');
  }
  return decoder.decode(body);
}

function decodeVersions(signed: readonly string[], account: string): Transaction[] {
  const versions = signed.map((one) => decodeTransaction(fromHex(one)));
  const [first] = versions;
  if (first === undefined) throw new Error('an entry has no bytes');
  if (!equalBytes(first.sender, parseAddress(account))) throw new Error('an entry is of another account');
  if (versions.some((one) => one.nonce !== first.nonce || !saySame(one.body, first.body))) {
    throw new Error('an entry has versions of different intents');
  }
  return versions;
}

export function inOrder(entries: readonly OutboxEntry[]): OutboxEntry[] {
  return [...entries].sort((a, b) => nonceOf(a) - nonceOf(b) || a.signedAt - b.signedAt);
}

/**
 * True if a nonce is known to be used although a chain of that work shows it free: it was seen used on a chain with more
 * work. One with as much work that shows it free has undone what used it.
 */
export function isUsedSince(seen: Seen | null, nonce: number, work: bigint): boolean {
  return seen !== null && nonce < seen.nonce && work < seen.work;
}

export type NonceChoice =
  | { readonly nonce: number; readonly waiting: readonly Transaction[] }
  /** A transaction with an unknown outcome stands in the way. */
  | { readonly blockedBy: OutboxEntry };

/**
 * The nonce of a new intent: the proved one and after it those of own transactions that wait. `shown` are transactions of
 * the account that a node showed whole with a valid signature. No nonce is ever chosen past an entry with an unknown
 * outcome; one that was forgotten gives the new intent its own nonce, so that at most one of the two is mined.
 */
export function chooseNonce(
  proved: number,
  entries: readonly OutboxEntry[],
  shown: readonly Transaction[],
): NonceChoice {
  const open = entries.filter((one) => nonceOf(one) >= proved);
  const unknown = open.find(({ acknowledged, forgotten }) => !acknowledged && !forgotten);
  if (unknown !== undefined) return { blockedBy: unknown };
  const forgotten = open.find((one) => one.forgotten);
  const waiting: Transaction[] = [];
  for (let nonce = proved; ; nonce++) {
    const kept = open.find((one) => nonceOf(one) === nonce && !one.forgotten);
    const next = kept === undefined ? shown.find((one) => one.nonce === nonce) : newestOf(kept);
    if (next === undefined) return { nonce, waiting };
    if (forgotten !== undefined && nonce >= nonceOf(forgotten)) return { blockedBy: forgotten };
    waiting.push(next);
  }
}

/** True if two transactions say the same, whatever their nonces, fees and keys. */
export function saySame(a: Body, b: Body): boolean {
  return equalBytes(encodeUnsigned(blank(a)), encodeUnsigned(blank(b)));
}

function blank(body: Body): UnsignedTransaction {
  const sender = new Uint8Array(20);
  const publicKey = new Uint8Array(32);
  return { version: 1, sender, scheme: 1, publicKey, nonce: 0, fee: 0, validUntil: 0, body };
}
