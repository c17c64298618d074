/** Owns what follows from a private key: its public key, the account it opens, and the signer that holds it. */
import { ed25519 } from '@noble/curves/ed25519.js';
import { addressOf, authKeyOf } from '../chain/format/address.ts';
import { SCHEME_ED25519 } from '../chain/format/transaction.ts';

/** All public. The address is that of the account this key opens; after a rotation a key signs for an older one. */
export interface Identity {
  readonly publicKey: Uint8Array;
  readonly authKey: Uint8Array;
  readonly address: Uint8Array;
}

/** Signs for one account. Whoever opened it calls `erase` when done; it signs nothing afterwards. */
export interface Signer {
  /** 32 bytes, Ed25519. */
  readonly publicKey: Uint8Array;
  /** 20 bytes: the account it signs for. */
  readonly address: Uint8Array;
  /** 64 bytes: RFC 8032 over the message, which holds its own domain. */
  sign(message: Uint8Array): Uint8Array;
  erase(): void;
}

/** The identity of a 32-byte private key (the seed of RFC 8032). */
export function identityOf(privateKey: Uint8Array): Identity {
  const publicKey = ed25519.getPublicKey(privateKey);
  const authKey = authKeyOf(SCHEME_ED25519, publicKey);
  return { publicKey, authKey, address: addressOf(authKey) };
}

/** A signer with its own copy of the private key. `address` is that of the key, unless the account is older. */
export function createSigner(privateKey: Uint8Array, address?: Uint8Array): Signer {
  const identity = identityOf(privateKey);
  let secret: Uint8Array | null = privateKey.slice();
  return {
    publicKey: identity.publicKey,
    address: address ?? identity.address,
    sign(message) {
      if (secret === null) throw new Error('invariant broken: the signer was erased');
      return ed25519.sign(message, secret);
    },
    erase() {
      secret?.fill(0);
      secret = null;
    },
  };
}
