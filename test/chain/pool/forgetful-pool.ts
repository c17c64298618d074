/**
 * Owns a mempool that is led like another, by an admission that is made anew each time: what one remembers of a tip from
 * batch to batch must make no difference.
 */
import { expect } from 'vitest';
import type { Transaction } from '../../../chain/format/transaction.ts';
import type { Ledger } from '../../../chain/ledger/ledger.ts';
import type { TipChange } from '../../../chain/ledger/tip-change.ts';
import { Admission, type AdmissionResult } from '../../../chain/pool/admission.ts';
import { followTip, type PoolChange } from '../../../chain/pool/follow.ts';
import { type Dropped, Mempool } from '../../../chain/pool/mempool.ts';

export class ForgetfulPool {
  readonly #ledger: Ledger;
  readonly #pool: Mempool;

  constructor(ledger: Ledger, memoryMax: number) {
    this.#ledger = ledger;
    this.#pool = new Mempool(ledger.params, { memoryMax });
  }

  /** Admits the same, and expects the same of it. */
  async admit(transactions: readonly Transaction[], found: AdmissionResult, pool: Mempool): Promise<void> {
    const expected = await new Admission(this.#ledger, this.#pool).admit(transactions);
    expect(found.errors.map(String)).toEqual(expected.errors.map(String));
    expect(namesOf(found.dropped)).toEqual(namesOf(expected.dropped));
    this.#compare(pool);
  }

  async follow(change: TipChange, found: PoolChange, pool: Mempool): Promise<void> {
    const expected = await followTip(new Admission(this.#ledger, this.#pool), change);
    expect(keysOf(found.returned)).toEqual(keysOf(expected.returned));
    expect(keysOf(found.early)).toEqual(keysOf(expected.early));
    expect(namesOf(found.dropped)).toEqual(namesOf(expected.dropped));
    this.#compare(pool);
  }

  #compare(pool: Mempool): void {
    expect(standing(pool)).toEqual(standing(this.#pool));
    expect(pool.floorRate).toBe(this.#pool.floorRate);
  }
}

const keysOf = (transactions: readonly Transaction[]): string[] => transactions.map(({ key }) => key);
const namesOf = (dropped: readonly Dropped[]): string[] =>
  dropped.map(({ transaction, error }) => `${transaction.key} ${error}`);

/** Each sender's queue with what it costs. */
function standing(pool: Mempool): [key: string, cost: number][][] {
  return pool
    .senders()
    .map((sender) => pool.queueOf(sender).map(({ transaction, cost }) => [transaction.key, cost]));
}
