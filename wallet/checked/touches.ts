/**
 * Owns what touched an account or a record, checked: the history hash of its entry at the agreed block binds every
 * transaction and their order, so none can be left out or slipped in; each is then shown in its block. A node proves
 * at most the last `HISTORY_PROOF_MAX` at once, and so far back it goes.
 */
import { equalBytes, fromHex } from '../../chain/format/bytes.ts';
import { DOMAIN, hash, ZERO_HASH } from '../../chain/format/hash.ts';
import { decodeHeader } from '../../chain/format/header.ts';
import { decodeTransaction, type Transaction } from '../../chain/format/transaction.ts';
import { HISTORY_PROOF_MAX } from '../../chain/ledger/proofs.ts';
import { decodeProofFile, type HistoryClaim, type Proof } from '../../chain/proof/proof-file.ts';
import type { Touches } from '../../chain/state/entries.ts';
import { hex, object } from '../answers.ts';
import { WalletError } from '../errors.ts';
import { expose, NodeLie } from '../headers/faults.ts';
import { RpcError } from '../rpc-errors.ts';
import { type CheckedTransaction, placeHeaders, placeTransaction } from './block-answers.ts';
import type { Session } from './session.ts';

const proofAnswer = object({ proof: hex });

/** Whose history: how the node is asked for it, what kind of proof it is, and how people call it. */
export interface Subject {
  readonly param: { readonly address: string } | { readonly record: string };
  readonly tag: 'accountHistory' | 'recordHistory';
  readonly name: string;
}

/** Which of them: at most `limit`, older than the `next` of the page before. */
export interface PageWish {
  readonly limit: number;
  readonly before?: string | undefined;
  /** Transactions that a node proves at once. */
  readonly most?: number;
}

export interface TouchesPage {
  /** Newest first. */
  readonly places: readonly CheckedTransaction[];
  /** Those after the page, up to the agreed block; newest first. */
  readonly newer: readonly Transaction[];
  /** Where the next page begins: how many transactions are older than those shown. `null`: none. */
  readonly next: string | null;
  /** True: those older are more than a node proves at once. */
  readonly cut: boolean;
}

/** One page; `touches` is the entry as of the agreed block. Throws `NodeLie`; 'NOT_VERIFIED' if it is all too old. */
export async function touchesOn(
  session: Session,
  node: string,
  subject: Subject,
  touches: Touches,
  { limit, before, most = HISTORY_PROOF_MAX }: PageWish,
): Promise<TouchesPage> {
  const count = touches.historyCount;
  const end = before === undefined ? count : Math.min(count, Number(before));
  if (end === 0) return { places: [], newer: [], next: null, cut: false };
  const wanted = Math.max(0, end - limit);
  const { from, transactions } = await transactionsOn(session, node, subject, touches, { wanted, end, most });
  const start = Math.max(wanted, from);
  const places = await placesOn(session, node, transactions.slice(start - from, end - from).reverse());
  const newer = transactions.slice(end - from).reverse();
  return { places, newer, next: start === 0 ? null : String(start), cut: start > wanted };
}

/** The newest transactions up to the agreed block, oldest first, and how many are older than these. */
export async function transactionsOn(
  session: Session,
  node: string,
  { param, tag, name }: Subject,
  { history, historyCount }: Touches,
  { wanted, end, most }: { wanted: number; end: number; most: number },
): Promise<{ from: number; transactions: Transaction[] }> {
  const what = `its history of ${name}`;
  // The node's own tip may have a few more, which are left out below.
  for (let spare = 8; ; spare = most) {
    const last = Math.min(most, historyCount - wanted + spare);
    const answer = proofAnswer(
      await session.rpc.callOn(node, 'proveHistory', { ...param, last }),
      'proveHistory',
    );
    const proof = expose(what, () => decodeProofFile(fromHex(answer.proof)));
    if (proof.TAG !== tag) throw new NodeLie(`${what} is something else`);
    const { earlier, transactions } = proof.data as HistoryClaim;
    if (earlier.count > wanted && last < most) continue;
    if (earlier.count > wanted && transactions.length < last) {
      throw new NodeLie(`${what} does not go back as far as was asked`);
    }
    if (earlier.count >= end) {
      const reason = `of the history of ${name} no more than the last ${most} are proved at once`;
      throw new WalletError('NOT_VERIFIED', reason, '--trust shows older ones, unchecked');
    }
    return {
      from: earlier.count,
      transactions: upTo(what, { earlier, transactions }, history, historyCount),
    };
  }
}

/** The transactions up to the one at which hash and count are the entry's. Throws `NodeLie`. */
function upTo(
  what: string,
  { earlier, transactions }: Pick<HistoryClaim, 'earlier' | 'transactions'>,
  history: Uint8Array,
  count: number,
): Transaction[] {
  const found: Transaction[] = [];
  if (earlier.count === 0 && !equalBytes(earlier.hash, ZERO_HASH))
    throw new NodeLie(`${what} does not begin at its beginning`);
  let folded = earlier.hash;
  for (const bytes of transactions.slice(0, Math.max(0, count - earlier.count))) {
    const transaction = expose(what, () => decodeTransaction(bytes));
    folded = hash(DOMAIN.history, folded, transaction.id);
    found.push(transaction);
  }
  if (earlier.count + found.length !== count || !equalBytes(folded, history)) {
    throw new NodeLie(
      `${what} leaves out, adds or changes transactions: it is not what the state's history hash binds`,
    );
  }
  return found;
}

/** Where each is mined, from the node's proofs. */
async function placesOn(
  session: Session,
  node: string,
  transactions: readonly Transaction[],
): Promise<CheckedTransaction[]> {
  const calls = transactions.map(({ key }) => ({ method: 'proveTransaction', params: { id: key } }));
  const answers = await session.rpc.callManyOn(node, calls);
  const files = answers.map((answer) => {
    if (answer instanceof RpcError) throw answer;
    return fromHex(proofAnswer(answer, 'proveTransaction').proof);
  });
  const heights = files.map((file) => expose('a proof it sends', () => heightOf(decodeProofFile(file))));
  await placeHeaders(session, node, heights);
  const places: CheckedTransaction[] = [];
  for (const [i, { key }] of transactions.entries())
    places.push(await placeTransaction(session, node, key, files[i]!));
  return places;
}

/** Of the block that a proof is about. */
const heightOf = ({ data }: Proof): number => decodeHeader(data.block?.header ?? data.tip).height;
