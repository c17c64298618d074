/**
 * Owns the way into the mempool: signatures, then a trial on the tip's state behind what the sender has waiting. The key
 * is checked before a transaction gets a place or replaces another, so nobody can hold up someone else's account.
 *
 * One for a pool: the trial is kept from batch to batch while the tip stays and it holds at most `HELD_MAX`, and must see
 * all that enters the pool.
 */
import { RuleError } from '../errors.ts';
import type { Transaction } from '../format/transaction.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { areMined } from '../ledger/mined.ts';
import { weightOf } from '../state/execute.ts';
import type { Dropped, Mempool } from './mempool.ts';
import { HELD_MAX, Trial } from './trial.ts';

export interface AdmissionResult {
  /** The fault of each transaction, in order; `null` for those that are in the pool now. */
  readonly errors: readonly (RuleError | null)[];
  /** What was in the pool before and left it to make room, or was replaced. */
  readonly dropped: readonly Dropped[];
}

/** Entries that transactions touch between two pauses: some 5 ms of work. */
const SLICE = 2_000;
/** Transactions between two pauses. */
const TRANSACTIONS_A_SLICE = 250;

export class Admission {
  readonly ledger: Ledger;
  readonly pool: Mempool;
  #trial: Trial | null = null;

  constructor(ledger: Ledger, pool: Mempool) {
    this.ledger = ledger;
    this.pool = pool;
    ledger.verdicts.trust((key) => pool.has(key));
  }

  /** Entries of the tip that are kept, and those of them looked at, between two batches. */
  get held(): number {
    return this.#trial?.held ?? 0;
  }

  /**
   * Tries to take transactions into the pool, in order. Of one batch a later transaction may rest on an earlier one of
   * its sender. `returning` are those that were in the pool or the chain before: the raised fee floor isn't for them.
   * Never rejects for what a transaction is. Until it resolves nobody else may change the pool or the chain.
   */
  async admit(
    transactions: readonly Transaction[],
    { returning = false }: { readonly returning?: boolean } = {},
  ): Promise<AdmissionResult> {
    const { ledger, pool } = this;
    const height = ledger.tip.height + 1;
    const errors = transactions.map((tx) => faultOf(() => pool.precheck(tx, height, returning)));
    const open = transactions.flatMap((_, i) => (errors[i] === null ? i : []));
    const verdicts = await ledger.verdicts.check(open.map((i) => transactions[i]!));
    const signed = open.filter((i, k) => {
      if (!verdicts[k]) errors[i] = new RuleError('BAD_SIGNATURE');
      return verdicts[k]!;
    });
    const gone: Dropped[] = [];
    const refused: number[] = [];
    let changed = false;
    for (const slice of slicesOf(signed, transactions)) {
      if (slice[0] !== signed[0]) await ledger.pause();
      const trial = this.#takeTrial();
      const missing = trial.missing(slice.map((i) => transactions[i]!));
      if (missing.length > 0) await trial.load(missing);
      for (const i of slice) {
        const tx = transactions[i]!;
        errors[i] = faultOf(() => {
          if (changed) pool.precheck(tx, height, returning);
          const costs = trial.execute(tx);
          changed = true;
          for (const one of pool.add(tx, costs)) gone.push(one);
        });
        if (errors[i] !== null) refused.push(i);
        if (trial.executed < TRANSACTIONS_A_SLICE) continue;
        trial.executed = 0;
        await ledger.pause();
      }
      if (trial.held <= HELD_MAX) this.#trial = trial;
    }
    if (refused.length > 0) await this.#findMined(transactions, refused, errors);
    return { errors, dropped: gone.length === 0 ? gone : lasting(pool, transactions, errors, gone) };
  }

  /** Lets go of what was tried on the former tip: the next batch may be long in coming. */
  tipChanged(): void {
    this.#trial = null;
  }

  /** The trial on the present tip, with what it has read and tried before, as far as that is kept. Kept again when all went well. */
  #takeTrial(): Trial {
    const kept = this.#trial;
    this.#trial = null;
    return kept?.tip === this.ledger.tip ? kept : new Trial(this.ledger, this.pool);
  }

  /** Tells those that are mined from the others refused. A trial never takes one: its nonce is used. */
  async #findMined(
    transactions: readonly Transaction[],
    refused: readonly number[],
    errors: (RuleError | null)[],
  ): Promise<void> {
    const mined = await areMined(
      this.ledger,
      refused.map((i) => transactions[i]!.id),
    );
    refused.forEach((i, k) => {
      if (mined[k]) errors[i] = new RuleError('ALREADY_MINED');
    });
  }
}

/** What was dropped for good and was here before. What came and went within one batch wasn't taken. */
function lasting(
  pool: Mempool,
  transactions: readonly Transaction[],
  errors: (RuleError | null)[],
  gone: readonly Dropped[],
): Dropped[] {
  const dropped = new Map(gone.map((one) => [one.transaction.key, one]));
  transactions.forEach((tx, i) => {
    const one = dropped.get(tx.key);
    if (one === undefined || errors[i] !== null) return;
    dropped.delete(tx.key);
    if (!pool.has(tx.key)) errors[i] = one.error;
  });
  return [...dropped.values()];
}

/** Indexes of transactions, in runs that touch about `SLICE` entries each. */
function slicesOf(indexes: readonly number[], transactions: readonly Transaction[]): number[][] {
  const slices: number[][] = [];
  let room = 0;
  for (const i of indexes) {
    if (room <= 0) {
      slices.push([]);
      room = SLICE;
    }
    slices.at(-1)!.push(i);
    room -= weightOf(transactions[i]!);
  }
  return slices;
}

function faultOf(work: () => void): RuleError | null {
  try {
    work();
    return null;
  } catch (error) {
    if (error instanceof RuleError) return error;
    throw error;
  }
}
