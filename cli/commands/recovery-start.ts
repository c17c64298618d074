/** Owns `pier recovery start`: a new key for an account whose own is lost or stolen, and the word of its recovery account. */
import { formatAddress, parseAddress } from '../../chain/format/address.ts';
import { checkKeyName } from '../../wallet/keyring.ts';
import type { AccountAnswer } from '../../wallet/ledger-answers.ts';
import type { Passphrase } from '../../wallet/secret-text.ts';
import { proveKey } from '../../wallet/sign.ts';
import type { Context } from '../context.ts';
import { dispatch } from '../dispatch.ts';
import { CliError } from '../faults.ts';
import { checkFeeOptions } from '../fees.ts';
import { chooseKeyring, looksLikeAddress, resolveWho } from '../keys.ts';
import { countOf, shortAddress } from '../layout.ts';
import { newPassphrase } from '../passphrase.ts';
import { Sending, type SendingOptions } from '../sending.ts';
import { authKeyText, keyNameOf, passphraseOf, settleKey, whileOpening } from '../signing.ts';
import { tellOutcome } from '../telling.ts';
import { LIMITS_OF_RECOVERY } from './recovery.ts';

export interface StartOptions extends SendingOptions {
  readonly from: string;
  /** What to call the new key, if none of the account is in the keyring. */
  readonly as?: string;
  readonly newPassphraseFile?: string;
}

export async function start(context: Context, target: string, options: StartOptions): Promise<void> {
  checkFeeOptions(options);
  const { keyring } = chooseKeyring(context);
  const address = await resolveWho(context, target);
  const from = await keyNameOf(context, options.from);
  const sending = await Sending.open(context, from, options);
  const account = await sending.account(address);
  const guardian = await keyring.show(from);
  const recovery = refuseOther(account, target, formatAddress(guardian.address));
  const guardianAccount = await sending.account(sending.address);
  const name = await nameFor(context, target, address, options.as);
  await refuseUnfit(context, name, account);
  const passphrase = await passphraseOf(await settleKey(context, from, guardianAccount), options);
  const signer = await whileOpening(context, from, () => keyring.open(from, passphrase));
  const chosen = await passphraseOfNew(context, name, passphrase, options);
  const sealing = { ...(chosen === undefined ? {} : { passphrase: chosen }), address: parseAddress(address) };
  // Never a key that was there: it may be stolen too.
  const next = await whileOpening(context, name, () => keyring.drawNext(name, sealing));
  try {
    const sender = signer.address;
    const what = `recovery of ${looksLikeAddress(target) ? shortAddress(address) : target} has begun`;
    const sent = await dispatch(sending, signer, {
      what,
      body: ({ chainId, nonce }) => {
        const proved = proveKey(next.signer, { chainId, sender, nonce, target: parseAddress(address) });
        return { TAG: 'recover', data: { target: parseAddress(address), ...proved } };
      },
      beforeSent: next.keep,
    });
    const block = await tellOutcome(sending, sent, options.wait !== false, {
      what,
      document: (block) => ({
        target: address,
        key: name,
        claimFrom: block && block.height + recovery.delay,
      }),
      facts: [
        ['then', `${countOf(recovery.delay, 'block')} later: pier recovery claim ${name} --from ${from}`],
      ],
    });
    if (block !== null)
      context.output.note(`it can be claimed from block ${block.height + recovery.delay} on`);
  } finally {
    next.signer.erase();
  }
  context.output.note(
    'until then the present key can still spend, and stop this if it has been current for longer than the delay',
  );
  context.output.note(LIMITS_OF_RECOVERY);
}

/** The account's recovery, which must be the one that asks. */
function refuseOther(
  { exists, recovery, pendingChange, tip }: AccountAnswer,
  target: string,
  guardian: string,
): { account: string; delay: number } {
  if (!exists) throw new CliError('NO_ACCOUNT', `${target} has no account`, 'check the name or the address');
  const settled =
    pendingChange !== null && tip.height + 1 >= pendingChange.at ? pendingChange.recovery : recovery;
  if (settled === null) {
    const hint = 'only its own key opens it: find its recovery words, and use pier key import';
    throw new CliError('NO_RECOVERY', `${target} has no recovery account`, hint);
  }
  if (settled.account !== guardian) {
    const hint = `--from the key of ${settled.account}`;
    throw new CliError('NOT_RECOVERY', `${guardian} is not the recovery account of ${target}`, hint);
  }
  return settled;
}

/** The name that the new key goes by: the account's own in this keyring, or `--as`. */
async function nameFor(
  context: Context,
  target: string,
  address: string,
  as: string | undefined,
): Promise<string> {
  if (as !== undefined) return as;
  if (!looksLikeAddress(target)) return target;
  return keyNameOf(context, address).catch(() => {
    throw new CliError('USAGE', 'no key of that account is here', 'say what to call its new key: --as NAME');
  });
}

async function isHere(context: Context, name: string): Promise<boolean> {
  return (await chooseKeyring(context).keyring.list()).some((listed) => listed.name === name);
}

/** A key of that name must be for the account, and a recovery that is under way needs no second one. */
async function refuseUnfit(context: Context, name: string, account: AccountAnswer): Promise<void> {
  checkKeyName(name);
  if (!(await isHere(context, name))) return;
  const { keyring } = chooseKeyring(context);
  const key = await keyring.show(name);
  if (formatAddress(key.address) !== account.address) {
    throw new CliError(
      'KEY_EXISTS',
      `the key ${name} is for another account`,
      'choose another name: --as NAME',
    );
  }
  const { pendingRecovery } = account;
  const all = [key, ...(await keyring.spares(name)).map((spare) => spare.key)];
  if (pendingRecovery !== null && all.some((each) => authKeyText(each) === pendingRecovery.authKey)) {
    const hint = `from block ${pendingRecovery.at} on: pier recovery claim ${name} --from KEY`;
    throw new CliError('RECOVERY_PENDING', `${name} is being recovered already`, hint);
  }
}

/** That of the new key: asked for at a terminal, in a file of its own, or else the same as the recovery key's. */
async function passphraseOfNew(
  context: Context,
  name: string,
  passphrase: Passphrase | undefined,
  { newPassphraseFile }: StartOptions,
): Promise<Passphrase | undefined> {
  if (newPassphraseFile !== undefined) return newPassphrase({ passphraseFile: newPassphraseFile }, name);
  if (chooseKeyring(context).keyring.testnet || process.stdin.isTTY !== true) return passphrase;
  return newPassphrase({}, `the new key of ${name}`);
}
