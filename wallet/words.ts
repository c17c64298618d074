/**
 * Owns recovery words: BIP-39, English, 12 or 24 of them (other lengths exist, we neither make nor take them).
 * No error names a word that was typed: it may be nearly all of a secret.
 */
import { entropyToMnemonic, mnemonicToEntropy, mnemonicToSeed, mnemonicToSeedWebcrypto } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { WalletError } from './errors.ts';

/** Bytes of entropy by number of words. */
export const ENTROPY_BYTES = { 12: 16, 24: 32 } as const;
export type WordCount = keyof typeof ENTROPY_BYTES;

/** The words, one space between each, of 16 or 32 bytes of entropy. */
export function wordsFromEntropy(entropy: Uint8Array): string {
  if (entropy.length !== 16 && entropy.length !== 32) {
    throw new WalletError('BAD_WORDS', `${entropy.length} bytes of entropy, expected 16 or 32`);
  }
  return entropyToMnemonic(entropy, wordlist);
}

/** The entropy behind the words, however they are spaced or capitalised; `WalletError('BAD_WORDS')` says what is wrong. */
export function entropyFromWords(text: string): Uint8Array {
  const words = text.normalize('NFKD').trim().toLowerCase().split(/\s+/);
  const count = words[0] === '' ? 0 : words.length;
  if (count !== 12 && count !== 24) throw new WalletError('BAD_WORDS', `${count} words, expected 12 or 24`);
  const stranger = words.findIndex((word) => !wordlist.includes(word));
  if (stranger >= 0) {
    throw new WalletError(
      'BAD_WORDS',
      `word ${stranger + 1} is not in the list`,
      'check its spelling (BIP-39, English)',
    );
  }
  try {
    return mnemonicToEntropy(words.join(' '), wordlist);
  } catch {
    // The library's own message may quote its input.
    throw new WalletError(
      'BAD_WORDS',
      'the checksum does not match',
      'a word is wrong or two are swapped: compare with your copy',
    );
  }
}

/** True for a word of the list. */
export const isWord = (text: string): boolean => wordlist.includes(text.normalize('NFKD').toLowerCase());

/** True if these are 12 or 24 words whose checksum matches. */
export function isComplete(text: string): boolean {
  try {
    entropyFromWords(text).fill(0);
    return true;
  } catch {
    return false;
  }
}

/** The 64-byte seed of BIP-39. Pier's keyring uses no passphrase here: its files have their own. */
export function seedFromEntropy(entropy: Uint8Array, passphrase = ''): Promise<Uint8Array> {
  const words = wordsFromEntropy(entropy);
  // The platform's PBKDF2 takes a hundredth of the time. A page that didn't come over TLS has none.
  return mnemonicToSeedWebcrypto(words, passphrase).catch(() => mnemonicToSeed(words, passphrase));
}
