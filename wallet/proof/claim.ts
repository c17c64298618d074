/**
 * Owns the check of what a proof says about a block: a value of its state or the absence of one, a transaction in it,
 * a whole history. Pure. Holds no state.
 */
import { verifyStrict } from '../../chain/crypto/ed25519.ts';
import { RuleError } from '../../chain/errors.ts';
import { concat, equalBytes } from '../../chain/format/bytes.ts';
import { DOMAIN, hash, ZERO_HASH } from '../../chain/format/hash.ts';
import { type Header, headerId } from '../../chain/format/header.ts';
import { decodeTxProof, verifyTxProof } from '../../chain/format/merkle.ts';
import {
  decodeTransaction,
  recordId,
  signatureChecks,
  type Transaction,
} from '../../chain/format/transaction.ts';
import type { HistoryClaim, Proof } from '../../chain/proof/proof-file.ts';
import {
  type Account,
  accountRef,
  decodeEntry,
  type Entry,
  type EntryRef,
  type LedgerRecord,
  recordRef,
  TOTALS,
  type Totals,
  valueHash,
} from '../../chain/state/entries.ts';
import { decodeProof, type TreeProof, verifyProof as verifyStatePath } from '../../chain/state/tree-proof.ts';
import { ProofError } from './faults.ts';

/** Transactions that touched an entry, oldest first. */
export interface ProvedHistory {
  /** How many came before these, bound by their hash and not shown; 0 if these are the whole history. */
  readonly earlier: number;
  readonly transactions: readonly Transaction[];
}

/** What was proved of the block. A `value` of null: there is no such account or record. */
export type Claim =
  | { readonly kind: 'block'; readonly subject: Uint8Array; readonly value: Header }
  | { readonly kind: 'account'; readonly subject: Uint8Array; readonly value: Account | null }
  | { readonly kind: 'record'; readonly subject: Uint8Array; readonly value: LedgerRecord | null }
  | { readonly kind: 'supply'; readonly subject: null; readonly value: Totals }
  | {
      readonly kind: 'transaction';
      /** Its id. */
      readonly subject: Uint8Array;
      readonly value: { readonly transaction: Transaction; readonly index: number; readonly count: number };
    }
  | {
      readonly kind: 'accountHistory';
      readonly subject: Uint8Array;
      readonly value: ProvedHistory & { readonly account: Account };
    }
  | {
      readonly kind: 'recordHistory';
      readonly subject: Uint8Array;
      readonly value: ProvedHistory & { readonly record: LedgerRecord };
    };

/**
 * Judges a claim under a header. The caller checks that header. Throws `ProofError`:
 * 'BAD_PATH', 'BAD_VALUE', 'BAD_HISTORY' or 'BAD_SIGNATURE', the first of these that is true.
 */
export type VerifyClaim = (block: Header, chainId: Uint8Array) => Claim;

/** What the bytes alone tell; the rest is told by what is returned. Throws `ProofError('PROOF_MALFORMED')`. */
export function readClaim({ TAG, data }: Proof): VerifyClaim {
  switch (TAG) {
    case 'block':
      return (block) => ({ kind: TAG, subject: headerId(block), value: block });
    case 'account': {
      const entryIn = readEntry(accountRef(data.address), data);
      return (block) => {
        const entry = entryIn(block);
        return { kind: TAG, subject: data.address, value: entry && asAccount(entry) };
      };
    }
    case 'record': {
      const entryIn = readEntry(recordRef(data.record), data);
      return (block) => {
        const entry = entryIn(block);
        return { kind: TAG, subject: data.record, value: entry && asRecord(entry, data.record) };
      };
    }
    case 'supply': {
      const entryIn = readEntry(TOTALS, data);
      return (block) => ({ kind: TAG, subject: null, value: asTotals(entryIn(block)) });
    }
    case 'transaction':
      return readTransaction(data);
    case 'accountHistory': {
      const entryIn = readEntry(accountRef(data.address), data);
      const historyOf = readHistory(data);
      return (block) => {
        const account = asAccount(entryIn(block)!);
        return { kind: TAG, subject: data.address, value: { ...historyOf(account), account } };
      };
    }
    case 'recordHistory': {
      const entryIn = readEntry(recordRef(data.record), data);
      const historyOf = readHistory(data);
      return (block) => {
        const record = asRecord(entryIn(block)!, data.record);
        return { kind: TAG, subject: data.record, value: { ...historyOf(record), record } };
      };
    }
  }
}

/** The entry in the state of a block, or null if the path shows that there is none. */
function readEntry(
  { key }: EntryRef,
  { path, entry }: { readonly path: Uint8Array; readonly entry: Uint8Array | null },
): (block: Header) => Entry | null {
  const proof: TreeProof = wellFormed('the state path', () => decodeProof(path));
  const found = entry === null ? null : valueHash(entry);
  return ({ stateRoot }) => {
    if (!verifyStatePath(stateRoot, key, found, proof)) throw new ProofError('BAD_PATH', "the block's state");
    return entry === null ? null : readValue(entry);
  };
}

function asAccount(entry: Entry): Account {
  if (entry.TAG !== 'account') throw new ProofError('BAD_VALUE', `${entry.TAG} where an account belongs`);
  return entry.data;
}

function asRecord(entry: Entry, id: Uint8Array): LedgerRecord {
  if (entry.TAG !== 'record') throw new ProofError('BAD_VALUE', `${entry.TAG} where a record belongs`);
  const { creator, name } = entry.data;
  if (!equalBytes(recordId(creator, name), id))
    throw new ProofError('BAD_VALUE', 'a record under another id');
  return entry.data;
}

/** Totals in which no more is burned than was issued. */
function asTotals(entry: Entry | null): Totals {
  if (entry?.TAG !== 'totals' || entry.data.issued < entry.data.burned) throw new ProofError('BAD_VALUE');
  return entry.data;
}

function readTransaction(data: Extract<Proof, { TAG: 'transaction' }>['data']): VerifyClaim {
  const transaction = wellFormed('the transaction', () => decodeTransaction(data.transaction));
  const path = wellFormed("the transaction's path", () => decodeTxProof(data.path));
  const { index, count } = path;
  return ({ txRoot }, chainId) => {
    if (!verifyTxProof(txRoot, transaction.id, path)) {
      throw new ProofError('BAD_PATH', "the block's transactions");
    }
    for (const { publicKey, message, signature } of signatureChecks(transaction, chainId)) {
      if (!verifyStrict(publicKey, concat(...message), signature)) throw new ProofError('BAD_SIGNATURE');
    }
    return { kind: 'transaction', subject: transaction.id, value: { transaction, index, count } };
  };
}

function readHistory({
  earlier,
  transactions,
}: HistoryClaim): (entry: { readonly history: Uint8Array; readonly historyCount: number }) => ProvedHistory {
  const decoded = transactions.map((bytes) => wellFormed('a transaction', () => decodeTransaction(bytes)));
  return ({ history, historyCount }) => {
    if (earlier.count === 0 && !equalBytes(earlier.hash, ZERO_HASH)) throw new ProofError('BAD_HISTORY');
    const count = earlier.count + decoded.length;
    if (count !== historyCount) throw new ProofError('BAD_HISTORY', `${count} of ${historyCount}`);
    const folded = decoded.reduce((folded, { id }) => hash(DOMAIN.history, folded, id), earlier.hash);
    if (!equalBytes(folded, history)) throw new ProofError('BAD_HISTORY');
    return { earlier: earlier.count, transactions: decoded };
  };
}

/** A part of the file itself. */
function wellFormed<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RuleError) throw new ProofError('PROOF_MALFORMED', `${what}: ${error.message}`);
    throw error;
  }
}

/** Of bytes that the block does commit to. */
function readValue(bytes: Uint8Array): Entry {
  try {
    return decodeEntry(bytes);
  } catch (error) {
    if (error instanceof RuleError) throw new ProofError('BAD_VALUE', error.message);
    throw error;
  }
}
