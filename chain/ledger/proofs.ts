/**
 * Owns making proofs: of the state at the tip, of a block or a transaction of the active chain, of a whole history. Each
 * is seen from the tip, whose header ends it. Costs O(log² n) hashes from what the header tree keeps; a transaction
 * costs its block, a history at most `HISTORY_PROOF_MAX` rows and blocks, so an answer is bounded whatever is asked.
 */
import { workOf } from '../consensus/difficulty.ts';
import type { HeaderNode } from '../consensus/header-tree.ts';
import { type HistorySibling, nodesFromPeaks, proveHistory } from '../consensus/history-proof.ts';
import { RuleError } from '../errors.ts';
import { toHex } from '../format/bytes.ts';
import { encodeHeader } from '../format/header.ts';
import { encodeTxProof, proveTx } from '../format/merkle.ts';
import {
  type Anchor,
  encodeProofFile,
  HISTORY_TRANSACTIONS_MAX,
  type HistoryClaim,
  PROOF_BYTES_MAX,
} from '../proof/proof-file.ts';
import { accountRef, type EntryRef, isAccountName, recordRef, TOTALS } from '../state/entries.ts';
import { HISTORY_PAGE_MAX, readHistory, touchesIn } from './history.ts';
import type { Ledger } from './ledger.ts';
import { getMined } from './mined.ts';
import { proveEntry } from './queries.ts';
import { type Answer, atTip, type TipView } from './tip-view.ts';

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
      const { tip, value } = await proveTouches(ledger, accountRef(address), last);
      return { tip, value: encodeProofFile({ TAG: 'accountHistory', data: { ...value, address } }) };
    }
    case 'recordHistory': {
      const { record, last } = subject;
      const { tip, value } = await proveTouches(ledger, recordRef(record), last);
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

async function proveTouches(
  ledger: Ledger,
  ref: EntryRef,
  last: number | undefined,
): Promise<Answer<Anchor & HistoryClaim>> {
  const { tip, value } = await ledger.mender.whole(() =>
    atTip(ledger, async (view) => {
      const { bytes, proof } = await view.prove(ref);
      if (bytes === null) throw new RuleError(isAccountName(ref.name) ? 'NO_ACCOUNT' : 'NO_RECORD');
      return { entry: bytes, path: proof, ...(await readTransactions(view, ref, bytes, last)) };
    }),
  );
  return { tip, value: { ...anchorOf(ledger, tip, tip), ...value } };
}

/** The newest transactions of a history, oldest first, and its hash and count before them. */
async function readTransactions(
  view: TipView,
  ref: EntryRef,
  entry: Uint8Array,
  last: number | undefined,
): Promise<Pick<HistoryClaim, 'earlier' | 'transactions'>> {
  const whole = touchesIn(entry);
  const wanted = Math.min(last ?? whole.historyCount, whole.historyCount);
  if (wanted > HISTORY_PROOF_MAX || whole.historyCount > HISTORY_TRANSACTIONS_MAX) {
    throw new RuleError(
      'OVERSIZE',
      `a history of ${whole.historyCount}; at most the last ${HISTORY_PROOF_MAX} are proved`,
    );
  }
  const transactions: Uint8Array[] = [];
  let size = 0;
  let newest = whole;
  while (transactions.length < wanted) {
    const limit = Math.min(HISTORY_PAGE_MAX, wanted - transactions.length);
    const { items, older } = await readHistory(view, ref, { newest, whole, limit });
    for (const { bytes } of items) {
      transactions.push(bytes);
      size += bytes.length;
      if (size > HISTORY_PROOF_BYTES_MAX) {
        throw new RuleError('OVERSIZE', `these ${wanted} transactions; about half as many may fit`);
      }
    }
    newest = older;
  }
  return {
    earlier: { hash: newest.history, count: newest.historyCount },
    transactions: transactions.reverse(),
  };
}
