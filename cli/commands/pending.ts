/** Owns `pier pending`: what was signed here and not seen mined, and what can be done about it. */
import { formatPier } from '../../chain/format/amount.ts';
import { newestOf, nonceOf, type OutboxEntry } from '../../wallet/outbox.ts';
import type { Context } from '../context.ts';
import { replaceEntry, settleOutbox } from '../dispatch.ts';
import { CliError } from '../faults.ts';
import { checkFeeOptions } from '../fees.ts';
import { describeRefusals } from '../hand-over.ts';
import { chooseKeyring } from '../keys.ts';
import { countOf, formatTime, layTable, shortId } from '../layout.ts';
import { type DamagedOutbox, listOutboxes, type Outbox } from '../outbox.ts';
import { Sending, type SendingOptions } from '../sending.ts';
import { keyNameOf, openSigner } from '../signing.ts';
import { tellOutcome } from '../telling.ts';

const LEAST_DIGITS = 4;

interface Listed {
  readonly outbox: Outbox;
  readonly entry: OutboxEntry;
}

/** From this machine's own record alone: nodes can't add to it. */
export async function list(context: Context): Promise<void> {
  const { all, damaged } = readAll(context);
  // One that was seen mined and that no node has now may have been reorganised away.
  const shown = all.filter(({ entry }) => entry.mined === null || !entry.acknowledged);
  for (const { fault } of damaged) context.output.warn(`${fault.message}; ${fault.hint}`);
  const told = damaged.map(({ path, account, fault: { message, hint } }) => ({
    path,
    account,
    message,
    hint,
  }));
  const document = { pending: shown.map(documentOf), damaged: told };
  context.output.result(document, () => {
    if (shown.length === 0) {
      return damaged.length === 0
        ? 'nothing that was signed here waits'
        : 'no other record here has anything that waits';
    }
    const rows = shown.map(({ entry }) => [
      shortId(newestOf(entry).key),
      formatTime(entry.signedAt),
      String(nonceOf(entry)),
      String(newestOf(entry).validUntil),
      stateOf(entry),
      entry.what,
    ]);
    const head = ['ID', 'SIGNED', 'NONCE', 'UNTIL', 'STATE', 'WHAT'];
    return layTable([head, ...rows], ['left', 'left', 'right', 'right']).join('\n');
  });
}

/** Hands it over again, with all else of its account that waits. One that was forgotten is no longer. */
export async function resend(context: Context, id: string, options: SendingOptions): Promise<void> {
  const { sending, entry } = await openEntry(context, id, options, { signs: false });
  const { key } = newestOf(entry);
  const settled = await sending.outbox.exclusively(() => {
    change(sending.outbox, key, { forgotten: false });
    return settleOutbox(sending);
  });
  const open = settled.open.find((one) => newestOf(one).key === key);
  if (open === undefined) {
    const mined = settled.mined.some((one) => newestOf(one).key === key);
    const document = { id: key, status: mined ? 'mined' : 'over' };
    context.output.result(document, mined ? `mined: ${entry.what}` : `over: ${entry.what}`);
    return;
  }
  if (!open.acknowledged) {
    const why = describeRefusals(settled.refusals.get(open) ?? []);
    throw new CliError('NOT_TAKEN', `no node takes it: ${why}`, `see it with: pier pending`);
  }
  context.output.result({ id: key, status: 'pending' }, `pending: ${entry.what}, ${sending.describe()}`);
}

/** Signs the same again at the same nonce, for a higher fee or a later height. */
export async function replace(context: Context, id: string, options: SendingOptions): Promise<void> {
  checkFeeOptions(options);
  const { sending, entry } = await openEntry(context, id, options, { signs: true });
  const signer = await openSigner(sending);
  const sent = await replaceEntry(sending, signer, newestOf(entry).key);
  await tellOutcome(sending, sent, options.wait === true, { what: entry.what });
}

/** It stays in the record until it is proved to be over, since it may be mined all the same. */
export async function forget(context: Context, id: string): Promise<void> {
  const { outbox, entry } = await findEntry(context, id);
  const { key } = newestOf(entry);
  await outbox.exclusively(async () => change(outbox, key, { forgotten: true, told: true }));
  context.output.result(
    { id: key, status: 'forgotten' },
    `forgotten: ${entry.what}. Whoever has its bytes can still have it mined, until block ${newestOf(entry).validUntil}`,
  );
  context.output.note(
    `the next transaction of this account takes its nonce ${nonceOf(entry)}, so one of the two is mined`,
  );
}

/** Sets marks of the entry whose newest version has that id. Under the account's lock. */
function change(outbox: Outbox, key: string, marks: Partial<Pick<OutboxEntry, 'forgotten' | 'told'>>): void {
  outbox.write(outbox.read().map((one) => (newestOf(one).key === key ? { ...one, ...marks } : one)));
}

async function openEntry(
  context: Context,
  id: string,
  options: SendingOptions,
  purpose: { readonly signs: boolean },
): Promise<Listed & { readonly sending: Sending }> {
  const { outbox, entry } = await findEntry(context, id);
  const sending = await Sending.open(context, await keyNameOf(context, outbox.account), options, purpose);
  if (sending.outbox.chainId !== outbox.chainId) {
    const message = `it was signed for the ledger ${outbox.chainId.slice(0, 16)}…, and the nodes are of another`;
    throw new CliError('OTHER_LEDGER', message, 'name a node of that ledger with --node');
  }
  return { outbox: sending.outbox, entry, sending };
}

async function findEntry(context: Context, id: string): Promise<Listed> {
  const digits = id.toLowerCase();
  const { all, damaged } = readAll(context);
  const found = all.filter(({ entry }) => entry.signed.some(({ key }) => key.startsWith(digits)));
  if (found.length === 1 && digits.length >= LEAST_DIGITS) return found[0]!;
  const [first] = damaged;
  if (found.length === 0 && first !== undefined) throw first.fault;
  const what = found.length === 0 ? 'nothing here has' : `${countOf(found.length, 'transaction')} have`;
  throw new CliError(
    'BAD_ID',
    `${what} an id that begins with ${digits.slice(0, 64)}`,
    'see them with: pier pending',
  );
}

function readAll(context: Context): {
  readonly all: readonly Listed[];
  readonly damaged: readonly DamagedOutbox[];
} {
  const { outboxes, damaged } = listOutboxes(chooseKeyring(context).directory);
  const all = outboxes.flatMap((outbox) => outbox.read().map((entry) => ({ outbox, entry })));
  return { all, damaged };
}

function stateOf({ acknowledged, forgotten }: OutboxEntry): string {
  if (forgotten) return 'forgotten';
  return acknowledged ? 'handed over' : 'unknown';
}

function documentOf({ outbox, entry }: Listed): object {
  const { key, fee, validUntil } = newestOf(entry);
  return {
    id: key,
    state: stateOf(entry),
    what: entry.what,
    account: outbox.account,
    chainId: outbox.chainId,
    nonce: nonceOf(entry),
    fee: formatPier(fee),
    validUntil,
    signedAt: entry.signedAt,
    versions: entry.signed.map((one) => one.key),
  };
}
