/** Owns the node's Ed25519 identity: a seed in `<data>/identity` that only its owner can read. It holds no money. */
import { createPrivateKey, createPublicKey, randomBytes, sign } from 'node:crypto';
import { statSync } from 'node:fs';
import { fromHex, toHex } from '../chain/format/bytes.ts';
import type { Identity } from '../p2p/door.ts';
import { ConfigError } from './config.ts';
import { readFileIfThere, writeFileAtomically } from './files.ts';
import { verifyStrictNode } from './verifier.ts';

const SEED_BYTES = 32;
/** RFC 8410, section 7: what stands before the 32 bytes of an Ed25519 seed in PKCS #8. */
const PKCS8_PREFIX = fromHex('302e020100300506032b657004220420');

/** Reads the identity, or makes it. Throws `ConfigError` if the file is damaged or others can read it. */
export function loadIdentity(path: string): Identity {
  const file = readFileIfThere(path);
  if (file === null) {
    const seed = new Uint8Array(randomBytes(SEED_BYTES));
    writeFileAtomically(path, `${toHex(seed)}\n`);
    return identityOf(seed);
  }
  if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) {
    throw new ConfigError(`others can read ${path}`, `Keep them out: chmod 600 ${path}`);
  }
  try {
    return identityOf(fromHex(new TextDecoder().decode(file).trim(), SEED_BYTES));
  } catch {
    throw new ConfigError(`${path} is damaged`, 'Delete it: the node makes a new identity.');
  }
}

function identityOf(seed: Uint8Array): Identity {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
  const { x } = createPublicKey(key).export({ format: 'jwk' });
  return {
    publicKey: new Uint8Array(Buffer.from(x!, 'base64url')),
    sign: (message) => new Uint8Array(sign(null, message, key)),
    verify: verifyStrictNode,
  };
}
