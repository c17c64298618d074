/**
 * Owns how the bytes of a secret become text: passphrases, recovery words, private keys, cookies. There is one way, and it
 * loses nothing: UTF-8, with or without a byte order mark. Anything else is refused, since a lossy decoding makes one
 * passphrase of many. No error names a character of the secret.
 */
import { WalletError } from './errors.ts';

const MARK = [0xef, 0xbb, 0xbf];

/** The text of a secret. `what` names its source, as a file. `WalletError('NOT_UTF8')` says what the bytes look like. */
export function decodeSecret(bytes: Uint8Array, what: string): string {
  const wide = wideEncodingOf(bytes);
  if (wide !== null) throw refusal(`${what} is ${wide}`, `iconv -f ${wide.split(' ')[0]} -t UTF-8`);
  if (bytes.includes(0)) throw refusal(`${what} has a byte 0 in it`, null);
  const marked = MARK.every((byte, i) => bytes[i] === byte);
  const body = marked ? bytes.subarray(MARK.length) : bytes;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw refusal(
      `${what} has bytes that are no UTF-8: Latin-1, or random ones, which can be given in hex`,
      'iconv -f ISO-8859-1 -t UTF-8',
    );
  }
}

/** The first line, without the CR, LF or CR LF that ends it. Spaces belong to it. */
export function firstLineOf(text: string): string {
  return text.split(/[\r\n]/, 1)[0] ?? '';
}

/**
 * The passphrase that earlier versions read from the same bytes: a byte order mark stayed in it, and every byte that is
 * no UTF-8 became U+FFFD. Only good for opening a key file that was made so.
 */
export function lossyFirstLineOf(bytes: Uint8Array): string {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  return text.split(/\r?\n/, 1)[0] ?? '';
}

/** A passphrase that earlier versions read differently: it opens what it should, or else what was made with that. */
export interface LossyPassphrase {
  /** Or why the bytes are refused. */
  readonly exact: string | WalletError;
  readonly lossy: string;
  /** Called when only the lossy reading has opened a file. */
  readonly onLossy: () => void;
}

export type Passphrase = string | LossyPassphrase;

/** The text that new files are sealed with. `WalletError('NOT_UTF8')` if there is none. */
export function exactOf(passphrase: Passphrase): string {
  const exact = typeof passphrase === 'string' ? passphrase : passphrase.exact;
  if (typeof exact === 'string') return exact;
  throw exact;
}

/** UTF-16 or UTF-32 by its mark, or UTF-16 by its zeros, or null. */
function wideEncodingOf(bytes: Uint8Array): string | null {
  const [a, b, c, d] = bytes;
  if (a === 0xff && b === 0xfe) return c === 0 && d === 0 && bytes.length >= 4 ? 'UTF-32' : 'UTF-16';
  if (a === 0 && b === 0 && c === 0xfe && d === 0xff) return 'UTF-32';
  if (a === 0xfe && b === 0xff) return 'UTF-16';
  if (bytes.length < 2 || bytes.length % 2 !== 0) return null;
  const zerosAt = (odd: number) => bytes.every((byte, i) => i % 2 !== odd || byte === 0);
  if (zerosAt(1)) return 'UTF-16LE without a byte order mark';
  return zerosAt(0) ? 'UTF-16BE without a byte order mark' : null;
}

function refusal(detail: string, convert: string | null): WalletError {
  const hint =
    convert === null
      ? 'give a passphrase of characters, saved as UTF-8 text'
      : `save it as UTF-8, for instance with: ${convert} FILE > NEW`;
  return new WalletError('NOT_UTF8', detail, hint);
}
