/** Owns the faults of keys, words, key files and of talking to nodes: each with a stable code and what to do about it. */

/** Every code with its meaning. */
export const WALLET_ERRORS = {
  BAD_WORDS: 'the recovery words are not valid',
  BAD_SEED: 'the seed is not 64 hex digits',
  BAD_KEY_NAME: 'not a usable name for a key',
  KEY_EXISTS: 'a key of that name exists',
  NO_KEY: 'no key of that name',
  NOT_UTF8: 'a secret is UTF-8 text',
  NO_WORDS: 'the key was imported from a seed and has no words',
  BAD_KEY_FILE: 'the key file is not usable',
  INSECURE_KEY_FILE: 'others on this machine can reach the key file',
  NOT_ENCRYPTED: 'the key file is not encrypted',
  PASSPHRASE_NEEDED: 'the key needs a passphrase',
  WRONG_PASSPHRASE: 'the passphrase is wrong, or the key file was altered',
  BAD_NODE: 'not the URL of a node',
  BAD_OUTBOX: 'the record of what was signed is not usable',
  NO_NODE: 'no node answered',
  NOT_VERIFIED: 'no node gave an answer that can be checked',
  BAD_ANSWER: 'the node answered with something else than was asked',
} as const;

export type WalletErrorCode = keyof typeof WALLET_ERRORS;

/** Something the user can mend. `code` is stable, `hint` says what to do; neither ever holds a secret. */
export class WalletError extends Error {
  override readonly name: string = 'WalletError';
  readonly code: WalletErrorCode;
  readonly hint: string;
  constructor(code: WalletErrorCode, detail = '', hint = '') {
    super(detail === '' ? WALLET_ERRORS[code] : `${WALLET_ERRORS[code]}: ${detail}`);
    this.code = code;
    this.hint = hint;
  }
}
