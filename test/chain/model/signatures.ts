/**
 * Owns Ed25519 by `node:crypto`, with a memory: each signature is really checked, once. It is the model's, and serves
 * the engine under test as its port, so that ten thousand transactions take a second.
 */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import type { SignatureCheck, Verifier } from '../../../chain/ledger/ports.ts';

const keys = new Map<string, KeyObject>();
const verdicts = new Map<string, boolean>();

export function isSigned({ publicKey, message, signature }: SignatureCheck): boolean {
  const joined = Buffer.concat(message);
  const name = createHash('sha256').update(publicKey).update(signature).update(joined).digest('base64');
  let verdict = verdicts.get(name);
  if (verdict === undefined) {
    const x = Buffer.from(publicKey).toString('base64url');
    let key = keys.get(x);
    if (key === undefined) {
      key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
      keys.set(x, key);
    }
    verdict = verify(null, joined, key, signature);
    verdicts.set(name, verdict);
  }
  return verdict;
}

export const rememberingVerifier: Verifier = {
  verify: async (checks) => checks.map(isSigned),
};

/** An Ed25519 key made from a name. */
export interface TestKey {
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

/** PKCS #8 of an Ed25519 key, up to its 32-byte seed (RFC 8410). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

export function testKey(name: string): TestKey {
  const seed = createHash('sha256').update(`test key ${name}`).digest();
  const secret = createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' });
  const { x } = createPublicKey(secret).export({ format: 'jwk' });
  return {
    publicKey: Uint8Array.from(Buffer.from(x!, 'base64url')),
    sign: (message) => Uint8Array.from(sign(null, message, secret)),
  };
}
