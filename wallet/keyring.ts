/**
 * Owns the keyring: named keys over a port of files. It holds no secret between calls. A testnet's keyring asks for no
 * passphrase and takes unencrypted files; any other refuses them.
 */
import { WalletError } from './errors.ts';
import { createSigner, identityOf, type Signer } from './identity.ts';
import { DEFAULT_COST, type Kdf, type ScryptCost } from './kdf.ts';
import {
  type KeyFile,
  type KeyInfo,
  openKeyFile,
  parseKeyFile,
  sealKeyFile,
  sealPlainKeyFile,
} from './keyfile.ts';
import { formatSecret, parseSecret, privateKeyOf, type Secret } from './secret.ts';
import { ENTROPY_BYTES, type WordCount } from './words.ts';

/** Where key files are: one a name. */
export interface KeyFiles {
  /** Names of all keys, in any order. */
  list(): Promise<string[]>;
  /** The bytes, or `undefined` if there is none; `WalletError('INSECURE_KEY_FILE')` if others can reach it. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Writes it whole or not at all, and never over another: false if the name is taken. */
  write(name: string, bytes: Uint8Array): Promise<boolean>;
}

export interface KeyringOptions {
  readonly files: KeyFiles;
  readonly kdf: Kdf;
  /** That many unpredictable bytes. */
  readonly random: (length: number) => Uint8Array;
  /** True for the keyring in a testnet's directory. */
  readonly testnet?: boolean;
  /** Cost of new files; `DEFAULT_COST` if not given. */
  readonly cost?: ScryptCost;
}

export interface ListedKey {
  readonly name: string;
  /** Its public part, or why it can't be read: one bad file doesn't hide the others. */
  readonly key: KeyDescription | WalletError;
}

export type KeyDescription = KeyInfo & { readonly encrypted: boolean };

/** Throws `WalletError('BAD_KEY_NAME')` unless it is 1 to 32 of a-z 0-9 _ - and begins with a letter or digit. */
export function checkKeyName(name: string): void {
  if (/^[a-z0-9][a-z0-9_-]{0,31}$/.test(name)) return;
  const hint = 'use 1 to 32 of a-z, 0-9, _ and -, beginning with a letter or a digit';
  throw new WalletError('BAD_KEY_NAME', JSON.stringify(String(name).slice(0, 40)), hint);
}

export class Keyring {
  readonly #files: KeyFiles;
  readonly #kdf: Kdf;
  readonly #random: (length: number) => Uint8Array;
  readonly #cost: ScryptCost;
  readonly testnet: boolean;

  constructor({ files, kdf, random, testnet = false, cost = DEFAULT_COST }: KeyringOptions) {
    this.#files = files;
    this.#kdf = kdf;
    this.#random = random;
    this.#cost = cost;
    this.testnet = testnet;
  }

  /** Makes a key of 12 or 24 words (default 24). Outside a testnet it needs a passphrase. */
  async create(
    name: string,
    { passphrase, words = 24 }: { passphrase?: string; words?: WordCount } = {},
  ): Promise<KeyDescription> {
    const bytes = this.#random(ENTROPY_BYTES[words]);
    return this.#store(name, { kind: 'words', bytes }, passphrase);
  }

  /** Takes a key from its words or its private key in hex. `address` names the account if it is older than the key. */
  async import(
    name: string,
    text: string,
    { passphrase, address }: { passphrase?: string; address?: Uint8Array } = {},
  ): Promise<KeyDescription> {
    return this.#store(name, parseSecret(text), passphrase, address);
  }

  /** What `import` takes: words, or 64 hex digits for a key that was imported so. Show it to nobody. */
  async export(name: string, passphrase?: string): Promise<{ kind: 'words' | 'seed'; text: string }> {
    const secret = await openKeyFile(await this.#read(name), passphrase, this.#kdf);
    try {
      return { kind: secret.kind, text: formatSecret(secret) };
    } finally {
      secret.bytes.fill(0);
    }
  }

  /** All keys by name. */
  async list(): Promise<ListedKey[]> {
    const names = (await this.#files.list()).sort();
    return Promise.all(
      names.map(async (name) => {
        try {
          return { name, key: await this.show(name) };
        } catch (error) {
          if (!(error instanceof WalletError)) throw error;
          return { name, key: error };
        }
      }),
    );
  }

  /** The public part of a key, which its passphrase hasn't confirmed yet. */
  async show(name: string): Promise<KeyDescription> {
    const { address, publicKey, kind, encrypted } = await this.#read(name);
    return { name, address, publicKey, kind, encrypted };
  }

  /** A signer for the key's account; the caller erases it. `passphrase` is needed if the key is encrypted. */
  async open(name: string, passphrase?: string): Promise<Signer> {
    const file = await this.#read(name);
    const secret = await openKeyFile(file, passphrase, this.#kdf);
    let privateKey: Uint8Array | undefined;
    try {
      privateKey = privateKeyOf(secret);
      return createSigner(privateKey, file.address);
    } finally {
      secret.bytes.fill(0);
      privateKey?.fill(0);
    }
  }

  async #read(name: string): Promise<KeyFile> {
    checkKeyName(name);
    const bytes = await this.#files.read(name);
    if (bytes === undefined) throw new WalletError('NO_KEY', name, `make it with: pier key new ${name}`);
    const file = parseKeyFile(bytes);
    if (file.name !== name) {
      const hint = `rename the file back, or import the key under the name ${name}`;
      throw new WalletError(
        'BAD_KEY_FILE',
        `the file of ${name} holds the key ${JSON.stringify(file.name.slice(0, 40))}`,
        hint,
      );
    }
    if (!file.encrypted && !this.testnet) {
      const hint = 'unencrypted keys are for testnets: import its words here under a passphrase';
      throw new WalletError('NOT_ENCRYPTED', name, hint);
    }
    return file;
  }

  /** Seals and writes; erases the secret in any case. */
  async #store(
    name: string,
    secret: Secret,
    passphrase?: string,
    address?: Uint8Array,
  ): Promise<KeyDescription> {
    let privateKey: Uint8Array | undefined;
    try {
      checkKeyName(name);
      const encrypted = passphrase !== undefined && passphrase !== '';
      if (!encrypted && !this.testnet)
        throw new WalletError('PASSPHRASE_NEEDED', name, 'choose one that is not empty');
      privateKey = privateKeyOf(secret);
      const identity = identityOf(privateKey);
      const info: KeyInfo = {
        name,
        address: address ?? identity.address,
        publicKey: identity.publicKey,
        kind: secret.kind,
      };
      const ports = { kdf: this.#kdf, random: this.#random, cost: this.#cost };
      const bytes = encrypted
        ? await sealKeyFile(info, secret, passphrase, ports)
        : sealPlainKeyFile(info, secret);
      if (!(await this.#files.write(name, bytes))) {
        throw new WalletError('KEY_EXISTS', name, 'choose another name: a key is never written over');
      }
      return { ...info, encrypted };
    } finally {
      secret.bytes.fill(0);
      privateKey?.fill(0);
    }
  }
}
