/**
 * Owns the signature checks of a world: each is really made, once, whichever node asks first, as long as it is on its
 * way. Bounded: two generations of `CHECKS_PER_GENERATION`, about a kilobyte each with the transaction it is of; what has
 * been forgotten and is asked again, by a node that catches up, is checked again.
 */
import { equalBytes } from '../chain/format/bytes.ts';
import type { SignatureCheck, Verifier } from '../chain/ledger/ports.ts';

/** An hour's at one a second. */
const CHECKS_PER_GENERATION = 4096;

interface Made {
  readonly check: SignatureCheck;
  /** Of this one; nobody writes to it. */
  readonly verdicts: Promise<boolean[]>;
}

export class SharedVerifier implements Verifier {
  readonly #verifier: Verifier;
  /** By a number of the signature. */
  #young = new Map<number, Made[]>();
  #old = new Map<number, Made[]>();

  constructor(verifier: Verifier) {
    this.#verifier = verifier;
  }

  verify(checks: readonly SignatureCheck[]): Promise<boolean[]> {
    if (checks.length === 1) return this.#verdictsOf(checks[0]!);
    return Promise.all(checks.map((check) => this.#verdictsOf(check))).then((each) => each.flat());
  }

  #verdictsOf(check: SignatureCheck): Promise<boolean[]> {
    const number = numberOf(check.signature);
    const known = madeIn(this.#young, number, check);
    if (known !== undefined) return known.verdicts;
    const made = madeIn(this.#old, number, check) ?? { check, verdicts: this.#verifier.verify([check]) };
    this.#remember(number, made);
    return made.verdicts;
  }

  #remember(number: number, made: Made): void {
    if (this.#young.size >= CHECKS_PER_GENERATION) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    const alike = this.#young.get(number);
    if (alike === undefined) this.#young.set(number, [made]);
    else alike.push(made);
  }
}

function madeIn(
  generation: ReadonlyMap<number, Made[]>,
  number: number,
  check: SignatureCheck,
): Made | undefined {
  return generation.get(number)?.find((made) => isSame(made.check, check));
}

/** Four bytes of it, as good as drawn by chance unless somebody sets out to have them alike. */
function numberOf(signature: Uint8Array): number {
  return (signature[0]! << 24) | (signature[1]! << 16) | (signature[2]! << 8) | signature[3]!;
}

/** A message that is parted otherwise counts as another: it is only checked once more. */
function isSame(a: SignatureCheck, b: SignatureCheck): boolean {
  return (
    equalBytes(a.signature, b.signature) &&
    equalBytes(a.publicKey, b.publicKey) &&
    a.message.length === b.message.length &&
    a.message.every((part, i) => equalBytes(part, b.message[i]!))
  );
}
