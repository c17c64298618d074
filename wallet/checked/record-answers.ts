/**
 * Owns answers about records, checked: what became of one, complete by its history hash; and which an account owns, each
 * proved, though nothing can prove that none is left out of such a list: the state has no index of owners.
 */
import { formatAddress } from '../../chain/format/address.ts';
import { equalBytes, fromHex, toHex } from '../../chain/format/bytes.ts';
import type { Transaction } from '../../chain/format/transaction.ts';
import type { LedgerRecord } from '../../chain/state/entries.ts';
import { NodeLie, Unsettled } from '../headers/faults.ts';
import * as answers from '../ledger-answers.ts';
import { type CheckedTransaction, placeOf } from './block-answers.ts';
import type { Session } from './session.ts';
import { ENTRIES_MAX, proveAllOn, proveOn, recordOf, wantedRecord } from './state-answers.ts';
import { type PageWish, touchesOn } from './touches.ts';

export interface CheckedRecordHistory {
  /** Newest first. */
  readonly items: answers.RecordHistoryAnswer['items'];
  /** Where the next page begins: how many transactions are older than those shown. `null`: none. */
  readonly next: string | null;
  /** True: those older are more than a node proves at once. */
  readonly cut: boolean;
}

/** What became of a record up to the agreed block; `null` if there is none. */
export function checkedRecordHistory(
  session: Session,
  id: Uint8Array,
  page: PageWish,
): Promise<CheckedRecordHistory | null> {
  const record = toHex(id);
  const subject = { param: { record }, tag: 'recordHistory', name: `record ${record}` } as const;
  return session.ask(async (node) => {
    const now = recordOf(await proveOn(session, node, wantedRecord(id)), record);
    if (now === null) return null;
    const { places, newer, next, cut } = await touchesOn(session, node, subject, now, page);
    let revision = now.revision - newer.filter(isPut).length;
    const items = places.map((place) => {
      const item = itemOf(place, revision);
      if (isPut(place.transaction)) revision -= 1;
      return item;
    });
    return { items, next, cut };
  });
}

const isPut = ({ body }: Transaction): boolean => body.TAG === 'put';

function itemOf(place: CheckedTransaction, revision: number): CheckedRecordHistory['items'][number] {
  const { transaction } = place;
  const { body, sender } = transaction;
  if (body.TAG !== 'put' && body.TAG !== 'give' && body.TAG !== 'drop') {
    throw new NodeLie(`a ${body.TAG} is in its history of a record`);
  }
  return {
    ...placeOf(place),
    kind: body.TAG,
    from: formatAddress(sender),
    owner: formatAddress(body.TAG === 'give' ? body.data.to : sender),
    revision,
    root: body.TAG === 'put' ? toHex(body.data.root) : null,
    size: body.TAG === 'put' ? body.data.size : null,
    fee: transaction.fee,
  };
}

export interface CheckedRecords {
  /** In the order of their ids. */
  readonly records: readonly { readonly id: string; readonly record: LedgerRecord }[];
  /** The last id of the page, if there may be more: the node's word. */
  readonly next: string | null;
  /** Records that the node lists and that the account did not own yet at the agreed block: not among `records`. */
  readonly newer: number;
}

/** Records of an account at the agreed block, of those that a node lists; `after` is the `next` of the page before. */
export function checkedRecords(
  session: Session,
  owner: Uint8Array,
  limit: number,
  after: string | undefined,
): Promise<CheckedRecords> {
  return session.ask(async (node) => {
    const params = { owner: formatAddress(owner), limit, ...(after !== undefined && { after }) };
    const told = answers.records(await session.rpc.callOn(node, 'records', params), 'records');
    const ids = told.records.map(({ id }) => id);
    if (ids.length > limit) throw new NodeLie(`it lists ${ids.length} records for ${limit}`);
    // Else one of them could be shown twice, or an earlier page again, for ever.
    const ordered = ids.every((id, i) => id > (i === 0 ? (after ?? '') : ids[i - 1]!));
    if (!ordered || (told.next !== null && told.next !== ids.at(-1))) {
      throw new NodeLie('it lists records out of order');
    }
    const shown = await recordsOn(session, node, ids);
    const records = ids.flatMap((id, i) => {
      const record = shown[i]!;
      return record !== null && equalBytes(record.owner, owner) ? [{ id, record }] : [];
    });
    const proved = new Set(records.map(({ id }) => id));
    const missing = ids.find((id) => !proved.has(id));
    if (missing !== undefined) checkNewer(session, told.tip, `record ${missing} for ${params.owner}`);
    return { records, next: told.next, newer: ids.length - records.length };
  });
}

/** What isn't so at the agreed block may be so above it only. */
function checkNewer({ agreement }: Session, tip: answers.RecordsAnswer['tip'], what: string): void {
  const { header, id } = agreement.header;
  if (tip.id === toHex(id)) {
    throw new NodeLie(`it lists ${what}, who does not own it at block ${header.height}`);
  }
  if (tip.height <= header.height) throw new Unsettled(`it lists ${what} as of another branch`);
}

async function recordsOn(
  session: Session,
  node: string,
  ids: readonly string[],
): Promise<(LedgerRecord | null)[]> {
  const found: (LedgerRecord | null)[] = [];
  for (let i = 0; i < ids.length; i += ENTRIES_MAX) {
    const batch = ids.slice(i, i + ENTRIES_MAX);
    const entries = await proveAllOn(
      session,
      node,
      batch.map((id) => wantedRecord(fromHex(id))),
    );
    found.push(...entries.map((entry, at) => recordOf(entry, batch[at]!)));
  }
  return found;
}
