/** Owns the keys of commands that sign: which is meant, whether it is the account's present one, and opening it. */
import { authKeyOf, formatAddress, parseAddress } from '../chain/format/address.ts';
import { toHex } from '../chain/format/bytes.ts';
import { SCHEME_ED25519 } from '../chain/format/transaction.ts';
import type { Signer } from '../wallet/identity.ts';
import type { KeyDescription } from '../wallet/keyring.ts';
import type { AccountAnswer } from '../wallet/ledger-answers.ts';
import type { Passphrase } from '../wallet/secret-text.ts';
import type { Context } from './context.ts';
import { CliError } from './faults.ts';
import { chooseKeyring, looksLikeAddress } from './keys.ts';
import { readPassphrase, type SecretOptions } from './passphrase.ts';
import type { Sending } from './sending.ts';

/** The name of the key that is meant by its name, or by the address of the account it signs for. */
export async function keyNameOf(context: Context, who: string): Promise<string> {
  const { keyring } = chooseKeyring(context);
  if (!looksLikeAddress(who)) return (await keyring.show(who)).name;
  const wanted = formatAddress(parseAddress(who));
  for (const { name, key } of await keyring.list()) {
    if (!(key instanceof Error) && formatAddress(key.address) === wanted) return name;
  }
  throw new CliError('NO_KEY', `no key here opens ${wanted}`, 'see your keys with: pier key list');
}

/**
 * Makes the key of a name the one that its account has now: a rotation or a recovery may have been mined, or undone,
 * since. `WRONG_KEY` if the account has none of those that are here.
 */
export async function settleKey(
  context: Context,
  name: string,
  account: AccountAnswer,
): Promise<KeyDescription> {
  const { keyring } = chooseKeyring(context);
  const key = await keyring.show(name);
  if (account.authKey === null || authKeyText(key) === account.authKey) return key;
  const spare = (await keyring.spares(name)).find((each) => authKeyText(each.key) === account.authKey);
  if (spare === undefined) {
    const hint = `if that was not you, your recovery account can take it back: pier recovery status ${name}`;
    throw new CliError('WRONG_KEY', `the account of ${name} has another key than the one here`, hint);
  }
  await keyring.use(name, spare);
  context.output.note(`${name} signs with its ${spare.state === 'next' ? 'new' : 'earlier'} key now`);
  return spare.key;
}

/** What the ledger keeps of a key, in hex. */
export function authKeyText({ publicKey }: { readonly publicKey: Uint8Array }): string {
  return toHex(authKeyOf(SCHEME_ED25519, publicKey));
}

/** The passphrase of a key, if it has one. */
export async function passphraseOf(
  key: KeyDescription,
  options: SecretOptions,
): Promise<Passphrase | undefined> {
  return key.encrypted ? readPassphrase(options, key.name) : undefined;
}

/** Stretching a passphrase takes a second: it is shown. */
export async function whileOpening<T>(context: Context, name: string, open: () => Promise<T>): Promise<T> {
  const progress = context.output.progress(`opening ${name}`);
  try {
    return await open();
  } finally {
    progress.stop();
  }
}

/** A signer for the key that sends: the present one of its account. The caller erases it. */
export async function openSigner(sending: Sending): Promise<Signer> {
  const { context, name, options } = sending;
  const { keyring } = chooseKeyring(context);
  const key = await settleKey(context, name, await sending.account(sending.address));
  const passphrase = await passphraseOf(key, options);
  return whileOpening(context, name, () => keyring.open(name, passphrase));
}
