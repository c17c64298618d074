/** Owns `pier key …`: making, listing, showing, importing and exporting keys. */
import { formatAddress, parseAddress } from '../../chain/format/address.ts';
import { toHex } from '../../chain/format/bytes.ts';
import { WalletError } from '../../wallet/errors.ts';
import type { KeyDescription } from '../../wallet/keyring.ts';
import { checkKeyName } from '../../wallet/keyring.ts';
import { parseSecret } from '../../wallet/secret.ts';
import type { Context } from '../context.ts';
import { CliError } from '../faults.ts';
import { chooseKeyring } from '../keys.ts';
import { countOf, layFacts, layTable } from '../layout.ts';
import { newPassphrase, readPassphrase, readSecret, type SecretOptions } from '../passphrase.ts';

export interface NewOptions extends SecretOptions {
  readonly words?: string;
}

export interface ImportOptions extends SecretOptions {
  readonly file?: string;
  readonly address?: string;
}

export async function create(context: Context, name: string, options: NewOptions): Promise<void> {
  const words = options.words ?? '24';
  if (words !== '12' && words !== '24') throw new CliError('USAGE', `--words is "${words}"`, 'give 12 or 24');
  const { keyring } = chooseKeyring(context);
  await refuseTaken(context, name);
  const protection = await protectionOf(context, name, options);
  const key = await keyring.create(name, { ...protection, words: words === '12' ? 12 : 24 });
  tellMade(context, key);
}

export async function importKey(context: Context, name: string, options: ImportOptions): Promise<void> {
  if (options.passphraseStdin === true && options.file === undefined) {
    const hint = 'put the words in a file and name it with --file, or use --passphrase-file';
    throw new CliError('USAGE', 'standard input cannot give both the passphrase and the words', hint);
  }
  const address = options.address === undefined ? {} : { address: parseAddress(options.address) };
  const { keyring } = chooseKeyring(context);
  await refuseTaken(context, name);
  const text = await readSecret(options.file, `recovery words or private key of ${name}`);
  // What is wrong with it is told before a passphrase is asked for.
  parseSecret(text).bytes.fill(0);
  const protection = await protectionOf(context, name, options);
  tellMade(context, await keyring.import(name, text, { ...protection, ...address }));
}

export async function exportKey(context: Context, name: string, options: SecretOptions): Promise<void> {
  const { keyring } = chooseKeyring(context);
  const { encrypted } = await keyring.show(name);
  const passphrase = encrypted ? await readPassphrase(options, name) : undefined;
  const { kind, text } = await keyring.export(name, passphrase);
  context.output.note(`whoever has these can spend all that ${name} has:`);
  context.output.result({ name, kind, text }, text);
}

export async function show(context: Context, name: string): Promise<void> {
  const { keyring, directory } = chooseKeyring(context);
  const key = await keyring.show(name);
  const spares = await keyring.spares(name);
  const count = (wanted: string) => spares.filter(({ state }) => state === wanted).length;
  const document = {
    ...documentOf(key),
    spares: spares.map(({ state, key }) => ({ state, publicKey: toHex(key.publicKey) })),
  };
  context.output.result(document, () =>
    layFacts([
      ['name', key.name],
      ['address', formatAddress(key.address)],
      ['public key', toHex(key.publicKey)],
      ['made from', key.kind === 'words' ? 'recovery words' : 'a private key'],
      ['kept', `${key.encrypted ? 'encrypted' : 'unencrypted'} in ${directory}`],
      ['next', count('next') > 0 ? `${countOf(count('next'), 'key')} made, not current yet` : null],
      ['before', count('old') > 0 ? `${countOf(count('old'), 'older key')} kept` : null],
    ]),
  );
}

export async function list(context: Context): Promise<void> {
  const { keyring, directory } = chooseKeyring(context);
  const listed = await keyring.list();
  const keys = listed.map(({ name, key }) =>
    key instanceof WalletError ? { name, error: { code: key.code, message: key.message } } : documentOf(key),
  );
  context.output.result({ directory, keys }, () => {
    if (listed.length === 0) return `no keys in ${directory}; make one with: pier key new NAME`;
    return layTable(
      listed.map(({ name, key }) =>
        key instanceof WalletError
          ? [name, key.message]
          : [name, formatAddress(key.address), key.encrypted ? '' : 'unencrypted'],
      ),
    ).join('\n');
  });
}

function documentOf(key: KeyDescription): object {
  const { name, kind, encrypted } = key;
  return { name, address: formatAddress(key.address), publicKey: toHex(key.publicKey), kind, encrypted };
}

/** The name is checked before a passphrase is asked for. */
async function refuseTaken(context: Context, name: string): Promise<void> {
  checkKeyName(name);
  const { keyring } = chooseKeyring(context);
  if (!(await keyring.list()).some((listed) => listed.name === name)) return;
  throw new WalletError('KEY_EXISTS', name, 'choose another name: a key is never written over');
}

/** A testnet's keys need no passphrase, but may have one. */
async function protectionOf(
  context: Context,
  name: string,
  options: SecretOptions,
): Promise<{ passphrase?: string }> {
  const asked = options.passphraseFile !== undefined || options.passphraseStdin === true;
  if (chooseKeyring(context).keyring.testnet && !asked) return {};
  return { passphrase: await newPassphrase(options, name) };
}

function tellMade(context: Context, key: KeyDescription): void {
  const address = formatAddress(key.address);
  const { directory } = chooseKeyring(context);
  context.output.result({ name: key.name, address }, () =>
    layFacts([
      ['name', key.name],
      ['address', address],
      ['kept', key.encrypted ? `encrypted in ${directory}` : `unencrypted in ${directory}`],
    ]),
  );
  if (!key.encrypted) {
    context.output.note("a testnet's keyring asks for no passphrase: never keep keys of value in it");
  } else if (key.kind === 'words') {
    context.output.note(`write its recovery words down, on paper: pier key export ${key.name}`);
  }
}
