/**
 * Owns the keyring: named keys over a port of files. It holds no secret between calls. A testnet's keyring asks for no
 * passphrase and takes unencrypted files; any other refuses them.
 */
import { equalBytes, toHex } from '../chain/format/bytes.ts';
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
import { exactOf, type Passphrase } from './secret-text.ts';
import { ENTROPY_BYTES, type WordCount } from './words.ts';

/** Where key files are: one a name. */
export interface KeyFiles {
  /** Names of all keys, in any order. */
  list(): Promise<string[]>;
  /** The bytes, or `undefined` if there is none; `WalletError('INSECURE_KEY_FILE')` if others can reach it. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Writes it whole or not at all, and never over another: false if the name is taken. */
  write(name: string, bytes: Uint8Array): Promise<boolean>;
  /** Labels of the keys that are kept beside the key of that name, in any order. */
  listSpares(name: string): Promise<string[]>;
  /** As `read`, of a spare. */
  readSpare(name: string, label: string): Promise<Uint8Array | undefined>;
  /** As `write`, of a spare. */
  writeSpare(name: string, label: string, bytes: Uint8Array): Promise<boolean>;
  /** Runs `change` while nobody else runs one on these files, in this process or another. */
  exclusively<T>(change: () => Promise<T>): Promise<T>;
  /**
   * The spare becomes the key of that name, at once, and the key until now a spare: at no moment is either gone. Throws
   * `WalletError('KEY_EXISTS')`, and changes nothing, if `oldLabel` is the label of another key. Within `exclusively`.
   */
  swap(name: string, label: string, oldLabel: string): Promise<void>;
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

interface NewKeyOptions {
  readonly passphrase?: Passphrase;
  readonly words?: WordCount;
  /** The account it is to sign for, if that is older than the key. */
  readonly address?: Uint8Array;
}

export interface ListedKey {
  readonly name: string;
  /** Its public part, or why it can't be read: one bad file doesn't hide the others. */
  readonly key: KeyDescription | WalletError;
}

export type KeyDescription = KeyInfo & { readonly encrypted: boolean };

/**
 * A key kept beside the one in use, for the same account: the 'next' one, which a rotation or a recovery is to make
 * current, or an 'old' one, which a reorganisation can make current again.
 */
export interface SpareKey {
  readonly label: string;
  readonly state: 'next' | 'old';
  readonly key: KeyDescription;
}

/** A key that is in no file yet. */
export interface DrawnKey {
  readonly spare: SpareKey;
  /** The caller erases it. */
  readonly signer: Signer;
  /** Writes it down; it is on disk when this resolves. */
  keep(): Promise<void>;
}

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
    { passphrase, words = 24, address }: NewKeyOptions = {},
  ): Promise<KeyDescription> {
    return this.#store(name, this.#draw(words), passphrase, address);
  }

  /**
   * Draws the key that is to follow the one of that name, for the same account. With `address` there may be none of that
   * name yet: it becomes the key of that name. No file has it before `keep`, so a refused change leaves nothing behind.
   */
  async drawNext(name: string, { passphrase, words = 24, address }: NewKeyOptions = {}): Promise<DrawnKey> {
    const isFirst = address !== undefined && (await this.#files.read(name)) === undefined;
    const account = address ?? (await this.show(name)).address;
    const { info, encrypted, bytes } = await this.#seal(name, this.#draw(words), passphrase, account);
    const label = labelOf('next', info);
    const signer = await this.#open(this.#parse(name, bytes), passphrase);
    const keep = async (): Promise<void> => {
      const isKept = isFirst ? this.#files.write(name, bytes) : this.#files.writeSpare(name, label, bytes);
      if (!(await isKept)) throw new WalletError('KEY_EXISTS', name);
    };
    return { spare: { label, state: 'next', key: { ...info, encrypted } }, signer, keep };
  }

  /** The keys kept beside the one of that name. */
  async spares(name: string): Promise<SpareKey[]> {
    const { publicKey } = await this.show(name);
    const spares: SpareKey[] = [];
    for (const label of (await this.#files.listSpares(name)).sort()) {
      const { address, publicKey, kind, encrypted } = await this.#readSpare(name, label);
      const state = label.startsWith('next-') ? 'next' : 'old';
      spares.push({ label, state, key: { name, address, publicKey, kind, encrypted } });
    }
    // A crash in the middle of a swap leaves the key in use among them.
    return spares.filter(({ key }) => !equalBytes(key.publicKey, publicKey));
  }

  /** As `open`, of a spare. */
  async openSpare(name: string, label: string, passphrase?: Passphrase): Promise<Signer> {
    return this.#open(await this.#readSpare(name, label), passphrase);
  }

  /** Puts a spare in the place of the key in use, which is kept as a spare. */
  async use(name: string, { label, state, key }: SpareKey): Promise<void> {
    await this.#files.exclusively(async () => {
      const current = await this.show(name);
      // Another process may have done it.
      if (equalBytes(current.publicKey, key.publicKey)) return;
      await this.#files.swap(name, label, labelOf(state === 'next' ? 'old' : 'next', current));
    });
  }

  /** Takes a key from its words or its private key in hex. `address` names the account if it is older than the key. */
  async import(
    name: string,
    text: string,
    { passphrase, address }: { passphrase?: Passphrase; address?: Uint8Array } = {},
  ): Promise<KeyDescription> {
    return this.#store(name, parseSecret(text), passphrase, address);
  }

  /** What `import` takes: words, or 64 hex digits for a key that was imported so. Show it to nobody. */
  async export(name: string, passphrase?: Passphrase): Promise<{ kind: 'words' | 'seed'; text: string }> {
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
  async open(name: string, passphrase?: Passphrase): Promise<Signer> {
    return this.#open(await this.#read(name), passphrase);
  }

  async #open(file: KeyFile, passphrase: Passphrase | undefined): Promise<Signer> {
    const secret = await openKeyFile(file, passphrase, this.#kdf);
    let privateKey: Uint8Array | undefined;
    try {
      privateKey = await privateKeyOf(secret);
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
    return this.#parse(name, bytes);
  }

  async #readSpare(name: string, label: string): Promise<KeyFile> {
    checkKeyName(name);
    const bytes = await this.#files.readSpare(name, label);
    if (bytes === undefined) throw new WalletError('NO_KEY', `${name} ${label}`);
    return this.#parse(name, bytes);
  }

  #parse(name: string, bytes: Uint8Array): KeyFile {
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

  #draw(words: WordCount): Secret {
    return { kind: 'words', bytes: this.#random(ENTROPY_BYTES[words]) };
  }

  async #store(
    name: string,
    secret: Secret,
    passphrase?: Passphrase,
    address?: Uint8Array,
  ): Promise<KeyDescription> {
    const { info, encrypted, bytes } = await this.#seal(name, secret, passphrase, address);
    if (!(await this.#files.write(name, bytes))) {
      throw new WalletError('KEY_EXISTS', name, 'choose another name: a key is never written over');
    }
    return { ...info, encrypted };
  }

  /** The bytes of a key file; erases the secret in any case. */
  async #seal(
    name: string,
    secret: Secret,
    passphrase: Passphrase | undefined,
    address: Uint8Array | undefined,
  ): Promise<{ info: KeyInfo; encrypted: boolean; bytes: Uint8Array }> {
    let privateKey: Uint8Array | undefined;
    try {
      checkKeyName(name);
      const text = passphrase === undefined ? '' : exactOf(passphrase);
      const encrypted = text !== '';
      if (!encrypted && !this.testnet)
        throw new WalletError('PASSPHRASE_NEEDED', name, 'choose one that is not empty');
      privateKey = await privateKeyOf(secret);
      const { address: own, publicKey } = identityOf(privateKey);
      const info: KeyInfo = { name, address: address ?? own, publicKey, kind: secret.kind };
      const ports = { kdf: this.#kdf, random: this.#random, cost: this.#cost };
      const bytes = encrypted ? await sealKeyFile(info, secret, text, ports) : sealPlainKeyFile(info, secret);
      return { info, encrypted, bytes };
    } finally {
      secret.bytes.fill(0);
      privateKey?.fill(0);
    }
  }
}

/** A key has one label, so that it is never kept twice. */
function labelOf(state: SpareKey['state'], { publicKey }: { readonly publicKey: Uint8Array }): string {
  return `${state}-${toHex(publicKey.subarray(0, 8))}`;
}
