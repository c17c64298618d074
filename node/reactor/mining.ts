/**
 * Owns what the miner works on: the template on the present tip, made again when the tip or the mempool changes, and
 * stamped with the time now and then. One job at a time.
 */
import { childBits } from '../../chain/consensus/header-rules.ts';
import type { Header } from '../../chain/format/header.ts';
import type { Transaction } from '../../chain/format/transaction.ts';
import type { Ledger } from '../../chain/ledger/ledger.ts';
import { buildTemplate, restamp, type Template } from '../../chain/ledger/template.ts';
import type { Dropped, Mempool } from '../../chain/pool/mempool.ts';
import type { Clock, Miner } from '../ports.ts';
import type { Lane } from './lane.ts';

/** The time in a header is brought up to date this often while it is searched. */
const RESTAMP_MS = 1_000;
/** New transactions wait this long at most for a new template, unless making one takes long. */
const REBUILD_MS = 100;
/** A template isn't made again before this many times what the last one took. */
const REBUILD_SHARE = 4;

export interface MiningOutcome {
  found(header: Header, transactions: readonly Transaction[]): void;
  dropped(dropped: readonly Dropped[]): void;
  /** The deadline may have changed without a call from outside. */
  deadlineChanged(): void;
}

export class Mining {
  readonly #ledger: Ledger;
  readonly #pool: Mempool;
  readonly #miner: Miner;
  readonly #clock: Clock;
  readonly #lane: Lane;
  readonly #outcome: MiningOutcome;
  #address: Uint8Array | null = null;
  #template: Template | null = null;
  #jobId = 0;
  #building = false;
  /** The pool has changed since the template was made. */
  #stale = false;
  /** No template is made before the miner can use one. */
  #postponed = false;
  /** Of every child of the tip. */
  #bits = 0;
  #stampedAt = 0;
  #rebuildAt = 0;

  constructor(parts: {
    ledger: Ledger;
    pool: Mempool;
    miner: Miner;
    clock: Clock;
    lane: Lane;
    outcome: MiningOutcome;
  }) {
    this.#ledger = parts.ledger;
    this.#pool = parts.pool;
    this.#miner = parts.miner;
    this.#clock = parts.clock;
    this.#lane = parts.lane;
    this.#outcome = parts.outcome;
    this.#miner.onFound(({ jobId, nonce }) => this.#found(jobId, nonce));
  }

  /** Who earns; `null` while not mining. */
  get address(): Uint8Array | null {
    return this.#address;
  }

  hashrate(): number {
    return this.#miner.hashrate();
  }

  /** Begins to mine for an address, or stops. `rate` is hashes a second, `null` for as fast as it goes. */
  set(address: Uint8Array | null, rate?: number | null): void {
    this.#address = address;
    if (rate !== undefined) this.#miner.setRate(rate);
    this.tipChanged();
  }

  /** What was searched is worth nothing any more. */
  tipChanged(): void {
    this.#template = null;
    this.#miner.cancel();
    this.#bits = childBits(this.#ledger.params, this.#ledger.tip);
    this.#postponed = this.#address !== null && this.#quietMs() > 0;
    if (this.#postponed) this.#outcome.deadlineChanged();
    else if (this.#address !== null) this.#build();
  }

  poolChanged(): void {
    this.#stale = true;
  }

  /** When `wake` wants to be called, by the monotonic clock; `null` if never. */
  deadline(): number | null {
    if (this.#address === null) return null;
    if (this.#postponed) return this.#clock.monotonicMs() + this.#quietMs();
    if (this.#template === null) return null;
    const stamp = this.#stampedAt + RESTAMP_MS;
    const due = this.#rebuilds() ? Math.min(stamp, this.#rebuildAt) : stamp;
    return Math.max(due, this.#clock.monotonicMs() + this.#quietMs());
  }

  wake(): void {
    const now = this.#clock.monotonicMs();
    if (this.#address === null || this.#quietMs() > 0) return;
    if (this.#postponed) this.#build();
    if (this.#template === null) return;
    if (this.#rebuilds() && now >= this.#rebuildAt) this.#build();
    else if (now >= this.#stampedAt + RESTAMP_MS) {
      this.#start(restamp(this.#ledger.params, this.#template, this.#clock.wallMs()));
    }
  }

  stop(): Promise<void> {
    this.#address = null;
    this.#template = null;
    return this.#miner.stop();
  }

  #quietMs(): number {
    return this.#miner.quietMs(this.#ledger.tip.id, this.#bits);
  }

  /** Another template is wanted and none is being made: until it is, there is nothing to wake for. */
  #rebuilds(): boolean {
    return this.#stale && !this.#building;
  }

  #build(): void {
    if (this.#building) return;
    this.#building = true;
    this.#postponed = false;
    this.#stale = false;
    void this.#lane.run(async () => {
      try {
        await this.#buildNow();
      } finally {
        this.#building = false;
      }
      // The tip or the miner's address may have changed while it was made.
      if (this.#address !== null && this.#template === null && !this.#postponed) this.#build();
      else this.#outcome.deadlineChanged();
    });
  }

  async #buildNow(): Promise<void> {
    const miner = this.#address;
    if (miner === null) return;
    const begun = this.#clock.monotonicMs();
    const template = await buildTemplate(this.#ledger, {
      candidates: this.#pool.best(),
      miner,
      wallMs: this.#clock.wallMs(),
    });
    const now = this.#clock.monotonicMs();
    this.#rebuildAt = now + Math.max(REBUILD_MS, REBUILD_SHARE * (now - begun));
    const dropped = template.refused
      .filter(({ transaction }) => this.#pool.has(transaction.key))
      .flatMap(({ transaction, error }) => this.#pool.drop(transaction, error));
    if (dropped.length > 0) this.#outcome.dropped(dropped);
    if (this.#address === miner && this.#ledger.tip === template.parent) this.#start(template);
  }

  #start(template: Template): void {
    this.#template = template;
    this.#stampedAt = this.#clock.monotonicMs();
    this.#miner.start({ header: template.header, jobId: ++this.#jobId });
  }

  #found(jobId: number, nonce: number): void {
    const template = this.#template;
    if (jobId !== this.#jobId || template === null || this.#ledger.tip !== template.parent) return;
    this.#template = null;
    this.#outcome.found({ ...template.header, nonce }, template.transactions);
  }
}
