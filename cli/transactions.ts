/** Owns how a transaction is shown: as a row, as facts, and as JSON in PIER. */
import { formatPier, sumOf } from '../chain/format/amount.ts';
import type { TransactionSummary } from '../wallet/ledger-answers.ts';
import { layTable, shortAddress, shortId } from './layout.ts';

/** The summary with its amounts in PIER. */
export function transactionDocument(transaction: TransactionSummary): object {
  const { outputs, memo, memoHex, ...rest } = transaction;
  return {
    ...rest,
    fee: formatPier(transaction.fee),
    ...(outputs === null
      ? {}
      : { outputs: outputs.map(({ to, amount }) => ({ to, amount: formatPier(amount) })) }),
    ...(memo === null ? {} : { memo, memoHex }),
  };
}

/** A table, one transaction a row. */
export function transactionRows(transactions: readonly TransactionSummary[]): string[] {
  const rows = transactions.map((transaction) => [
    shortId(transaction.id),
    transaction.kind,
    shortAddress(transaction.sender),
    recipientOf(transaction),
    amountOf(transaction),
    formatPier(transaction.fee),
  ]);
  const header = ['ID', 'KIND', 'FROM', 'TO', 'PIER', 'FEE'];
  return layTable([header, ...rows], ['left', 'left', 'left', 'left', 'right', 'right']);
}

/** What it does, in words: for `pier tx`. */
export function transactionFacts(transaction: TransactionSummary): [string, string | null][] {
  const outputs = transaction.outputs ?? [];
  const facts: [string, string | null][] = [
    ['kind', transaction.kind],
    ['from', transaction.sender],
    ...outputs.map(({ to, amount }): [string, string] => ['to', `${to}  ${formatPier(amount)} PIER`]),
    ['fee', `${formatPier(transaction.fee)} PIER (${transaction.bytes} bytes)`],
    ['nonce', String(transaction.nonce)],
    ['valid until', `block ${transaction.validUntil}`],
    ['memo', transaction.memo || null],
  ];
  return facts;
}

function recipientOf({ outputs }: TransactionSummary): string {
  const first = outputs?.[0];
  if (outputs === null || first === undefined) return '';
  return outputs.length === 1 ? shortAddress(first.to) : `${outputs.length} accounts`;
}

function amountOf({ outputs }: TransactionSummary): string {
  if (outputs === null) return '';
  return formatPier(sumOf(outputs.map(({ amount }) => amount)));
}
