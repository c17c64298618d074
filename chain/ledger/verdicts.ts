/**
 * Owns the memory of which transactions' signatures have been found good, so that each is checked once: on its way into
 * the mempool or with its block, never twice. Only good verdicts are kept. An id covers the key, the message and the
 * signature, and the chain id is the same for all, so a verdict can't be carried over to anything else.
 *
 * Bounded: two generations of `VERDICTS_PER_GENERATION` ids, about 100 bytes each.
 */
import type { Transaction } from '../format/transaction.ts';
import { signatureChecks } from '../format/transaction.ts';
import type { SignatureCheck, Verifier } from './ports.ts';

/** Holds the mempool and a few full blocks. */
const VERDICTS_PER_GENERATION = 50_000;

export class Verdicts {
  readonly #verifier: Verifier;
  readonly #chainId: Uint8Array;
  #young = new Set<string>();
  #old = new Set<string>();

  constructor(verifier: Verifier, chainId: Uint8Array) {
    this.#verifier = verifier;
    this.#chainId = chainId;
  }

  /** For each transaction, whether all its signatures are good. */
  async check(transactions: readonly Transaction[]): Promise<boolean[]> {
    const checks: SignatureCheck[] = [];
    const ranges = transactions.map((tx) => {
      const start = checks.length;
      if (!this.#young.has(tx.key) && !this.#old.has(tx.key))
        checks.push(...signatureChecks(tx, this.#chainId));
      return [start, checks.length] as const;
    });
    const verdicts = checks.length === 0 ? [] : await this.#verifier.verify(checks);
    return transactions.map((tx, i) => {
      const [start, end] = ranges[i]!;
      for (let k = start; k < end; k++) if (verdicts[k] !== true) return false;
      this.#remember(tx.key);
      return true;
    });
  }

  #remember(key: string): void {
    if (this.#young.size >= VERDICTS_PER_GENERATION) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    this.#young.add(key);
  }
}
