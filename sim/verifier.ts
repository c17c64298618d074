/**
 * Owns the signature checks of a world: each is really made, once, whichever node asks first. Grows with the signatures
 * of the world, which are seldom the same for two messages.
 */
import { equalBytes, toText } from '../chain/format/bytes.ts';
import type { SignatureCheck, Verifier } from '../chain/ledger/ports.ts';

interface Made {
  readonly check: SignatureCheck;
  /** Of this one; nobody writes to it. */
  readonly verdicts: Promise<boolean[]>;
}

export class SharedVerifier implements Verifier {
  readonly #verifier: Verifier;
  /** By the last bytes of the signature. */
  readonly #made = new Map<string, Made[]>();

  constructor(verifier: Verifier) {
    this.#verifier = verifier;
  }

  verify(checks: readonly SignatureCheck[]): Promise<boolean[]> {
    if (checks.length === 1) return this.#verdictsOf(checks[0]!);
    return Promise.all(checks.map((check) => this.#verdictsOf(check))).then((each) => each.flat());
  }

  #verdictsOf(check: SignatureCheck): Promise<boolean[]> {
    const name = toText(check.signature.subarray(-16));
    const alike = this.#made.get(name);
    const known = alike?.find((made) => isSame(made.check, check));
    if (known !== undefined) return known.verdicts;
    const verdicts = this.#verifier.verify([check]);
    if (alike === undefined) this.#made.set(name, [{ check, verdicts }]);
    else alike.push({ check, verdicts });
    return verdicts;
  }
}

function isSame(a: SignatureCheck, b: SignatureCheck): boolean {
  return (
    equalBytes(a.signature, b.signature) &&
    equalBytes(a.publicKey, b.publicKey) &&
    equalBytes(a.message, b.message)
  );
}
