/**
 * Owns the key file: one JSON document that holds one key, encrypted (XChaCha20-Poly1305 under scrypt) or, for a
 * testnet, in the clear. Every field but the ciphertext is associated data, as compact JSON in the order written here,
 * so a name, an address or a cost that was altered doesn't open. Unknown and missing fields are refused.
 */
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { formatAddress, parseAddress } from '../chain/format/address.ts';
import { equalBytes, fromHex, toHex } from '../chain/format/bytes.ts';
import { WalletError } from './errors.ts';
import { identityOf } from './identity.ts';
import { costFault, type Kdf, type ScryptCost } from './kdf.ts';
import { privateKeyOf, type Secret, type SecretKind } from './secret.ts';
import { exactOf, type Passphrase } from './secret-text.ts';

/** Largest key file that is read. Ours take below 1 KiB. */
export const KEY_FILE_BYTES_MAX = 16 * 1024;

const VERSION = 1;
const CIPHER = 'xchacha20-poly1305';
const SALT_BYTES = 32;
const NONCE_BYTES = 24;
const PLAIN_WARNING = 'testnet only: not encrypted';

/** The public part of a key file. */
export interface KeyInfo {
  readonly name: string;
  /** The account it signs for: 20 bytes. Older than the key itself after a rotation. */
  readonly address: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly kind: SecretKind;
}

interface Encryption {
  readonly nonce: Uint8Array;
  readonly cost: ScryptCost;
  readonly salt: Uint8Array;
}

/** A parsed key file. Nothing in it is authenticated before `openKeyFile`. */
export type KeyFile = KeyInfo &
  (
    | ({ readonly encrypted: true; readonly ciphertext: Uint8Array } & Encryption)
    | { readonly encrypted: false; readonly plaintext: Uint8Array }
  );

type EncryptedFile = KeyFile & { encrypted: true };

/** What sealing needs from outside: a KDF, a source of random bytes, and the cost. */
export interface SealPorts {
  readonly kdf: Kdf;
  readonly random: (length: number) => Uint8Array;
  readonly cost: ScryptCost;
}

/** The bytes of an encrypted key file. */
export async function sealKeyFile(
  info: KeyInfo,
  secret: Secret,
  passphrase: string,
  { kdf, random, cost }: SealPorts,
): Promise<Uint8Array> {
  const encryption: Encryption = { nonce: random(NONCE_BYTES), cost, salt: random(SALT_BYTES) };
  const header = headerOf(info, encryption);
  const key = await stretch(passphrase, encryption, kdf);
  try {
    const cipher = xchacha20poly1305(key, encryption.nonce, associatedData(header));
    return documentOf({ ...header, ciphertext: toHex(cipher.encrypt(secret.bytes)) });
  } finally {
    key.fill(0);
  }
}

/** The bytes of an unencrypted key file, marked as what it is. */
export function sealPlainKeyFile(info: KeyInfo, secret: Secret): Uint8Array {
  return documentOf({ ...headerOf(info, null), plaintext: toHex(secret.bytes) });
}

/**
 * The secret of a parsed file, checked against its public key. The caller erases it. `WalletError`:
 * PASSPHRASE_NEEDED, WRONG_PASSPHRASE (which an altered file can't be told from), BAD_KEY_FILE.
 */
export async function openKeyFile(
  file: KeyFile,
  passphrase: Passphrase | undefined,
  kdf: Kdf,
): Promise<Secret> {
  const secret: Secret = {
    kind: file.kind,
    bytes: file.encrypted ? await decrypt(file, passphrase, kdf) : file.plaintext.slice(),
  };
  let privateKey: Uint8Array | undefined;
  try {
    privateKey = await privateKeyOf(secret);
    if (!equalBytes(identityOf(privateKey).publicKey, file.publicKey))
      throw bad("its secret isn't that of its public key");
    return secret;
  } catch (error) {
    secret.bytes.fill(0);
    throw error;
  } finally {
    privateKey?.fill(0);
  }
}

/** With the passphrase as it is; if that doesn't do, once with the reading of earlier versions. */
async function decrypt(
  file: EncryptedFile,
  passphrase: Passphrase | undefined,
  kdf: Kdf,
): Promise<Uint8Array> {
  if (passphrase === undefined) throw new WalletError('PASSPHRASE_NEEDED', file.name);
  if (typeof passphrase === 'string') return decryptWith(file, passphrase, kdf);
  const { lossy, onLossy } = passphrase;
  try {
    return await decryptWith(file, exactOf(passphrase), kdf);
  } catch (error) {
    if (!(error instanceof WalletError)) throw error;
    const bytes = await decryptWith(file, lossy, kdf).catch(() => {
      throw error;
    });
    onLossy();
    return bytes;
  }
}

async function decryptWith(file: EncryptedFile, passphrase: string, kdf: Kdf): Promise<Uint8Array> {
  const key = await stretch(passphrase, file, kdf);
  try {
    const cipher = xchacha20poly1305(key, file.nonce, associatedData(headerOf(file, file)));
    return cipher.decrypt(file.ciphertext);
  } catch {
    throw new WalletError(
      'WRONG_PASSPHRASE',
      file.name,
      'type it again; if it is right, restore the file or import the words',
    );
  } finally {
    key.fill(0);
  }
}

/** Reads the JSON; `WalletError('BAD_KEY_FILE')` names the field that is wrong. */
export function parseKeyFile(bytes: Uint8Array): KeyFile {
  if (bytes.length > KEY_FILE_BYTES_MAX) throw bad(`larger than ${KEY_FILE_BYTES_MAX} bytes`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw bad('not JSON');
  }
  if (!isObject(json) || json.pier !== 'key') throw bad('not a key of Pier');
  if (json.version !== VERSION) throw bad('its version is not 1', 'update Pier');
  const common = ['pier', 'version', 'name', 'address', 'publicKey', 'secret', 'cipher'];
  if (json.cipher === 'none') {
    expectFields(json, [...common, 'warning', 'plaintext'], '');
    if (json.warning !== PLAIN_WARNING) throw bad(`warning must say "${PLAIN_WARNING}"`);
    return { ...infoOf(json), encrypted: false, plaintext: hexOf(json, 'plaintext') };
  }
  if (json.cipher !== CIPHER) throw bad(`cipher must be ${CIPHER}`);
  expectFields(json, [...common, 'nonce', 'kdf', 'ciphertext'], '');
  const kdf = json.kdf;
  if (!isObject(kdf) || kdf.name !== 'scrypt') throw bad('kdf must be scrypt');
  expectFields(kdf, ['name', 'n', 'r', 'p', 'salt'], 'kdf.');
  const cost = { n: kdf.n as number, r: kdf.r as number, p: kdf.p as number };
  const fault = costFault(cost);
  if (fault !== null) throw bad(fault);
  return {
    ...infoOf(json),
    encrypted: true,
    nonce: hexOf(json, 'nonce', NONCE_BYTES),
    cost,
    salt: hexOf(kdf, 'salt', SALT_BYTES),
    ciphertext: hexOf(json, 'ciphertext'),
  };
}

type Json = Record<string, unknown>;

function infoOf(json: Json): KeyInfo {
  if (typeof json.name !== 'string') throw bad('name must be a string');
  if (json.secret !== 'words' && json.secret !== 'seed') throw bad('secret must be words or seed');
  try {
    const address = parseAddress(json.address as string);
    return { name: json.name, address, publicKey: hexOf(json, 'publicKey', 32), kind: json.secret };
  } catch (error) {
    throw error instanceof WalletError ? error : bad('address is not an address');
  }
}

/** Field order is part of the format: it is the order of the associated data. */
function headerOf(info: KeyInfo, encryption: Encryption | null): Json {
  const header = {
    pier: 'key',
    version: VERSION,
    name: info.name,
    address: formatAddress(info.address),
    publicKey: toHex(info.publicKey),
    secret: info.kind,
  };
  if (encryption === null) return { ...header, cipher: 'none', warning: PLAIN_WARNING };
  const { nonce, cost, salt } = encryption;
  const kdf = { name: 'scrypt', n: cost.n, r: cost.r, p: cost.p, salt: toHex(salt) };
  return { ...header, cipher: CIPHER, nonce: toHex(nonce), kdf };
}

function associatedData(header: Json): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(header));
}

function documentOf(json: Json): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`);
}

/** NFKD, so that the same passphrase typed on another keyboard or system is the same bytes. */
async function stretch(passphrase: string, { salt, cost }: Encryption, kdf: Kdf): Promise<Uint8Array> {
  const bytes = new TextEncoder().encode(passphrase.normalize('NFKD'));
  try {
    return await kdf(bytes, salt, cost);
  } finally {
    bytes.fill(0);
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function expectFields(json: Json, names: readonly string[], where: string): void {
  for (const name of names) if (!Object.hasOwn(json, name)) throw bad(`${where}${name} is missing`);
  if (Object.keys(json).length !== names.length) throw bad(`it has fields besides ${names.join(', ')}`);
}

function hexOf(json: Json, name: string, length?: number): Uint8Array {
  try {
    return fromHex(json[name] as string, length);
  } catch {
    throw bad(`${name} must be ${length === undefined ? '' : `${2 * length} digits of `}lower-case hex`);
  }
}

function bad(
  detail: string,
  hint = 'restore the file from a copy, or import the key from its words',
): WalletError {
  return new WalletError('BAD_KEY_FILE', detail, hint);
}
