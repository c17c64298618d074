/** Owns the commands that change records: `pier record put`, `give` and `drop`; what they lock, give back and cost. */
import { RuleError } from '../../chain/errors.ts';
import { parseAddress } from '../../chain/format/address.ts';
import { formatPier } from '../../chain/format/amount.ts';
import { fromHex, toHex } from '../../chain/format/bytes.ts';
import { ZERO_HASH } from '../../chain/format/hash.ts';
import type { Params } from '../../chain/format/params.ts';
import { type Put, recordId } from '../../chain/format/transaction.ts';
import { depositOf } from '../../chain/state/records.ts';
import type { RecordSummary } from '../../wallet/ledger-answers.ts';
import type { RecordReference } from '../../wallet/ledger-client.ts';
import { type Content, mediaTypeOf, readContent } from '../content.ts';
import type { Context } from '../context.ts';
import { dispatch, type Intent, type Sent } from '../dispatch.ts';
import { CliError } from '../faults.ts';
import { checkFeeOptions } from '../fees.ts';
import { resolveWho } from '../keys.ts';
import { formatBytes, shortAddress } from '../layout.ts';
import { creatorOf, nameBytesOf, nameOf, resolveRecord } from '../records.ts';
import { Sending, type SendingOptions } from '../sending.ts';
import { keyNameOf, openSigner } from '../signing.ts';
import { tellOutcome } from '../telling.ts';

export interface ChangeOptions extends SendingOptions {
  readonly from: string;
  readonly creator?: string;
}

export interface PutOptions extends ChangeOptions {
  readonly type?: string;
  /** False for `--no-inline`. */
  readonly inline: boolean;
}

const NOTHING = new Uint8Array(0);

export async function put(
  context: Context,
  text: string,
  file: string | undefined,
  options: PutOptions,
): Promise<void> {
  const source = sourceOf(file, options);
  const which = await resolveRecord(context, text, options);
  const sending = await openSending(context, options);
  const { address: owner, params } = sending;
  const old = await sending.record(which);
  if (old === null && 'id' in which)
    throw new CliError('NO_RECORD', `there is no record ${which.id}`, 'name it');
  if (old !== null) refuseOther(old, owner);
  else if ('name' in which && which.creator !== owner) {
    const hint = 'only its creator can make it first; who owns it then revises it';
    throw new CliError('NOT_OWNER', `${shortAddress(which.creator)} has made no record ${text}`, hint);
  }
  const content = await readContent(context, source);
  const inline = options.inline ? content.small : null;
  const name = old === null ? new TextEncoder().encode('name' in which ? which.name : '') : nameBytesOf(old);
  const creator = old === null ? parseAddress(owner) : creatorOf(old);
  const { root, size } = content;
  const data: Put = { creator, name, root, size, mediaType: mediaTypeOf(source, options.type), inline };
  const deposit = depositFor(params, data, false);
  const kept = tombstoneDeposit(params, creator, name);
  const sent = await dispatchFrom(sending, `put ${text}`, () => ({ TAG: 'put', data }));
  const id = toHex(recordId(creator, name));
  const document = {
    record: id,
    root: toHex(root),
    size,
    inline: inline !== null,
    deposit: formatPier(deposit),
    depositBefore: formatPier(old?.deposit ?? 0),
    fee: formatPier(sent.transaction.fee),
  };
  await tellOutcome(sending, sent, options.wait === true, {
    what: `put ${text}`,
    document,
    facts: [
      ['record', id],
      ['content', describeContent(content, inline !== null)],
      ['deposit', describeDeposit(old, deposit, kept)],
    ],
  });
}

export async function give(
  context: Context,
  text: string,
  to: string,
  options: ChangeOptions,
): Promise<void> {
  const receiver = await resolveWho(context, to);
  const sending = await openSending(context, options);
  const record = await ownedRecord(sending, await resolveRecord(context, text, options));
  const data = { record: fromHex(record.id), to: parseAddress(receiver) };
  const what = `give ${nameOf(record)} to ${to === receiver ? shortAddress(receiver) : to}`;
  const sent = await dispatchFrom(sending, what, () => ({ TAG: 'give', data }));
  const deposit = formatPier(record.deposit);
  await tellOutcome(sending, sent, options.wait === true, {
    what,
    document: { record: record.id, owner: receiver, deposit, fee: formatPier(sent.transaction.fee) },
    facts: [
      ['record', record.id],
      ['deposit', `${deposit} PIER go with it: they return to whoever drops it`],
    ],
  });
}

export async function drop(context: Context, text: string, options: ChangeOptions): Promise<void> {
  const sending = await openSending(context, options);
  const { params } = sending;
  const record = await ownedRecord(sending, await resolveRecord(context, text, options));
  const what = `drop ${nameOf(record)}`;
  const sent = await dispatchFrom(sending, what, () => ({
    TAG: 'drop',
    data: { record: fromHex(record.id) },
  }));
  const tombstone = {
    creator: creatorOf(record),
    name: nameBytesOf(record),
    mediaType: NOTHING,
    inline: null,
  };
  const kept = depositFor(params, { ...tombstone, root: ZERO_HASH, size: 0 }, true);
  const document = {
    record: record.id,
    deposit: formatPier(kept),
    depositBefore: formatPier(record.deposit),
    fee: formatPier(sent.transaction.fee),
  };
  await tellOutcome(sending, sent, options.wait === true, {
    what,
    document,
    facts: [
      ['record', record.id],
      [
        'deposit',
        `${formatPier(record.deposit - kept)} PIER come back; ${document.deposit} stay for its name and its history`,
      ],
    ],
  });
}

function openSending(context: Context, options: ChangeOptions): Promise<Sending> {
  checkFeeOptions(options);
  return keyNameOf(context, options.from).then((name) => Sending.open(context, name, options));
}

async function dispatchFrom(sending: Sending, what: string, body: Intent['body']): Promise<Sent> {
  return dispatch(sending, await openSigner(sending), { what, body });
}

/** A record that the sender can change, so that it is told before a passphrase is asked for. */
async function ownedRecord(sending: Sending, which: RecordReference): Promise<RecordSummary> {
  const record = await sending.record(which);
  if (record === null) throw new RuleError('NO_RECORD');
  refuseOther(record, sending.address);
  if (record.dropped) {
    throw new CliError(
      'RECORD_DROPPED',
      `${nameOf(record)} has been dropped`,
      'pier record put makes it again',
    );
  }
  return record;
}

function refuseOther(record: RecordSummary, owner: string): void {
  if (record.owner === owner) return;
  const hint = `only its owner may change it: --from the key of ${record.owner}`;
  throw new CliError('NOT_OWNER', `${nameOf(record)} belongs to ${record.owner}`, hint);
}

function sourceOf(file: string | undefined, { passphraseStdin }: PutOptions): string {
  const source = file ?? (process.stdin.isTTY === true ? null : '-');
  if (source === null) throw new CliError('USAGE', 'put what?', 'name a file, or - for standard input');
  if (source === '-' && passphraseStdin === true) {
    const hint = 'use --passphrase-file, or name a file';
    throw new CliError('USAGE', 'standard input cannot give both the passphrase and the content', hint);
  }
  return source;
}

/** Planks that a record of this content locks: its other fields have fixed widths. */
function depositFor(params: Params, data: Put, dropped: boolean): number {
  const fixed = { owner: new Uint8Array(20), revision: 1, deposit: 0, history: ZERO_HASH, historyCount: 0 };
  return depositOf(params, { ...data, ...fixed, dropped });
}

/** What stays locked when a record of that name is dropped. */
function tombstoneDeposit(params: Params, creator: Uint8Array, name: Uint8Array): number {
  return depositFor(
    params,
    { creator, name, root: ZERO_HASH, size: 0, mediaType: NOTHING, inline: null },
    true,
  );
}

function describeContent({ size }: Content, inline: boolean): string {
  return inline
    ? `${formatBytes(size)}, kept on the ledger for all to read`
    : `${formatBytes(size)}; the ledger has its root, the file stays with you`;
}

function describeDeposit(old: RecordSummary | null, deposit: number, kept: number): string {
  const change = deposit - (old?.deposit ?? 0);
  const locked = `${formatPier(deposit)} PIER locked while it is there`;
  if (old === null) return `${locked}; ${formatPier(deposit - kept)} of it come back when it is dropped`;
  if (change === 0) return `${locked}, as before`;
  return `${locked}: ${formatPier(Math.abs(change))} ${change > 0 ? 'more than' : 'come back from the'} ${formatPier(old.deposit)} before`;
}
