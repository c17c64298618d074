/** Owns reading one record for a command: proved, or with `--trust` as a node tells it. */
import { RuleError } from '../chain/errors.ts';
import { fromHex } from '../chain/format/bytes.ts';
import { checkedRecord } from '../wallet/checked/state-answers.ts';
import type { RecordAnswer } from '../wallet/ledger-answers.ts';
import { type RecordReference, recordIdOf } from '../wallet/ledger-client.ts';
import { checked, describeCheck, type VerifiedDocument, verifiedDocument } from './checked.ts';
import { recordAnswer } from './checked-shapes.ts';
import { openClient } from './client.ts';
import type { Context } from './context.ts';

export interface ReadRecord {
  readonly answer: RecordAnswer;
  /** To be spread into the document; nothing with `--trust`. */
  readonly verified: { readonly verified?: VerifiedDocument };
  /** For people; null with `--trust`. */
  readonly check: string | null;
}

/** The record; `fields` are those of the document that follow from it. 'NO_RECORD' if there is none. */
export async function readRecord(
  context: Context,
  which: RecordReference,
  fields: readonly string[],
): Promise<ReadRecord> {
  if (context.trust) return { answer: await openClient(context).record(which), verified: {}, check: null };
  const id = 'id' in which ? which.id : recordIdOf(which);
  const { answer, session } = await checked(context, (session) => checkedRecord(session, fromHex(id)));
  if (answer === null) throw new RuleError('NO_RECORD', id);
  return {
    answer: recordAnswer(id, answer, session.agreement),
    verified: { verified: verifiedDocument(session, fields) },
    check: describeCheck(session),
  };
}
