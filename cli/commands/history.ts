/** Owns `pier history WHO`: the mined transactions of an account, newest first. */
import { parseAddress } from '../../chain/format/address.ts';
import { formatPier } from '../../chain/format/amount.ts';
import { checkedHistory } from '../../wallet/checked/history-answers.ts';
import type { HistoryAnswer } from '../../wallet/ledger-answers.ts';
import { parseOlder, parseWhole } from '../arguments.ts';
import { checked, describeHistoryCheck, verifiedDocument } from '../checked.ts';
import { agreedTip } from '../checked-shapes.ts';
import { openClient } from '../client.ts';
import type { Context } from '../context.ts';
import { resolveWho } from '../keys.ts';
import { formatTime, layTable, shortAddress, shortId } from '../layout.ts';

const LIMIT = 20;
const LIMIT_MAX = 100;

export interface HistoryOptions {
  readonly limit?: string;
  readonly before?: string;
}

export async function run(context: Context, who: string, options: HistoryOptions): Promise<void> {
  const limit = options.limit === undefined ? undefined : parseWhole(options.limit, '--limit', 1, LIMIT_MAX);
  const address = await resolveWho(context, who);
  if (context.trust) {
    const page = { ...(limit && { limit }), ...(options.before && { before: options.before }) };
    const answer = await openClient(context).history(address, page);
    context.output.result(documentOf(address, answer), () => describe(who, address, answer));
    return;
  }
  const before = parseOlder(options.before);
  const { answer, session } = await checked(context, (session) =>
    checkedHistory(session, parseAddress(address), limit ?? LIMIT, before),
  );
  const shown = { ...answer, tip: agreedTip(session.agreement) };
  const verified = verifiedDocument(session, ['address', 'items', 'next', 'height', 'tip']);
  context.output.result({ ...documentOf(address, shown), verified }, () => {
    return `${describe(who, address, shown)}\n${describeHistoryCheck(session, answer.cut)}`;
  });
}

function documentOf(address: string, answer: HistoryAnswer): object {
  const items = answer.items.map((item) => ({
    ...item,
    amount: item.amount === null ? null : signedPier(item.amount),
    fee: formatPier(item.fee),
  }));
  return { address, items, next: answer.next, height: answer.tip.height, tip: answer.tip.id };
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
