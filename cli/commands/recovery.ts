/** Owns the commands of an account's owner and its recovery account: `pier recovery set`, `clear`, `veto`, `claim`. */
import { formatAddress, parseAddress } from '../../chain/format/address.ts';
import { type Body, RECOVERY_DELAY_MAX } from '../../chain/format/transaction.ts';
import { parseWhole } from '../arguments.ts';
import type { Context } from '../context.ts';
import { dispatch, type Sent } from '../dispatch.ts';
import { CliError } from '../faults.ts';
import { checkFeeOptions } from '../fees.ts';
import { chooseKeyring, looksLikeAddress, resolveWho } from '../keys.ts';
import { countOf, shortAddress } from '../layout.ts';
import { Sending, type SendingOptions } from '../sending.ts';
import { keyNameOf, openSigner, settleKey } from '../signing.ts';
import { tellOutcome } from '../telling.ts';

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
  const sending = await openSending(context, name, options);
  const before = (await sending.account(sending.address)).recovery;
  const data = { recovery: recovery && { ...recovery, account: parseAddress(recovery.account) } };
  const what =
    recovery === null ? `no recovery for ${name}` : `${shortAddress(recovery.account)} may recover ${name}`;
  const sent = await sendFrom(sending, what, { TAG: 'setRecovery', data });
  await tellOutcome(sending, sent, options.wait !== false, {
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
  const address = await resolveWho(context, target);
  const isOwner = address === (await resolveWho(context, await keyNameOf(context, options.from)));
  const data = { target: parseAddress(address) };
  const what = isOwner ? `the recovery of ${shown(target)} is off` : 'the change of recovery account is off';
  const sending = await openSending(context, options.from, options);
  const sent = await sendFrom(sending, what, { TAG: 'veto', data });
  await tellOutcome(sending, sent, options.wait !== false, {
    what,
    document: { target: address, stopped: isOwner ? 'recovery' : 'change' },
  });
}

/** Ends a recovery whose delay has passed: from its block on the account has the new key. */
export async function claim(
  context: Context,
  target: string,
  options: SendingOptions & { readonly from: string },
): Promise<void> {
  const address = await resolveWho(context, target);
  const sending = await openSending(context, options.from, options);
  const { pendingRecovery, tip } = await sending.account(address);
  if (pendingRecovery !== null && tip.height + 1 < pendingRecovery.at) {
    const left = countOf(pendingRecovery.at - tip.height - 1, 'block');
    throw new CliError('TOO_SOON', `not before block ${pendingRecovery.at}`, `try again in ${left}`);
  }
  const body: Body = { TAG: 'claim', data: { target: parseAddress(address) } };
  const what = `${shown(target)} has its new key`;
  const sent = await sendFrom(sending, what, body);
  const block = await tellOutcome(sending, sent, options.wait !== false, {
    what,
    document: { target: address },
  });
  if (block !== null) await settleNamed(sending, address);
  context.output.note(LIMITS_OF_RECOVERY);
}

/** If the account is one of the keyring's, its new key is put in use. */
async function settleNamed(sending: Sending, address: string): Promise<void> {
  const { context } = sending;
  const account = await sending.account(address);
  for (const { name, key } of await chooseKeyring(context).keyring.list()) {
    if (key instanceof Error || formatAddress(key.address) !== address) continue;
    // A key of another name for the same account may be an older one.
    await settleKey(context, name, account).catch((error) => {
      if (!(error instanceof CliError)) throw error;
    });
  }
}

async function openSending(context: Context, who: string, options: SendingOptions): Promise<Sending> {
  checkFeeOptions(options);
  return Sending.open(context, await keyNameOf(context, who), options);
}

async function sendFrom(sending: Sending, what: string, body: Body): Promise<Sent> {
  return dispatch(sending, await openSigner(sending), { what, body: () => body });
}

const shown = (who: string): string => (looksLikeAddress(who) ? shortAddress(who) : who);
