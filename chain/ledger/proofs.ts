/**
 * Owns making proofs: of the state at the tip, of a block or a transaction of the active chain, of a whole history. Each
 * is seen from the tip, whose header ends it. Costs O(log² n) hashes from what the header tree keeps; a transaction
 * costs its block, a history its index (at most `HISTORY_TRANSACTIONS_MAX` rows) and `HISTORY_PROOF_MAX` blocks, so an answer is bounded whatever is asked.
 */
import { workOf } from '../consensus/difficulty.ts';
import type { HeaderNode } from '../consensus/header-tree.ts';
import { type HistorySibling, nodesFromPeaks, proveHistory } from '../consensus/history-proof.ts';
import { CorruptStoreError, RuleError } from '../errors.ts';
import { transactionBytesAt } from '../format/block.ts';
import { concat, equalBytes, toBigInt, toHex } from '../format/bytes.ts';
import { DOMAIN, hash, ZERO_HASH } from '../format/hash.ts';
import { encodeHeader } from '../format/header.ts';
import { encodeTxProof, proveTx } from '../format/merkle.ts';
import {
  type Anchor,
  encodeProofFile,
  HISTORY_TRANSACTIONS_MAX,
  type HistoryClaim,
  PROOF_BYTES_MAX,
} from '../proof/proof-file.ts';
import {
  accountRef,
  decodeAccount,
  decodeRecord,
  type EntryRef,
  isAccountName,
  recordRef,
  TOTALS,
  type Touches,
} from '../state/entries.ts';
import type { Ledger } from './ledger.ts';
import { type Answer, getMined, proveEntry, proveEntryAlone } from './queries.ts';
import { endOf, recordTouchRows, touchRows } from './store-keys.ts';

/** What can be proved. Absence is proved by asking for what isn't there. */
export type ProofSubject =
  | { readonly kind: 'account'; readonly address: Uint8Array }
  | { readonly kind: 'record'; readonly record: Uint8Array }
  | { readonly kind: 'supply' }
  | { readonly kind: 'transaction'; readonly id: Uint8Array }
  | { readonly kind: 'block'; readonly id: Uint8Array }
  /** `last`: only so many transactions, the newest; those before are bound by their hash alone. */
  | { readonly kind: 'accountHistory'; readonly address: Uint8Array; readonly last?: number | undefined }
  | { readonly kind: 'recordHistory'; readonly record: Uint8Array; readonly last?: number | undefined };

/** Transactions of one history that are proved at once. */
export const HISTORY_PROOF_MAX = 1_000;
/** Rows of the index read at once. */
const ROWS_PER_STEP = 2_000;
/** Bytes of their transactions: what the rest of a file takes is left over. */
const HISTORY_PROOF_BYTES_MAX = PROOF_BYTES_MAX - 64 * 1024;

/**
 * The file that proves it, and the tip it is seen from. Rejects with a `RuleError`: 'NOT_MINED', 'UNKNOWN_BLOCK',
 * 'NO_ACCOUNT' and 'NO_RECORD' (a history of what isn't there), 'OVERSIZE' (a history too long for one file).
 */
export async function prove(ledger: Ledger, subject: ProofSubject): Promise<Answer<Uint8Array>> {
  switch (subject.kind) {
    case 'account': {
      const { address } = subject;
      const { tip, value } = await proveState(ledger, accountRef(address));
      return { tip, value: encodeProofFile({ TAG: 'account', data: { ...value, address } }) };
    }
    case 'record': {
      const { record } = subject;
      const { tip, value } = await proveState(ledger, recordRef(record));
      return { tip, value: encodeProofFile({ TAG: 'record', data: { ...value, record } }) };
    }
    case 'supply': {
      const { tip, value } = await proveState(ledger, TOTALS);
      return { tip, value: encodeProofFile({ TAG: 'supply', data: value }) };
    }
    case 'transaction':
      return proveTransaction(ledger, subject.id);
    case 'block':
      return proveBlock(ledger, subject.id);
    case 'accountHistory': {
      const { address, last } = subject;
      const { tip, value } = await proveTouches(ledger, accountRef(address), touchRows(address), last);
      return { tip, value: encodeProofFile({ TAG: 'accountHistory', data: { ...value, address } }) };
    }
    case 'recordHistory': {
      const { record, last } = subject;
      const { tip, value } = await proveTouches(ledger, recordRef(record), recordTouchRows(record), last);
      return { tip, value: encodeProofFile({ TAG: 'recordHistory', data: { ...value, record } }) };
    }
  }
}

async function proveState(ledger: Ledger, ref: EntryRef) {
  const { tip, value } = await proveEntry(ledger, ref);
  return { tip, value: { ...anchorOf(ledger, tip, tip), path: value.proof, entry: value.bytes } };
}

async function proveTransaction(ledger: Ledger, id: Uint8Array): Promise<Answer<Uint8Array>> {
  const { tip, value: mined } = await getMined(ledger, id);
  const transactions = mined === null ? null : await ledger.readTransactions(mined.block);
  if (mined === null || transactions === null) throw new RuleError('NOT_MINED', toHex(id));
  const ids = transactions.map((tx) => tx.id);
  const path = encodeTxProof(proveTx(ids, mined.index));
  const data = { ...anchorOf(ledger, tip, mined.block), transaction: mined.transaction.bytes, path };
  return { tip, value: encodeProofFile({ TAG: 'transaction', data }) };
}

async function proveBlock(ledger: Ledger, id: Uint8Array): Promise<Answer<Uint8Array>> {
  const node = ledger.headers.get(toHex(id));
  if (node === undefined || !ledger.isActive(node)) throw new RuleError('UNKNOWN_BLOCK', toHex(id));
  const { tip } = ledger;
  return { tip, value: encodeProofFile({ TAG: 'block', data: anchorOf(ledger, tip, node) }) };
}

/** `block` is the tip or an ancestor of it. */
function anchorOf(ledger: Ledger, tip: HeaderNode, block: HeaderNode): Anchor {
  return {
    tip: encodeHeader(tip.header),
    genesis: tip.height === 0 ? [] : placeOf(ledger, tip, 0),
    block:
      block === tip
        ? null
        : { header: encodeHeader(block.header), place: placeOf(ledger, tip, block.height) },
  };
}

function placeOf({ headers }: Ledger, tip: HeaderNode, height: number): HistorySibling[] {
  const leafAt = (at: number) => {
    const { id, header } = headers.ancestor(tip, at);
    return { id, work: workOf(header.bits) };
  };
  const nodes = nodesFromPeaks(leafAt, (count) => headers.ancestor(tip, count - 1).history);
  return [...proveHistory(nodes, tip.height, height).siblings];
}

interface Row {
  readonly id: Uint8Array;
  readonly height: number;
  readonly index: number;
}

async function proveTouches(
  ledger: Ledger,
  ref: EntryRef,
  rows: Uint8Array,
  last: number | undefined,
): Promise<Answer<Anchor & HistoryClaim>> {
  // The index must be of the state that is proved; the blocks it names stay where they are.
  const { tip, entry, path, earlier, shown } = await ledger.exclusively(async () => {
    const { bytes, proof } = await proveEntryAlone(ledger, ref);
    if (bytes === null) throw new RuleError(isAccountName(ref.name) ? 'NO_ACCOUNT' : 'NO_RECORD');
    const touches = isAccountName(ref.name) ? decodeAccount(bytes) : decodeRecord(bytes);
    return { tip: ledger.tip, entry: bytes, path: proof, ...(await readIndex(ledger, rows, touches, last)) };
  });
  const transactions = await readTransactions(ledger, tip, shown);
  return { tip, value: { ...anchorOf(ledger, tip, tip), path, entry, earlier, transactions } };
}

/** The newest rows of a history, and its hash and count before them. */
async function readIndex(
  ledger: Ledger,
  rows: Uint8Array,
  { history, historyCount }: Touches,
  last = historyCount,
): Promise<{ earlier: HistoryClaim['earlier']; shown: Row[] }> {
  const wanted = Math.min(last, historyCount);
  if (wanted > HISTORY_PROOF_MAX || historyCount > HISTORY_TRANSACTIONS_MAX) {
    throw new RuleError(
      'OVERSIZE',
      `a history of ${historyCount}; at most the last ${HISTORY_PROOF_MAX} are proved`,
    );
  }
  const shown: Row[] = [];
  let folded: Uint8Array = ZERO_HASH;
  let earlier: HistoryClaim['earlier'] = { hash: folded, count: 0 };
  let count = 0;
  for (let from = rows; ; ) {
    const page = await ledger.store.iterate({ from, to: endOf(rows), limit: ROWS_PER_STEP });
    for (const [key, id] of page) {
      folded = hash(DOMAIN.history, folded, id);
      if (++count <= historyCount - wanted) earlier = { hash: folded, count };
      else shown.push(readRow(key, id));
    }
    if (page.length < ROWS_PER_STEP) break;
    from = concat(page.at(-1)![0], Uint8Array.of(0));
  }
  if (count !== historyCount || !equalBytes(folded, history)) {
    throw new CorruptStoreError("the index of a history isn't what the state commits to");
  }
  return { earlier, shown };
}

function readRow(key: Uint8Array, id: Uint8Array): Row {
  return { id, height: Number(toBigInt(key.subarray(-8, -4))), index: Number(toBigInt(key.subarray(-4))) };
}

/** The bytes of the transactions in the blocks up to `tip` that the rows name. */
async function readTransactions(
  ledger: Ledger,
  tip: HeaderNode,
  rows: readonly Row[],
): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  let size = 0;
  let body: Uint8Array | null = null;
  let bodyHeight = -1;
  for (const { id, height, index } of rows) {
    if (height !== bodyHeight) body = await ledger.readBody(ledger.headers.ancestor(tip, height));
    bodyHeight = height;
    const bytes = body === null ? null : transactionBytesAt(body, index);
    if (bytes === null || !equalBytes(hash(DOMAIN.transaction, bytes), id)) {
      throw new CorruptStoreError(`transaction ${toHex(id)} isn't where the index says`);
    }
    found.push(bytes);
    size += bytes.length;
    if (size > HISTORY_PROOF_BYTES_MAX) {
      throw new RuleError('OVERSIZE', `these ${rows.length} transactions; about half as many may fit`);
    }
  }
  return found;
}
