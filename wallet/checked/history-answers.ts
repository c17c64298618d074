/**
 * Owns the history of an account, checked: the account's history hash at the agreed block binds every transaction and
 * their order, so none can be left out or slipped in; each is then shown in its block. At most `HISTORY_PROOF_MAX`
 * transactions back.
 */
import { formatAddress } from '../../chain/format/address.ts';
import { equalBytes, fromHex, toHex } from '../../chain/format/bytes.ts';
import { DOMAIN, hash, ZERO_HASH } from '../../chain/format/hash.ts';
import { decodeHeader } from '../../chain/format/header.ts';
import { amountFor, counterpartOf } from '../../chain/format/movement.ts';
import { decodeTransaction, type Transaction } from '../../chain/format/transaction.ts';
import { HISTORY_PROOF_MAX } from '../../chain/ledger/proofs.ts';
import { decodeProofFile, type HistoryClaim, type Proof } from '../../chain/proof/proof-file.ts';
import { type Account, accountRef } from '../../chain/state/entries.ts';
import { hex, object } from '../answers.ts';
import { expose, NodeLie } from '../headers/faults.ts';
import type { HistoryAnswer } from '../ledger-answers.ts';
import { RpcError } from '../rpc-errors.ts';
import { type CheckedTransaction, placeHeaders, placeTransaction } from './block-answers.ts';
import type { Session } from './session.ts';
import { accountOf, proveOn } from './state-answers.ts';

const proofAnswer = object({ proof: hex });

export interface CheckedHistory {
  /** Newest first. */
  readonly items: HistoryAnswer['items'];
  /** Where the next page begins: how many transactions are older than those shown. `null`: none. */
  readonly next: string | null;
}

/** `before`: the `next` of the page before. */
export function checkedHistory(
  session: Session,
  address: Uint8Array,
  limit: number,
  before: string | undefined,
): Promise<CheckedHistory> {
  const text = formatAddress(address);
  return session.ask(async (node) => {
    const account = accountOf(
      await proveOn(session, node, { ref: accountRef(address), param: text, name: text }),
      text,
    );
    const count = account?.historyCount ?? 0;
    const end = before === undefined ? count : Math.min(count, Number(before));
    if (account === null || end === 0) return { items: [], next: null };
    const start = Math.max(0, end - limit);
    const all = await transactionsOf(session, node, text, account, start);
    const shown = all
      .slice(-(count - start))
      .slice(0, end - start)
      .reverse();
    const places = await placesOf(session, node, shown);
    return { items: places.map((place) => itemOf(address, place)), next: start === 0 ? null : String(start) };
  });
}

/** The newest transactions of the account up to the agreed block, oldest first: at least those from `start` on. */
async function transactionsOf(
  session: Session,
  node: string,
  address: string,
  { history, historyCount }: Account,
  start: number,
): Promise<Transaction[]> {
  const what = `its history of ${address}`;
  // The node's own tip may have a few more, which are left out below.
  for (let spare = 8; ; spare = HISTORY_PROOF_MAX) {
    const last = Math.min(HISTORY_PROOF_MAX, historyCount - start + spare);
    const answer = proofAnswer(
      await session.rpc.callOn(node, 'proveHistory', { address, last }),
      'proveHistory',
    );
    const proof = expose(what, () => decodeProofFile(fromHex(answer.proof)));
    if (proof.TAG !== 'accountHistory') throw new NodeLie(`${what} is something else`);
    const { earlier, transactions } = proof.data;
    if (earlier.count > start && last < HISTORY_PROOF_MAX) continue;
    if (earlier.count > start) {
      throw new NodeLie(`${what} does not go back as far as was asked`);
    }
    return upTo(what, { earlier, transactions }, history, historyCount);
  }
}

/** The transactions up to the one at which hash and count are the account's. Throws `NodeLie`. */
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
      `${what} leaves out, adds or changes transactions: it is not what the account's history hash binds`,
    );
  }
  return found;
}

/** Where each is mined, from the node's proofs. */
async function placesOf(
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

function itemOf(
  account: Uint8Array,
  { block, index, transaction }: CheckedTransaction,
): HistoryAnswer['items'][number] {
  const to = counterpartOf(account, transaction);
  return {
    id: transaction.key,
    height: block.header.height,
    block: toHex(block.id),
    index,
    time: block.header.time,
    kind: transaction.body.TAG,
    from: formatAddress(transaction.sender),
    to: to === null ? null : formatAddress(to),
    amount: amountFor(account, transaction),
    fee: transaction.fee,
  };
}
