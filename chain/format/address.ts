/**
 * Owns what an account is called: key → authKey → address → text.
 *
 * Text is bech32m (BIP-350) of the 20 bytes with the prefix `pier`, and no version: 43 characters in all. Its length
 * is checked too, so the rest of the BIP-173 weakness (characters inserted before a final `p`) can't matter.
 */
import { bech32, bech32m } from '@scure/base';
import { RuleError } from '../errors.ts';
import { DOMAIN, hash } from './hash.ts';
import { remember } from './remembered.ts';
import { SCHEME_ED25519 } from './transaction.ts';

/** Prefix of every address. */
export const ADDRESS_PREFIX = 'pier';
/** Bytes of an address. */
export const ADDRESS_LENGTH = 20;
/** Characters of an address: prefix, separator, 32 of data, 6 of checksum. */
export const ADDRESS_TEXT_LENGTH = ADDRESS_PREFIX.length + 1 + 32 + 6;

const ed25519KeyHash = remember((publicKey) => keyHash(SCHEME_ED25519, publicKey));

/** What an account stores of the key that may sign for it: 32 bytes. `scheme` is one byte, 1 for Ed25519. */
export function authKeyOf(scheme: number, publicKey: Uint8Array): Uint8Array {
  return scheme === SCHEME_ED25519 ? ed25519KeyHash(publicKey) : keyHash(scheme, publicKey);
}

function keyHash(scheme: number, publicKey: Uint8Array): Uint8Array {
  return hash(DOMAIN.authKey, Uint8Array.of(scheme), publicKey);
}

/** The address of the account whose first authKey this is: its first 20 bytes. */
export function addressOf(authKey: Uint8Array): Uint8Array {
  return authKey.slice(0, ADDRESS_LENGTH);
}

/** `pier1…` of a 20-byte address, in lower case. */
export const formatAddress: (address: Uint8Array) => string = remember((address) =>
  bech32m.encode(ADDRESS_PREFIX, bech32m.toWords(address)),
);

/** The 20 bytes of an address, all lower or all upper case; `RuleError('BAD_ADDRESS')` says what is wrong with it. */
export function parseAddress(text: string): Uint8Array {
  if (typeof text !== 'string') refuse('expected a string');
  const lower = text.toLowerCase();
  if (text !== lower && text !== text.toUpperCase()) refuse('it mixes upper and lower case');
  if (!lower.startsWith(`${ADDRESS_PREFIX}1`)) {
    const separator = lower.lastIndexOf('1');
    const prefix =
      separator > 0 && lower.length <= 90 && /^[!-~]+$/.test(lower) ? lower.slice(0, separator) : '';
    refuse(
      `it must begin with ${ADDRESS_PREFIX}1${prefix === '' ? '' : `, not with ${prefix.slice(0, 20)}1`}`,
    );
  }
  const stray = /[^023456789acdefghjklmnpqrstuvwxyz]/.exec(lower.slice(ADDRESS_PREFIX.length + 1));
  if (stray !== null) {
    // No b, i, o or 1 in the alphabet: mistyped look-alikes land here.
    const shown = /[!-~]/.test(stray[0]) ? `"${stray[0]}"` : 'a character';
    refuse(`${shown} at position ${ADDRESS_PREFIX.length + 2 + stray.index} can't be in an address`);
  }
  if (lower.length !== ADDRESS_TEXT_LENGTH) {
    refuse(`it has ${lower.length} characters, an address has ${ADDRESS_TEXT_LENGTH}: was it copied whole?`);
  }
  const decoded = bech32m.decodeUnsafe(lower);
  if (decoded === undefined) {
    if (bech32.decodeUnsafe(lower) !== undefined) refuse('its checksum is bech32, addresses use bech32m');
    refuse('its checksum is wrong: at least one character differs from what was meant');
  }
  // 32 characters are 160 bits exactly: there is no padding that could differ.
  return bech32m.fromWords(decoded.words);
}

function refuse(detail: string): never {
  throw new RuleError('BAD_ADDRESS', detail);
}
