/** Owns the commands of an account's owner and its recovery account: `pier recovery set`, `clear`, `veto`, `claim`. */
import { formatAddress, parseAddress } from '../../chain/format/address.ts';
import { type Body, RECOVERY_DELAY_MAX, type Transaction } from '../../chain/format/transaction.ts';
import type { LedgerClient } from '../../wallet/ledger-client.ts';
import { parseWhole } from '../arguments.ts';
import { openClient } from '../client.ts';
import type { Context } from '../context.ts';
import { CliError } from '../faults.ts';
import { chooseKeyring, looksLikeAddress, resolveWho } from '../keys.ts';
import { countOf, shortAddress } from '../layout.ts';
import { keyNameOf, openSigner, type SendingOptions, send, settleKey, tellOutcome } from '../signing.ts';

export const LIMITS_OF_RECOVERY =
  'recovery brings the account back, not money that a thief has already moved, nor records given away';

export async function set(
  context: Context,
  who: string,
  options: SendingOptions & { readonly by: string; readonly delay: string },
): Promise<void> {
  const delay = parseWhole(options.delay, '--delay', 1, RECOVERY_DELAY_MAX);
  const recovery = await resolveWho(context, options.by);
  const name = await keyNameOf(context, who);
  if (recovery === (await resolveWho(context, name))) {
    const hint = 'whoever has lost the key has lost its recovery too: name another';
    throw new CliError('USAGE', 'an account can not recover itself', hint);
  }
  await change(context, name, { account: recovery, delay }, options);
}

export async function clear(context: Context, who: string, options: SendingOptions): Promise<void> {
  await change(context, await keyNameOf(context, who), null, options);
}

async function change(
  context: Context,
  name: string,
  recovery: { account: string; delay: number } | null,
  options: SendingOptions,
): Promise<void> {
  const client = openClient(context);
  const before = (await client.account(await resolveWho(context, name))).recovery;
  const data = { recovery: recovery && { ...recovery, account: parseAddress(recovery.account) } };
  const transaction = await sendFrom(context, client, name, options, { TAG: 'setRecovery', data });
  const what =
    recovery === null ? `no recovery for ${name}` : `${shortAddress(recovery.account)} may recover ${name}`;
  await tellOutcome(context, client, transaction, options.wait !== false, {
    what,
    document: (block) => ({ name, recovery, from: block && block.height + (before?.delay ?? 0) }),
    facts: [
      [
        'from when',
        before === null
          ? 'at once'
          : `${countOf(before.delay, 'block')} after its block, unless ${shortAddress(before.account)} stops it`,
      ],
    ],
  });
  context.output.note(LIMITS_OF_RECOVERY);
}

/** Stops what is under way on an account: its owner a recovery, its recovery account a change of itself. */
export async function veto(
  context: Context,
  target: string,
  options: SendingOptions & { readonly from: string },
): Promise<void> {
  const client = openClient(context);
  const address = await resolveWho(context, target);
  const isOwner = address === (await resolveWho(context, await keyNameOf(context, options.from)));
  const data = { target: parseAddress(address) };
  const transaction = await sendFrom(context, client, options.from, options, { TAG: 'veto', data });
  await tellOutcome(context, client, transaction, options.wait !== false, {
    what: isOwner ? `the recovery of ${shown(target)} is off` : `the change of recovery account is off`,
    document: { target: address, stopped: isOwner ? 'recovery' : 'change' },
  });
}

/** Ends a recovery whose delay has passed: from its block on the account has the new key. */
export async function claim(
  context: Context,
  target: string,
  options: SendingOptions & { readonly from: string },
): Promise<void> {
  const client = openClient(context);
  const address = await resolveWho(context, target);
  const { pendingRecovery, tip } = await client.account(address);
  if (pendingRecovery !== null && tip.height + 1 < pendingRecovery.at) {
    const left = countOf(pendingRecovery.at - tip.height - 1, 'block');
    throw new CliError('TOO_SOON', `not before block ${pendingRecovery.at}`, `try again in ${left}`);
  }
  const body: Body = { TAG: 'claim', data: { target: parseAddress(address) } };
  const transaction = await sendFrom(context, client, options.from, options, body);
  const block = await tellOutcome(context, client, transaction, options.wait !== false, {
    what: `${shown(target)} has its new key`,
    document: { target: address },
  });
  if (block !== null) await settleNamed(context, client, address);
  context.output.note(LIMITS_OF_RECOVERY);
}

/** If the account is one of the keyring's, its new key is put in use. */
async function settleNamed(context: Context, client: LedgerClient, address: string): Promise<void> {
  const account = await client.account(address);
  for (const { name, key } of await chooseKeyring(context).keyring.list()) {
    if (key instanceof Error || formatAddress(key.address) !== address) continue;
    // A key of another name for the same account may be an older one.
    await settleKey(context, name, account).catch((error) => {
      if (!(error instanceof CliError)) throw error;
    });
  }
}

async function sendFrom(
  context: Context,
  client: LedgerClient,
  from: string,
  options: SendingOptions,
  body: Body,
): Promise<Transaction> {
  const signer = await openSigner(context, client, from, options);
  return send(client, signer, options.fee, () => body);
}

const shown = (who: string): string => (looksLikeAddress(who) ? shortAddress(who) : who);
