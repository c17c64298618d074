/** Owns `pier history WHO`: the mined transactions of an account, newest first. */
import { formatPier } from '../../chain/format/amount.ts';
import type { HistoryAnswer } from '../../wallet/ledger-answers.ts';
import { parseWhole } from '../arguments.ts';
import { openClient } from '../client.ts';
import type { Context } from '../context.ts';
import { resolveWho } from '../keys.ts';
import { formatTime, layTable, shortAddress, shortId } from '../layout.ts';

const LIMIT_MAX = 100;

export interface HistoryOptions {
  readonly limit?: string;
  readonly before?: string;
}

export async function run(context: Context, who: string, options: HistoryOptions): Promise<void> {
  const page: { limit?: number; before?: string } = {};
  if (options.limit !== undefined) page.limit = parseWhole(options.limit, '--limit', 1, LIMIT_MAX);
  if (options.before !== undefined) page.before = options.before;
  const client = openClient(context);
  const address = await resolveWho(context, who);
  const answer = await client.history(address, page);
  const items = answer.items.map((item) => ({
    ...item,
    amount: item.amount === null ? null : signedPier(item.amount),
    fee: formatPier(item.fee),
  }));
  const document = { address, items, next: answer.next, height: answer.tip.height, tip: answer.tip.id };
  context.output.result(document, () => describe(who, address, answer));
}

function describe(who: string, address: string, { items, next }: HistoryAnswer): string {
  if (items.length === 0) return 'no transactions yet';
  const rows = items.map((item) => {
    const incoming = item.from !== address;
    const other = incoming ? item.from : (item.to ?? '');
    const amount = item.amount === null ? '' : `${item.amount > 0 ? '+' : ''}${signedPier(item.amount)}`;
    const direction = other === '' ? '' : `${incoming ? 'from' : 'to'} ${shortAddress(other)}`;
    return [String(item.height), formatTime(item.time), item.kind, amount, direction, shortId(item.id)];
  });
  const header = ['BLOCK', 'TIME', 'KIND', 'PIER', 'WITH', 'ID'];
  const lines = layTable([header, ...rows], ['right', 'left', 'left', 'right']);
  if (next !== null) lines.push(`earlier ones: pier history ${who} --before ${next}`);
  return lines.join('\n');
}

function signedPier(planks: number): string {
  return planks < 0 ? `-${formatPier(-planks)}` : formatPier(planks);
}
