/** Owns `pier tx ID`: what became of a transaction. */
import { fromHex, toHex } from '../../chain/format/bytes.ts';
import { decodeTransaction } from '../../chain/format/transaction.ts';
import { checkedTransaction } from '../../wallet/checked/block-answers.ts';
import type { Session } from '../../wallet/checked/session.ts';
import { expose, NodeLie } from '../../wallet/headers/faults.ts';
import type { TransactionAnswer } from '../../wallet/ledger-answers.ts';
import * as answers from '../../wallet/ledger-answers.ts';
import { parseId } from '../arguments.ts';
import { checked, describeCheck, verifiedDocument } from '../checked.ts';
import { agreedTip, confirmationsOf, summaryOf } from '../checked-shapes.ts';
import { openClient } from '../client.ts';
import type { Context } from '../context.ts';
import { ruleHint } from '../faults.ts';
import { countOf, layFacts } from '../layout.ts';
import { transactionDocument, transactionFacts } from '../transactions.ts';

/** An answer, and which parts of it were proved. */
interface Shown {
  readonly answer: TransactionAnswer;
  readonly fields: readonly string[];
}

const MINED = ['id', 'status', 'confirmations', 'block', 'transaction', 'raw', 'height', 'tip'];
const ITSELF = ['id', 'transaction', 'raw'];

export async function run(context: Context, id: string): Promise<void> {
  const wanted = parseId(id, 'transaction');
  if (context.trust) {
    const answer = await openClient(context).transaction(wanted);
    context.output.result(documentOf(answer), () => layFacts(factsOf(answer)));
    return;
  }
  const { answer: shown, session } = await checked(context, (session) => ask(session, wanted));
  const { answer, fields } = shown;
  const verified = verifiedDocument(session, fields);
  context.output.result({ ...documentOf(answer), verified }, () =>
    layFacts([
      ...factsOf(answer),
      ['checked', fields.includes('status') ? describeCheck(session) : describeWord(answer)],
    ]),
  );
}

async function ask(session: Session, id: string): Promise<Shown> {
  const { agreement } = session;
  const found = await checkedTransaction(session, id);
  if (found === null) return askWord(session, id);
  const { block, index, transaction } = found;
  const answer: TransactionAnswer = {
    id,
    status: 'mined',
    reason: null,
    confirmations: confirmationsOf(block, agreement),
    block: { height: block.header.height, id: toHex(block.id), index },
    transaction: summaryOf(transaction),
    raw: toHex(transaction.bytes),
    tip: agreedTip(agreement),
  };
  return { answer, fields: block.agreed ? MINED : ITSELF };
}

/** What can't be proved: that a transaction isn't in the chain. But it is the one asked for, and no block is claimed. */
function askWord(session: Session, id: string): Promise<Shown> {
  return session.ask(async (node) => {
    const answer = answers.transaction(await session.rpc.callOn(node, 'transaction', { id }), 'transaction');
    if (answer.id !== id) throw new NodeLie('it answers about another transaction');
    const { height } = session.agreement.header.header;
    if (answer.status === 'mined' && (answer.block === null || answer.block.height <= height)) {
      throw new NodeLie(`it claims that transaction ${id.slice(0, 10)}… is mined and shows no proof of it`);
    }
    if (answer.raw === null) return { answer: { ...answer, transaction: null }, fields: [] };
    const transaction = expose('the transaction it sends', () => decodeTransaction(fromHex(answer.raw!)));
    if (transaction.key !== id) throw new NodeLie('it sends another transaction than was asked for');
    return { answer: { ...answer, transaction: summaryOf(transaction) }, fields: ITSELF };
  });
}

function describeWord({ status }: TransactionAnswer): string {
  if (status === 'mined') return "its bytes; its block is too new to be checked, so that is the node's word";
  return `that no node asked can show it in a block; "${status}" is a node's word`;
}

function documentOf(answer: TransactionAnswer): object {
  const { block, reason, transaction, raw } = answer;
  return {
    id: answer.id,
    status: answer.status,
    confirmations: answer.confirmations,
    ...(block === null ? {} : { block }),
    ...(reason === null ? {} : { reason }),
    ...(transaction === null ? {} : { transaction: transactionDocument(transaction) }),
    ...(raw === null ? {} : { raw }),
    height: answer.tip.height,
    tip: answer.tip.id,
  };
}

function factsOf(answer: TransactionAnswer): [string, string | null][] {
  const { id, block, transaction } = answer;
  return [
    ['status', describe(answer)],
    ['id', id],
    ['block', block === null ? null : `${block.height}  ${block.id}`],
    ...(transaction === null ? [] : transactionFacts(transaction)),
  ];
}

function describe({ status, reason, confirmations }: TransactionAnswer): string {
  switch (status) {
    case 'mined':
      return `mined, ${countOf(confirmations, 'confirmation')}`;
    case 'pending':
      return 'pending: waits for a block';
    case 'unknown':
      return 'unknown: this node has never heard of it';
    case 'dropped': {
      const hint = ruleHint(reason?.code ?? '');
      return `dropped: ${reason?.message ?? 'no reason is known'}${hint === '' ? '' : ` (${hint})`}`;
    }
  }
}
