/** Owns `pier mempool`: what waits to be mined. */
import { formatPier } from '../../chain/format/amount.ts';
import { parseWhole } from '../arguments.ts';
import { openClient } from '../client.ts';
import type { Context } from '../context.ts';
import { countOf, formatBytes } from '../layout.ts';
import { transactionDocument, transactionRows } from '../transactions.ts';

const LIMIT_MAX = 1_000;

export async function run(context: Context, options: { limit?: string }): Promise<void> {
  const limit = parseWhole(options.limit ?? '20', '--limit', 0, LIMIT_MAX);
  const { count, bytes, minFeePerByte, transactions, tip } = await openClient(context).mempool({ limit });
  const document = {
    count,
    bytes,
    minFeePerByte: formatPier(minFeePerByte),
    transactions: transactions.map(transactionDocument),
    height: tip.height,
    tip: tip.id,
  };
  context.output.result(document, () => {
    if (count === 0) return 'nothing waits to be mined';
    const price = `at least ${formatPier(minFeePerByte)} PIER a byte to get in`;
    const lines = [`${countOf(count, 'transaction')}, ${formatBytes(bytes)}; ${price}`];
    if (transactions.length > 0) lines.push('', ...transactionRows(transactions));
    if (transactions.length < count)
      lines.push(`and ${count - transactions.length} more (--limit N shows more)`);
    return lines.join('\n');
  });
}
