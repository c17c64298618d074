/**
 * Owns how secrets are asked for: a file, standard input, or a prompt that shows nothing. Never the command line, which
 * every process of the machine can read.
 */
import { readFileSync, statSync } from 'node:fs';
import { WalletError } from '../wallet/errors.ts';
import { decodeSecret, firstLineOf, lossyFirstLineOf, type Passphrase } from '../wallet/secret-text.ts';
import { isComplete, isWord } from '../wallet/words.ts';
import { CliError } from './faults.ts';
import { ask, peekLine } from './prompt.ts';
import { err } from './streams.ts';

export interface SecretOptions {
  readonly passphraseFile?: string;
  readonly passphraseStdin?: boolean;
}

const SECRET_BYTES_MAX = 64 * 1024;
/** Lines that are pasted come together; people take longer. */
const PASTE_MS = 200;

/** A passphrase for a new key, from wherever the options say; asked twice at a terminal. It is never empty. */
export async function newPassphrase(options: SecretOptions, what: string): Promise<string> {
  const given = await readGiven(options);
  const passphrase =
    given === null ? await askTwice(what) : firstLineOf(decodeSecret(given.bytes, given.source));
  // A testnet's keyring would keep the key unencrypted, though a passphrase was wanted.
  if (passphrase === '') throw new WalletError('PASSPHRASE_NEEDED', what, 'choose one that is not empty');
  return passphrase;
}

async function askTwice(what: string): Promise<string> {
  needTerminal(what);
  const passphrase = await ask(`passphrase of ${what}: `, { hidden: true });
  if ((await ask('the same again: ', { hidden: true })) !== passphrase) {
    throw new CliError('PASSPHRASES_DIFFER', 'the two passphrases differ', 'try again');
  }
  return passphrase;
}

/** The passphrase of a key that exists. Earlier versions read bytes that are no plain UTF-8 in another way, which is kept. */
export async function readPassphrase(options: SecretOptions, what: string): Promise<Passphrase> {
  const given = await readGiven(options);
  if (given === null) {
    needTerminal(what);
    return ask(`passphrase of ${what}: `, { hidden: true });
  }
  const exact = refusedOr(() => firstLineOf(decodeSecret(given.bytes, given.source)));
  const lossy = lossyFirstLineOf(given.bytes);
  if (exact === lossy) return exact;
  const onLossy = () =>
    err.text(
      `${what} opened with a reading of ${given.source} that earlier versions had and that loses part of it: others may open it too.\n` +
        `Encrypt it anew: pier key export ${what}, then pier key import NEWNAME with a passphrase in plain UTF-8.\n`,
    );
  return { exact, lossy, onLossy };
}

/** Recovery words or a private key: from the file, or a prompt, or what remains of standard input. */
export async function readSecret(file: string | undefined, what: string): Promise<string> {
  if (file !== undefined) return decodeSecret(readSmallFile(file), file);
  if (process.stdin.isTTY === true) return askWords(what);
  return decodeSecret(await readStdin(), 'standard input');
}

/** Words may be on one line or on several, as people keep them. An empty line, or one that is wrong, ends them. */
async function askWords(what: string): Promise<string> {
  const words: string[] = [];
  for (let lines = 1; ; lines++) {
    const question = words.length === 0 ? what : `word ${words.length + 1} and on (Enter ends)`;
    const line = (await ask(`${question}: `, { hidden: true })).trim();
    if (line !== '') words.push(...line.split(/\s+/));
    if (words.length >= 24 || !isWords(line)) break;
    // Twelve are all, unless the other half of 24 is being pasted, or these don't belong together.
    const complete = words.length === 12 && (lines === 1 || isComplete(words.join(' ')));
    if (complete && !isWords(await peekLine(PASTE_MS))) break;
  }
  return words.join(' ');
}

const isWords = (line: string | null): boolean => line?.trim().split(/\s+/).every(isWord) === true;

interface Given {
  readonly bytes: Uint8Array;
  /** Its place, for a message. */
  readonly source: string;
}

async function readGiven({ passphraseFile, passphraseStdin }: SecretOptions): Promise<Given | null> {
  if (passphraseFile !== undefined) return { bytes: readSmallFile(passphraseFile), source: passphraseFile };
  return passphraseStdin === true ? { bytes: await readStdin(), source: 'standard input' } : null;
}

function needTerminal(what: string): void {
  if (process.stdin.isTTY === true) return;
  const hint = 'use --passphrase-file FILE, or --passphrase-stdin';
  throw new CliError(
    'PASSPHRASE_NEEDED',
    `${what} needs a passphrase and there is no terminal to ask at`,
    hint,
  );
}

function refusedOr(read: () => string): string | WalletError {
  try {
    return read();
  } catch (error) {
    if (error instanceof WalletError) return error;
    throw error;
  }
}

function readSmallFile(path: string): Uint8Array {
  const stats = statSync(path);
  if (stats.isDirectory()) throw new CliError('USAGE', `${path} is a folder`, 'name the file in it');
  if (stats.size > SECRET_BYTES_MAX) throw tooLarge(path);
  const bytes = readFileSync(path);
  if (bytes.length > SECRET_BYTES_MAX) throw tooLarge(path);
  return bytes;
}

async function readStdin(): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin) {
    length += chunk.length;
    if (length > SECRET_BYTES_MAX) throw tooLarge('standard input');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const tooLarge = (what: string): CliError =>
  new CliError('TOO_LARGE', `${what} is too large to be a secret`, 'name the file that holds it');
