/**
 * Owns the signature checks of a world: each is really made, once, whichever node asks first. Grows with the signatures
 * of the world, a string each.
 */
import { concat, toHex } from '../chain/format/bytes.ts';
import { hash } from '../chain/format/hash.ts';
import type { SignatureCheck, Verifier } from '../chain/ledger/ports.ts';
import { SIMULATION_DOMAIN } from './digest.ts';

export class SharedVerifier implements Verifier {
  readonly #verifier: Verifier;
  readonly #verdicts = new Map<string, Promise<boolean>>();

  constructor(verifier: Verifier) {
    this.#verifier = verifier;
  }

  verify(checks: readonly SignatureCheck[]): Promise<boolean[]> {
    return Promise.all(checks.map((check) => this.#verdict(check)));
  }

  #verdict(check: SignatureCheck): Promise<boolean> {
    const { publicKey, message, signature } = check;
    const name = toHex(hash(SIMULATION_DOMAIN, concat(publicKey, signature, message)));
    let verdict = this.#verdicts.get(name);
    if (verdict === undefined) {
      verdict = this.#verifier.verify([check]).then(([good]) => good === true);
      this.#verdicts.set(name, verdict);
    }
    return verdict;
  }
}
