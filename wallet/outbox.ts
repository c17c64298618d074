/**
 * Owns the record of what one account has signed on one ledger and not seen settled: its form, its bytes as JSON, and
 * which nonce the next intent gets. It is what keeps one intent from being paid twice. At most `ENTRIES_MAX` entries.
 */
import { equalBytes, fromHex, toHex } from '../chain/format/bytes.ts';
import {
  type Body,
  decodeTransaction,
  encodeUnsigned,
  type Transaction,
  type UnsignedTransaction,
} from '../chain/format/transaction.ts';
import { address, flag, hex, id, list, maybe, object, type Read, text, whole } from './answers.ts';
import { WALLET_ERRORS, WalletError } from './errors.ts';

const VERSION = 1;
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
const file = object({ version: whole, account: address, chainId: id, entries: list(entry) });

type Written = Read<typeof entry>;

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
  /** In the order of their nonces. */
  readonly entries: readonly OutboxEntry[];
}

export const newestOf = ({ signed }: Pick<OutboxEntry, 'signed'>): Transaction => signed.at(-1)!;
export const nonceOf = (entry: Pick<OutboxEntry, 'signed'>): number => newestOf(entry).nonce;

export function encodeOutbox({ account, chainId, entries }: OutboxFile): string {
  const written = entries.map((one) => ({ ...one, signed: one.signed.map(({ bytes }) => toHex(bytes)) }));
  return `${JSON.stringify({ version: VERSION, account, chainId, entries: written }, null, 1)}\n`;
}

/** Throws `WalletError('BAD_OUTBOX')` if it is not such a file. */
export function decodeOutbox(json: string): OutboxFile {
  try {
    const read = file(JSON.parse(json), 'the record');
    if (read.version !== VERSION) throw new Error(`it is of version ${read.version}`);
    if (read.entries.length > ENTRIES_MAX) throw new Error(`it has more than ${ENTRIES_MAX} entries`);
    const entries = read.entries.map((one): OutboxEntry => {
      const signed = one.signed.map((hex) => decodeTransaction(fromHex(hex)));
      if (signed.length === 0) throw new Error('an entry has no bytes');
      return { ...one, signed };
    });
    return { account: read.account, chainId: read.chainId, entries: inOrder(entries) };
  } catch (error) {
    // A reader's fault is about a node's answer; here only the place counts.
    const { message } = error as Error;
    throw new WalletError('BAD_OUTBOX', message.replace(`${WALLET_ERRORS.BAD_ANSWER}: `, ''));
  }
}

export function inOrder(entries: readonly OutboxEntry[]): OutboxEntry[] {
  return [...entries].sort((a, b) => nonceOf(a) - nonceOf(b) || a.signedAt - b.signedAt);
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
