/**
 * Owns answers about the state, each proved under the state root of the header that the nodes agree on. A node that
 * claims anything else is named with what it claimed, and another is asked.
 */
import { formatAddress } from '../../chain/format/address.ts';
import { formatPier } from '../../chain/format/amount.ts';
import { fromHex, toHex } from '../../chain/format/bytes.ts';
import type { Header } from '../../chain/format/header.ts';
import { recordId } from '../../chain/format/transaction.ts';
import {
  type Account,
  accountRef,
  decodeEntry,
  type Entry,
  type EntryRef,
  type LedgerRecord,
  recordRef,
  TOTALS,
  type Totals,
  valueHash,
} from '../../chain/state/entries.ts';
import { decodeProof, verifyProof } from '../../chain/state/tree-proof.ts';
import { hex, list, maybe, object } from '../answers.ts';
import { expose, NodeLie } from '../headers/faults.ts';
import type { Session } from './session.ts';

/** Entries that a node proves in one call. */
export const ENTRIES_MAX = 16;

const stateAnswer = object({ entries: list(object({ entry: maybe(hex), path: hex })) });

/** What is asked for: its place in the state, and how the node and people call it. */
export interface Wanted {
  readonly ref: EntryRef;
  readonly param: string;
  readonly name: string;
}

/** The account as of the agreed block; `null` if there is none. */
export async function checkedAccount(session: Session, address: Uint8Array): Promise<Account | null> {
  const text = formatAddress(address);
  const wanted = { ref: accountRef(address), param: text, name: text };
  return session.ask(async (node) => accountOf(await proveOn(session, node, wanted), text));
}

/** The record as of the agreed block, dropped or not; `null` if there is none. */
export async function checkedRecord(session: Session, id: Uint8Array): Promise<LedgerRecord | null> {
  return session.ask(async (node) => recordOf(await proveOn(session, node, wantedRecord(id)), toHex(id)));
}

export function wantedRecord(id: Uint8Array): Wanted {
  return { ref: recordRef(id), param: toHex(id), name: `record ${toHex(id)}` };
}

/** `id` in hex: it follows from creator and name. */
export function recordOf(entry: Entry | null, id: string): LedgerRecord | null {
  if (entry === null) return null;
  if (entry.TAG !== 'record' || toHex(recordId(entry.data.creator, entry.data.name)) !== id) {
    throw new NodeLie(`what it sends for record ${id} is no such record`);
  }
  return entry.data;
}

/** All that was issued, burned and deposited up to `block`: the agreed block, or one of the node's own chain. */
export async function totalsOn(
  session: Session,
  node: string,
  block: Header,
  id: Uint8Array,
): Promise<Totals> {
  const wanted = { ref: TOTALS, param: 'supply', name: 'the supply' };
  const entry = await proveOn(session, node, wanted, block, id);
  if (entry?.TAG !== 'totals') throw new NodeLie('what it sends for the supply is something else');
  return entry.data;
}

export function accountOf(entry: Entry | null, name: string): Account | null {
  if (entry !== null && entry.TAG !== 'account') throw new NodeLie(`what it sends for ${name} is no account`);
  return entry === null ? null : entry.data;
}

/** The entry that the node shows, proved as of the agreed block unless another is named. Throws `NodeLie`. */
export async function proveOn(
  session: Session,
  node: string,
  wanted: Wanted,
  block: Header = session.agreement.header.header,
  id: Uint8Array = session.agreement.header.id,
): Promise<Entry | null> {
  return (await proveAllOn(session, node, [wanted], block, id))[0]!;
}

/** The same of several entries, in order; at most as many as a node proves in one call. */
export async function proveAllOn(
  session: Session,
  node: string,
  all: readonly Wanted[],
  block: Header = session.agreement.header.header,
  id: Uint8Array = session.agreement.header.id,
): Promise<(Entry | null)[]> {
  const params = { block: toHex(id), entries: all.map(({ param }) => param) };
  const { entries } = stateAnswer(await session.rpc.callOn(node, 'proveState', params), 'proveState');
  if (entries.length !== all.length) {
    const names = all.map(({ name }) => name).join(', ');
    throw new NodeLie(`it sends ${entries.length === 0 ? 'nothing' : 'something else'} for ${names}`);
  }
  return all.map((wanted, i) => checkShown(wanted, entries[i]!, block));
}

function checkShown(
  { ref, name }: Wanted,
  shown: { readonly entry: string | null; readonly path: string },
  block: Header,
): Entry | null {
  const bytes = shown.entry === null ? null : fromHex(shown.entry);
  const path = expose(`its proof of ${name}`, () => decodeProof(fromHex(shown.path)));
  if (!verifyProof(block.stateRoot, ref.key, bytes === null ? null : valueHash(bytes), path)) {
    const claim = describeClaim(bytes, name);
    throw new NodeLie(
      `it claims ${claim}, but its proof does not lead to the state root of block ${block.height}`,
    );
  }
  return bytes === null ? null : expose(`what it sends for ${name}`, () => decodeEntry(bytes));
}

/** In words, what the unproved bytes would say. */
function describeClaim(bytes: Uint8Array | null, name: string): string {
  if (bytes === null) return `that there is no ${name}`;
  let entry: Entry;
  try {
    entry = decodeEntry(bytes);
  } catch {
    return `something unreadable for ${name}`;
  }
  if (entry.TAG === 'account') return `balance ${formatPier(entry.data.balance)} for ${name}`;
  if (entry.TAG === 'record') return `owner ${formatAddress(entry.data.owner)} for ${name}`;
  if (entry.TAG === 'totals') return `${formatPier(entry.data.issued - entry.data.burned)} as the supply`;
  return `another kind of entry for ${name}`;
}
