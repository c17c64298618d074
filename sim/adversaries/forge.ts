/** Owns the making of blocks that break a rule: with real work, on a real parent. It holds no state. */
import { toHex } from '../../chain/format/bytes.ts';
import type { Header } from '../../chain/format/header.ts';
import type { Params } from '../../chain/format/params.ts';
import type { Transaction } from '../../chain/format/transaction.ts';
import type { Ledger } from '../../chain/ledger/ledger.ts';
import { buildTemplate } from '../../chain/ledger/template.ts';
import { digest, idOf, targetOfBits, transactionsRoot } from '../referee/header-oracle.ts';

export interface ForgedBlock {
  readonly header: Header;
  readonly transactions: readonly Transaction[];
}

/** What is wrong with a header; the rest of it is right. */
export const HEADER_LIES = {
  honest: (header: Header): Header => header,
  bits: (header: Header, { difficulty }: Params): Header => ({ ...header, bits: difficulty.floorBits }),
  elapsed: (header: Header): Header => ({ ...header, elapsed: header.elapsed + 1 }),
  future: (header: Header, { limits }: Params): Header => later(header, 4 * limits.futureMs),
  past: (header: Header): Header => later(header, -10 * 60_000),
  history: (header: Header): Header => ({ ...header, historyRoot: new Uint8Array(32).fill(7) }),
  state: (header: Header): Header => ({ ...header, stateRoot: new Uint8Array(32).fill(7) }),
  height: (header: Header): Header => ({ ...header, height: header.height + 1 }),
} as const;

export type HeaderLie = keyof typeof HEADER_LIES;

function later(header: Header, ms: number): Header {
  return { ...header, time: header.time + ms, elapsed: Math.max(0, header.elapsed + ms) };
}

/** What is wrong with a transaction's bytes. */
export const BODY_LIES = {
  signature: (bytes: Uint8Array): Uint8Array => {
    const changed = bytes.slice();
    changed[changed.length - 1]! ^= 1;
    return changed;
  },
  malformed: (bytes: Uint8Array): Uint8Array => bytes.slice(0, -1),
} as const;

export type BodyLie = keyof typeof BODY_LIES;

/** The same transaction with other bytes and their id; `bytes` need not be those of a transaction. */
export function spoilTransaction(transaction: Transaction, lie: BodyLie): Transaction {
  const bytes = BODY_LIES[lie](transaction.bytes);
  const id = digest('pier/txi', bytes);
  return { ...transaction, bytes, id, key: toHex(id) };
}

/** The block with its last transaction spoilt, its root and its work made anew. It has one at least. */
export function spoilBody(block: ForgedBlock, lie: BodyLie): ForgedBlock {
  const last = spoilTransaction(block.transactions.at(-1)!, lie);
  const transactions = [...block.transactions.slice(0, -1), last];
  const txRoot = transactionsRoot(transactions.map((tx) => tx.id));
  return { header: work({ ...block.header, txRoot }), transactions };
}

/** A block on the tip of a ledger with these transactions, as far as that ledger's code lets them in. */
export async function forgeBlock(
  ledger: Ledger,
  options: {
    readonly candidates: readonly Transaction[];
    readonly miner: Uint8Array;
    readonly wallMs: number;
    readonly lie: HeaderLie;
  },
): Promise<ForgedBlock> {
  const { header, transactions } = await buildTemplate(ledger, options);
  return { header: work(HEADER_LIES[options.lie](header, ledger.params)), transactions };
}

/** The first nonce whose work is enough for the header's own target. */
export function work(header: Header): Header {
  let found = header;
  const target = targetOfBits(header.bits);
  while (toNumber(idOf(found)) > target) found = { ...found, nonce: found.nonce + 1 };
  return found;
}

/** The first nonce whose work is not. */
export function idle(header: Header): Header {
  let found = header;
  const target = targetOfBits(header.bits);
  while (toNumber(idOf(found)) <= target) found = { ...found, nonce: found.nonce + 1 };
  return found;
}

function toNumber(id: Uint8Array): bigint {
  return id.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}
