/**
 * Owns the signature checks of a world: each is really made, once, whichever node asks first. Grows with the signatures
 * of the world, which are seldom the same for two messages.
 */
import { equalBytes, toText } from '../chain/format/bytes.ts';
import type { SignatureCheck, Verifier } from '../chain/ledger/ports.ts';

interface Made {
  readonly check: SignatureCheck;
  readonly verdict: Promise<boolean>;
}

export class SharedVerifier implements Verifier {
  readonly #verifier: Verifier;
  /** By the last bytes of the signature. */
  readonly #made = new Map<string, Made[]>();

  constructor(verifier: Verifier) {
    this.#verifier = verifier;
  }

  verify(checks: readonly SignatureCheck[]): Promise<boolean[]> {
    return Promise.all(checks.map((check) => this.#verdict(check)));
  }

  #verdict(check: SignatureCheck): Promise<boolean> {
    const name = toText(check.signature.subarray(-40));
    const made = this.#made.get(name) ?? [];
    const known = made.find((other) => isSame(other.check, check));
    if (known !== undefined) return known.verdict;
    const verdict = this.#verifier.verify([check]).then(([good]) => good === true);
    this.#made.set(name, [...made, { check, verdict }]);
    return verdict;
  }
}

function isSame(a: SignatureCheck, b: SignatureCheck): boolean {
  return (
    equalBytes(a.signature, b.signature) &&
    equalBytes(a.publicKey, b.publicKey) &&
    equalBytes(a.message, b.message)
  );
}
