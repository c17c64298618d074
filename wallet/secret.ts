/** Owns what a key file keeps secret: the entropy behind recovery words, or a bare private key. */
import { fromHex, toHex } from '../chain/format/bytes.ts';
import { accountPath, deriveNode } from './derive.ts';
import { WalletError } from './errors.ts';
import { entropyFromWords, seedFromEntropy, wordsFromEntropy } from './words.ts';

export type SecretKind = 'words' | 'seed';

export interface Secret {
  readonly kind: SecretKind;
  /** Entropy of 16 or 32 bytes, or the 32-byte private key of RFC 8032. */
  readonly bytes: Uint8Array;
}

/** Recovery words if it has spaces, else 64 hex digits of a private key. `WalletError`: BAD_WORDS, BAD_SEED. */
export function parseSecret(text: string): Secret {
  const trimmed = text.trim();
  if (/\s/.test(trimmed)) return { kind: 'words', bytes: entropyFromWords(trimmed) };
  if (!/^[0-9a-f]{64}$/i.test(trimmed)) {
    throw new WalletError('BAD_SEED', '', 'give 12 or 24 recovery words, or a private key as 64 hex digits');
  }
  return { kind: 'seed', bytes: fromHex(trimmed.toLowerCase()) };
}

/** The text that `parseSecret` reads. */
export function formatSecret(secret: Secret): string {
  return secret.kind === 'words' ? wordsFromEntropy(secret.bytes) : toHex(secret.bytes);
}

/** The private key, 32 bytes: the bare one, or that of account 0 of the words. The caller erases it. */
export async function privateKeyOf(secret: Secret): Promise<Uint8Array> {
  if (secret.kind === 'seed') {
    if (secret.bytes.length !== 32) throw new WalletError('BAD_SEED', `${secret.bytes.length} bytes`);
    return secret.bytes.slice();
  }
  const seed = await seedFromEntropy(secret.bytes);
  try {
    const node = deriveNode(seed, accountPath(0));
    node.chainCode.fill(0);
    return node.privateKey;
  } finally {
    seed.fill(0);
  }
}
