/**
 * Owns the memory of which transactions' signatures have been found good, so that each is checked once: on its way into
 * the mempool or with its block, never twice. Only good verdicts are kept. An id covers the key, the message and the
 * signature, and the chain id is the same for all, so a verdict can't be carried over to anything else.
 *
 * Bounded: the last `REMEMBERED_MAX` ids. What the mempool holds needs no place here, the mempool vouches for it.
 */
import { IdTable } from '../format/id-table.ts';
import type { Transaction } from '../format/transaction.ts';
import { signatureChecks, signatureCount } from '../format/transaction.ts';
import type { SignatureCheck, Verifier } from './ports.ts';

/** Two full blocks of the default network: they leave the mempool before a reorganisation brings them back. */
const REMEMBERED_MAX = 16_384;

export class Verdicts {
  readonly #verifier: Verifier;
  readonly #chainId: Uint8Array;
  readonly #good = new IdTable(REMEMBERED_MAX);
  /** Ids remembered so far: each takes the place of the oldest. */
  #count = 0;
  #vouches: (key: string) => boolean = () => false;

  constructor(verifier: Verifier, chainId: Uint8Array) {
    this.#verifier = verifier;
    this.#chainId = chainId;
  }

  /** Has someone say which transactions, by key, it holds that were found good here: they needn't be remembered. */
  trust(vouches: (key: string) => boolean): void {
    this.#vouches = vouches;
  }

  /** For each transaction, whether all its signatures are good. */
  async check(transactions: readonly Transaction[]): Promise<boolean[]> {
    const good = transactions.map((tx) => this.#isGood(tx));
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
      if (all) this.#remember(tx.id);
    }
    return good;
  }

  #isGood({ id, key }: Transaction): boolean {
    return this.#vouches(key) || this.#good.find(id) >= 0;
  }

  #remember(id: Uint8Array): void {
    // Two checks of one transaction may end one after the other.
    if (this.#good.find(id) >= 0) return;
    const place = this.#count % REMEMBERED_MAX;
    if (this.#count >= REMEMBERED_MAX) this.#good.remove(place);
    this.#good.put(place, id);
    this.#count++;
  }
}
