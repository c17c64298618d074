/** Owns the keyring's scrypt in Node: OpenSSL's, off the main thread. */
import { scrypt } from 'node:crypto';
import type { Kdf } from '../wallet/kdf.ts';

/** Same bytes as `portableKdf`, several times faster. */
export const nodeKdf: Kdf = (passphrase, salt, { n, r, p }) =>
  new Promise((resolve, reject) => {
    // What OpenSSL counts: the table, the lanes and a little more. Its default of 32 MiB is below our cost.
    const maxmem = 128 * r * (n + p + 2) + 1024;
    scrypt(passphrase, salt, 32, { N: n, r, p, maxmem }, (error, key) => {
      if (error === null) resolve(new Uint8Array(key));
      else reject(error);
    });
  });
