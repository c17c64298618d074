/**
 * Owns the memory of which transactions' signatures have been found good, so that each is checked once: on its way into
 * the mempool or with its block, never twice. Only good verdicts are kept. An id covers the key, the message and the
 * signature, and the chain id is the same for all, so a verdict can't be carried over to anything else.
 *
 * Bounded: two generations of `VERDICTS_PER_GENERATION` ids, about 100 bytes each.
 */
import type { Transaction } from '../format/transaction.ts';
import { signatureChecks, signatureCount } from '../format/transaction.ts';
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
    const good = transactions.map(({ key }) => this.#isGood(key));
    const checks: SignatureCheck[] = [];
    for (let i = 0; i < good.length; i++)
      if (!good[i]) for (const check of signatureChecks(transactions[i]!, this.#chainId)) checks.push(check);
    if (checks.length === 0) return good;
    const verdicts = await this.#verifier.verify(checks);
    let next = 0;
    for (let i = 0; i < good.length; i++) {
      if (good[i]) continue;
      const tx = transactions[i]!;
      const end = next + signatureCount(tx);
      let all = true;
      for (; next < end; next++) all &&= verdicts[next] === true;
      good[i] = all;
      if (all) this.#remember(tx.key);
    }
    return good;
  }

  /** True if it was found good before, which is remembered anew then. */
  #isGood(key: string): boolean {
    if (this.#young.has(key)) return true;
    if (!this.#old.has(key)) return false;
    this.#remember(key);
    return true;
  }

  #remember(key: string): void {
    if (this.#young.size >= VERDICTS_PER_GENERATION) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    this.#young.add(key);
  }
}
