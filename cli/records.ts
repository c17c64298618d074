/** Owns how a record is named on the command line, what a file is to it, and how it is shown. */
import { parseAddress } from '../chain/format/address.ts';
import { formatPier } from '../chain/format/amount.ts';
import { fromHex } from '../chain/format/bytes.ts';
import { showString } from '../chain/format/text.ts';
import { NAME_BYTES_MAX } from '../chain/format/transaction.ts';
import type { RecordSummary } from '../wallet/ledger-answers.ts';
import type { RecordReference } from '../wallet/ledger-client.ts';
import { parseText } from './arguments.ts';
import type { Context } from './context.ts';
import { CliError } from './faults.ts';
import { chooseKeyring, resolveWho } from './keys.ts';
import { formatBytes } from './layout.ts';

export interface NamingOptions {
  readonly creator?: string;
  readonly from?: string;
}

/**
 * The record that is meant: by an id of 64 hex digits, by NAME@WHO, or by NAME and whoever made it first, which is
 * `--creator`, or else the key given by `--from`, or else the only key there is.
 */
export async function resolveRecord(
  context: Context,
  text: string,
  { creator, from }: NamingOptions,
): Promise<RecordReference> {
  if (creator === undefined && /^[0-9a-f]{64}$/i.test(text)) return { id: text.toLowerCase() };
  const at = creator === undefined ? text.lastIndexOf('@') : -1;
  const name = checkName(at === -1 ? text : text.slice(0, at));
  if (at !== -1) return { name, creator: await resolveWho(context, text.slice(at + 1)) };
  const who = creator ?? from ?? (await onlyKey(context, name));
  return { name, creator: await resolveWho(context, who) };
}

function checkName(name: string): string {
  const bytes = parseText(name, "the record's name").length;
  if (bytes >= 1 && bytes <= NAME_BYTES_MAX) return name;
  throw new CliError(
    'BAD_NAME',
    `a record's name has 1 to ${NAME_BYTES_MAX} bytes, this one ${bytes}`,
    'choose another',
  );
}

async function onlyKey(context: Context, name: string): Promise<string> {
  const keys = await chooseKeyring(context).keyring.list();
  if (keys.length === 1) return keys[0]!.name;
  throw new CliError(
    'USAGE',
    `whose record ${showString(name)}?`,
    `say who made it: --creator WHO, or ${showString(name)}@WHO`,
  );
}

/** Its name as it is shown. */
export const nameOf = ({ name }: Pick<RecordSummary, 'name'>): string => name ?? '';

/** The bytes of its name. */
export const nameBytesOf = ({ nameHex }: RecordSummary): Uint8Array => fromHex(nameHex ?? '');

export const creatorOf = ({ creator }: RecordSummary): Uint8Array => parseAddress(creator);

/** A record with its amounts in PIER. */
export function recordDocument(record: RecordSummary): object {
  return { ...record, deposit: formatPier(record.deposit) };
}

/** What it holds, in a few words. */
export function contentOf({ dropped, size, mediaType, inline }: RecordSummary): string {
  if (dropped) return 'dropped';
  const type = mediaType === null || mediaType === '' ? '' : `, ${mediaType}`;
  return `${formatBytes(size)}${type}${inline === null ? '' : ', on the ledger'}`;
}
