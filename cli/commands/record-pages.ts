/** Owns the commands that read pages about records: `pier record history`, what became of one, and `list`, whose they are. */
import { RuleError } from '../../chain/errors.ts';
import { parseAddress } from '../../chain/format/address.ts';
import { formatPier } from '../../chain/format/amount.ts';
import { fromHex } from '../../chain/format/bytes.ts';
import { checkedRecordHistory, checkedRecords } from '../../wallet/checked/record-answers.ts';
import type { RecordHistoryAnswer, RecordsAnswer } from '../../wallet/ledger-answers.ts';
import { recordIdOf } from '../../wallet/ledger-client.ts';
import { parseId, parseOlder, parseWhole } from '../arguments.ts';
import { checked, describeCheck, describeHistoryCheck, verifiedDocument } from '../checked.ts';
import { agreedTip, recordAnswer } from '../checked-shapes.ts';
import { openClient } from '../client.ts';
import type { Context } from '../context.ts';
import { resolveWho } from '../keys.ts';
import { countOf, formatBytes, formatTime, layTable, shortAddress, shortId } from '../layout.ts';
import { contentOf, type NamingOptions, nameOf, recordDocument, resolveRecord } from '../records.ts';

const LIMIT = 20;
const LIMIT_MAX = 100;

export interface PageOptions extends NamingOptions {
  readonly limit?: string;
  readonly before?: string;
  readonly after?: string;
}

const limitOf = ({ limit }: PageOptions): number =>
  limit === undefined ? LIMIT : parseWhole(limit, '--limit', 1, LIMIT_MAX);

export async function history(context: Context, text: string, options: PageOptions): Promise<void> {
  const limit = limitOf(options);
  const which = await resolveRecord(context, text, options);
  const id = 'id' in which ? which.id : recordIdOf(which);
  if (context.trust) {
    const page = { limit, ...(options.before !== undefined && { before: options.before }) };
    const answer = await openClient(context).recordHistory(id, page);
    context.output.result(historyDocument(id, answer), () => describeHistory(id, answer));
    return;
  }
  const before = parseOlder(options.before);
  const { answer, session } = await checked(context, (session) =>
    checkedRecordHistory(session, fromHex(id), { limit, before }),
  );
  if (answer === null) throw new RuleError('NO_RECORD', id);
  const { items, next, cut } = answer;
  const shown = { items, next, tip: agreedTip(session.agreement) };
  const verified = verifiedDocument(session, ['record', 'items', 'next', 'height', 'tip']);
  context.output.result(
    { ...historyDocument(id, shown), verified },
    () => `${describeHistory(id, shown)}\n${describeHistoryCheck(session, cut)}`,
  );
}

function historyDocument(record: string, { items, next, tip }: RecordHistoryAnswer): object {
  const shown = items.map((item) => ({ ...item, fee: formatPier(item.fee) }));
  return { record, items: shown, next, height: tip.height, tip: tip.id };
}

function describeHistory(id: string, { items, next }: RecordHistoryAnswer): string {
  const rows = items.map((item) => [
    String(item.height),
    formatTime(item.time),
    item.kind,
    String(item.revision),
    shortAddress(item.owner),
    item.root === null ? '' : `${shortId(item.root)}  ${formatBytes(item.size ?? 0)}`,
    shortId(item.id),
  ]);
  const header = ['BLOCK', 'TIME', 'WHAT', 'REVISION', 'THEN OWNED BY', 'ROOT AND SIZE', 'TRANSACTION'];
  const lines = layTable([header, ...rows], ['right', 'left', 'left', 'right']);
  if (next !== null) lines.push(`earlier: pier record history ${id} --before ${next}`);
  return lines.join('\n');
}

export async function list(context: Context, who: string, options: PageOptions): Promise<void> {
  const limit = limitOf(options);
  const after = options.after === undefined ? undefined : parseId(options.after, 'record');
  const owner = await resolveWho(context, who);
  if (context.trust) {
    const page = { limit, ...(after !== undefined && { after }) };
    const answer = await openClient(context).records(owner, page);
    context.output.result(listDocument(owner, answer), () => describeList(who, owner, answer, after));
    return;
  }
  const { answer, session } = await checked(context, (session) =>
    checkedRecords(session, parseAddress(owner), limit, after),
  );
  const { agreement } = session;
  const records = answer.records.map(({ id, record }) => recordAnswer(id, record, agreement));
  const shown = { records: records.map(({ tip, ...record }) => record), next: answer.next };
  // That the list has them all, and whether there are more, is a node's word.
  const verified = verifiedDocument(session, ['owner', 'records', 'height', 'tip']);
  const page = { ...shown, tip: agreedTip(agreement) };
  context.output.result({ ...listDocument(owner, page), verified }, () => {
    const lines = [describeList(who, owner, page, after)];
    if (answer.newer > 0) lines.push(`${countOf(answer.newer, 'newer one')} not deep enough to be checked`);
    lines.push(describeCheck(session, 'checked: each listed; that none is left out can not be proved'));
    return lines.join('\n');
  });
}

function listDocument(owner: string, { records, next, tip }: RecordsAnswer): object {
  return { owner, records: records.map(recordDocument), next, height: tip.height, tip: tip.id };
}

function describeList(
  who: string,
  owner: string,
  { records, next }: RecordsAnswer,
  after: string | undefined,
): string {
  const lines: string[] = [];
  if (records.length === 0) {
    lines.push(after === undefined ? 'no records' : 'no more records');
  } else {
    const rows = records.map((record) => [
      nameOf(record),
      String(record.revision),
      contentOf(record),
      formatPier(record.deposit),
      record.creator === owner ? '' : `made by ${shortAddress(record.creator)}`,
      record.id,
    ]);
    const header = ['NAME', 'REVISION', 'CONTENT', 'DEPOSIT', '', 'ID'];
    lines.push(...layTable([header, ...rows], ['left', 'right', 'left', 'right']));
  }
  if (next !== null) lines.push(`more: pier record list ${who} --after ${next}`);
  return lines.join('\n');
}
