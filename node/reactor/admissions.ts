/**
 * Owns the transactions on their way into the mempool: from peers and from users, checked in batches.
 * Bounds: those of peers wait in a `CheckQueue`; those that came too early in a `Waiting`.
 */
import { RuleError } from '../../chain/errors.ts';
import type { NewFrame } from '../../chain/files/frame-file.ts';
import { decodeTransaction, type Transaction } from '../../chain/format/transaction.ts';
import type { Ledger } from '../../chain/ledger/ledger.ts';
import { findMined } from '../../chain/ledger/mined.ts';
import type { TipChange } from '../../chain/ledger/tip-change.ts';
import type { Admission } from '../../chain/pool/admission.ts';
import { accountsChanged, followTip, type PoolChange } from '../../chain/pool/follow.ts';
import type { Dropped, Mempool } from '../../chain/pool/mempool.ts';
import { mayPass, Waiting } from '../../chain/pool/waiting.ts';
import { CheckQueue } from './check-queue.ts';
import type { NodeEvent, Way } from './events.ts';
import type { Lane } from './lane.ts';

/** Transactions checked at once: what one step may hold up the chain. */
const BATCH_MAX = 1_000;

/** What became of a submitted transaction. */
export type Submitted =
  | { readonly id: Uint8Array; readonly status: 'pending' | 'mined' }
  | { readonly id: Uint8Array | null; readonly error: RuleError };

/** What the reactor does with the outcome. `link` is who sent them; `null` for a user, or nobody in particular. */
export interface AdmissionOutcome {
  added(transactions: readonly Transaction[], link: number | null, way: Way): void;
  dropped(dropped: readonly Dropped[]): void;
  checked(link: number, results: readonly { key: string; error: RuleError | null }[]): void;
  /** There is no room to check these: they must come again. */
  unchecked(keys: readonly string[]): void;
  /** Entries of the journal that are to be on disk with a user's transactions. */
  entriesWith(added: readonly Transaction[]): NewFrame[];
  /** What was accepted can't be put on disk. */
  failed(error: unknown): void;
  /** For those who want to know the reasons; nothing hangs on it. */
  tell(event: NodeEvent): void;
  /** True while blocks of a better chain are on their way. */
  behind(): boolean;
}

export class Admissions {
  readonly #admission: Admission;
  readonly #ledger: Ledger;
  readonly #pool: Mempool;
  readonly #lane: Lane;
  readonly #outcome: AdmissionOutcome;
  readonly #waiting = new Waiting();
  readonly #queue = new CheckQueue();
  #scheduled = false;

  constructor(admission: Admission, lane: Lane, outcome: AdmissionOutcome) {
    this.#admission = admission;
    this.#ledger = admission.ledger;
    this.#pool = admission.pool;
    this.#lane = lane;
    this.#outcome = outcome;
  }

  /** Takes transactions of a peer to be checked. */
  enqueue(transactions: readonly Transaction[], link: number | null): void {
    this.#queue.add({ transactions, link });
    if (this.#queue.isOver) this.#shed();
    this.#schedule();
  }

  /** Brings the pool to another tip; what it gives back early is to be held. Within the lane. */
  follow(change: TipChange): Promise<PoolChange> {
    return followTip(this.#admission, change);
  }

  /** Keeps transactions that were good before and may be again: tried when their senders' accounts move on. */
  hold(transactions: readonly Transaction[]): void {
    for (const transaction of transactions) this.#setAside(transaction, null, null, 'displaced');
  }

  /** One that is kept to be tried again. */
  held(key: string): Transaction | undefined {
    return this.#waiting.get(key);
  }

  /** How many of peers wait to be checked, how many are kept to be tried again, and entries kept to try others on. */
  get sizes(): { readonly queued: number; readonly waiting: number; readonly tried: number } {
    return { queued: this.#queue.size, waiting: this.#waiting.size, tried: this.#admission.held };
  }

  /** Tries again what waited of these senders. */
  retry(senders: Iterable<Uint8Array>): void {
    const again = this.#waiting.takeOf(senders);
    if (again.length > 0) this.enqueue(again, null);
  }

  /** Tries again what waited of accounts that a new tip has changed. */
  retryAfter({ connected }: TipChange): void {
    if (this.#waiting.size > 0) this.retry(accountsChanged(this.#ledger, connected));
  }

  /**
   * Takes transactions of a user. Resolves once those accepted are on disk, with an answer for each in order. A
   * transaction that is known already is no error.
   */
  async submit(encoded: readonly Uint8Array[]): Promise<Submitted[]> {
    const { results, transactions } = await this.#take(encoded, 'new');
    results.forEach((result, i) => {
      const transaction = transactions[i];
      if (!('error' in result) || transaction === null || transaction === undefined) return;
      this.#outcome.tell({ type: 'refused', transaction, error: result.error, link: null });
    });
    return results;
  }

  /** `submit`, without telling of those refused. A transaction is `null` where the bytes are none. */
  async #take(
    encoded: readonly Uint8Array[],
    way: Way,
  ): Promise<{ results: Submitted[]; transactions: (Transaction | null)[] }> {
    const decoded = encoded.map((bytes) => attempt(() => decodeTransaction(bytes)));
    const valid = decoded.filter((tx): tx is Transaction => !(tx instanceof RuleError));
    await this.#ledger.verdicts.check(valid);
    const errors = new Map<Transaction, RuleError | null>();
    let refused: readonly Transaction[] = [];
    let added: readonly Transaction[] = [];
    let written: Promise<void> = Promise.resolve();
    await this.#lane.run(async () => {
      const result = await this.#admission.admit(valid);
      valid.forEach((tx, i) => {
        errors.set(tx, result.errors[i]!);
      });
      const kept = valid.filter(({ key }) => this.#pool.has(key));
      refused = valid.filter((tx) => !this.#pool.has(tx.key) && errors.get(tx)?.code !== 'BAD_SIGNATURE');
      added = valid.filter((tx) => errors.get(tx) === null);
      if (result.dropped.length > 0) this.#outcome.dropped(result.dropped);
      const told = way === 'new' ? this.#outcome.entriesWith(added) : [];
      written = this.#ledger.queue.keep(kept, told);
      written.catch((error) => this.#outcome.failed(error));
    });
    // Outside the lane: all that are admitted while the disk is busy share the next sync. Nobody hears of them before.
    await written;
    // Before the lookups, which may read many blocks or fail: what is accepted is announced whatever comes of them.
    this.#report(
      added.filter(({ key }) => this.#pool.has(key)),
      null,
      [],
      way,
    );
    // What waits isn't mined; of the others, a user wants to hear it before any other fault.
    const mined = await findMined(this.#ledger, refused);
    const results = decoded.map((tx): Submitted => {
      if (tx instanceof RuleError) return { id: null, error: tx };
      if (mined.has(tx.key)) return { id: tx.id, status: 'mined' };
      const error = errors.get(tx)!;
      if (error === null || error.code === 'ALREADY_KNOWN') return { id: tx.id, status: 'pending' };
      return { id: tx.id, error };
    });
    return { results, transactions: decoded.map((tx) => (tx instanceof RuleError ? null : tx)) };
  }

  /** Takes back what the ledger's queue kept over the last stop. What can't be mined any more is given up. */
  async restore(): Promise<void> {
    const { queue } = this.#ledger;
    // What another version wrote and this one can't read is passed over: it must not keep a node from starting.
    const restored = queue
      .takeRestored()
      .map((bytes) => attempt(() => decodeTransaction(bytes)))
      .filter((tx): tx is Transaction => !(tx instanceof RuleError));
    if (restored.length === 0) return;
    restored.sort((a, b) => a.nonce - b.nonce);
    const { results } = await this.#take(
      restored.map(({ bytes }) => bytes),
      'restart',
    );
    const given: Transaction[] = [];
    restored.forEach((tx, i) => {
      const result = results[i]!;
      if (!('error' in result)) {
        if (result.status === 'mined') given.push(tx);
        return;
      }
      // An earlier one of its sender may be with peers only, and money with what a reorganisation displaced.
      if (mayPass(result.error)) this.#setAside(tx, result.error, null, 'restart');
      else {
        given.push(tx);
        this.#outcome.tell({ type: 'dropped', transaction: tx, error: result.error });
      }
    });
    await queue.forget(given);
  }

  /** Gives back what is too much; what nobody in particular sent waits on. */
  #shed(): void {
    for (const { link, transactions } of this.#queue.shed()) {
      if (link === null) for (const transaction of transactions) this.#waiting.add(transaction);
      else this.#outcome.unchecked(transactions.map(({ key }) => key));
    }
  }

  #schedule(): void {
    if (this.#scheduled || this.#queue.size === 0) return;
    this.#scheduled = true;
    void this.#lane.run(() => this.#checkBatch());
  }

  async #checkBatch(): Promise<void> {
    this.#scheduled = false;
    const arrivals = this.#queue.take(BATCH_MAX);
    const batch = arrivals.length === 1 ? arrivals[0]!.transactions : arrivals.flatMap((a) => a.transactions);
    const { errors, dropped } = await this.#admission.admit(batch);
    const given: Dropped[] = [];
    let at = 0;
    for (const { transactions, link } of arrivals)
      for (const transaction of transactions) {
        const error = errors[at++]!;
        if (error !== null) given.push(...this.#refuse(transaction, error, link));
      }
    if (dropped.length + given.length > 0) this.#outcome.dropped([...dropped, ...given]);
    at = 0;
    for (const { transactions, link } of arrivals) {
      const found = errors.slice(at, at + transactions.length);
      at += transactions.length;
      if (link !== null)
        this.#outcome.checked(
          link,
          transactions.map(({ key }, i) => ({ key, error: found[i]! })),
        );
      const added = transactions.filter((_, i) => found[i] === null);
      this.#report(added, link, [], wayOf(link));
    }
    this.#schedule();
  }

  /** Says why, and sets aside what may be good later. Returns what has to leave the pool for it. */
  #refuse(transaction: Transaction, error: RuleError, link: number | null): Dropped[] {
    if (this.#waits(error, link)) this.#setAside(transaction, error, link, wayOf(link));
    else if (link === null && !isHere(error)) return this.#pool.drop(transaction, error);
    else this.#outcome.tell({ type: 'refused', transaction, error, link });
    return [];
  }

  #setAside(transaction: Transaction, error: RuleError | null, link: number | null, way: Way): void {
    this.#waiting.add(transaction);
    if (this.#waiting.has(transaction.key))
      this.#outcome.tell({ type: 'waiting', transaction, error, link, way });
  }

  /** True if a refused transaction is kept to be tried again. `null` is for one that has waited before. */
  #waits(error: RuleError, link: number | null): boolean {
    if (error.code === 'NONCE_GAP') return true;
    // While we are behind, what our peers hold rests on blocks we haven't got.
    return mayPass(error) && (link === null || this.#outcome.behind());
  }

  #report(added: readonly Transaction[], link: number | null, dropped: readonly Dropped[], way: Way): void {
    if (dropped.length > 0) this.#outcome.dropped(dropped);
    if (added.length === 0) return;
    this.#outcome.added(added, link, way);
    if (this.#waiting.size > 0) this.retry(added.map(({ sender }) => sender));
  }
}

/** True if a transaction was refused because it is where it should be. */
function isHere({ code }: RuleError): boolean {
  return code === 'ALREADY_KNOWN' || code === 'ALREADY_MINED';
}

/** What is checked without anybody having sent it has waited. */
function wayOf(link: number | null): Way {
  return link === null ? 'waited' : 'new';
}

function attempt<T>(work: () => T): T | RuleError {
  try {
    return work();
  } catch (error) {
    if (error instanceof RuleError) return error;
    throw error;
  }
}
