/** Owns `pier tx ID`: what became of a transaction. */

import type { TransactionAnswer } from '../../wallet/ledger-answers.ts';
import { parseId } from '../arguments.ts';
import { openClient } from '../client.ts';
import type { Context } from '../context.ts';
import { ruleHint } from '../faults.ts';
import { countOf, layFacts } from '../layout.ts';
import { transactionDocument, transactionFacts } from '../transactions.ts';

export async function run(context: Context, id: string): Promise<void> {
  const wanted = parseId(id, 'transaction');
  const answer = await openClient(context).transaction(wanted);
  const { block, reason, transaction, raw } = answer;
  const document = {
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
  context.output.result(document, () =>
    layFacts([
      ['status', describe(answer)],
      ['id', answer.id],
      ['block', block === null ? null : `${block.height}  ${block.id}`],
      ...(transaction === null ? [] : transactionFacts(transaction)),
    ]),
  );
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
