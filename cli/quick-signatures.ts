/** Owns the signatures of simulated worlds, made and checked by OpenSSL: the same bytes and verdicts, sooner. */
import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { concat } from '../chain/format/bytes.ts';
import type { Verifier } from '../chain/ledger/ports.ts';
import { verifyStrictNode } from '../node/verifier.ts';

export const quickVerifier: Verifier = {
  verify: async (checks) =>
    checks.map((c) => verifyStrictNode(c.publicKey, concat(...c.message), c.signature)),
};

/** PKCS #8 of an Ed25519 key, up to its 32 bytes (RFC 8410). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
/** As OpenSSL takes them, for as long as their world lasts: nobody writes to a key's bytes. */
const keys = new WeakMap<Uint8Array, KeyObject>();

export function signQuickly(privateKey: Uint8Array, message: Uint8Array): Uint8Array {
  let key = keys.get(privateKey);
  if (key === undefined) {
    key = createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, privateKey]), format: 'der', type: 'pkcs8' });
    keys.set(privateKey, key);
  }
  return new Uint8Array(sign(null, message, key));
}
