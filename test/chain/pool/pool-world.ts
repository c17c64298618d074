/** Owns a mempool on a real ledger whose blocks a test draws, and the checks of what always holds for it. */
import { expect } from 'vitest';
import type { ErrorCode } from '../../../chain/errors.ts';
import { toHex } from '../../../chain/format/bytes.ts';
import type { Params } from '../../../chain/format/params.ts';
import type { Transaction } from '../../../chain/format/transaction.ts';
import { memoryOf } from '../../../chain/format/transaction-memory.ts';
import { getAccounts } from '../../../chain/ledger/queries.ts';
import { buildTemplate, type Template } from '../../../chain/ledger/template.ts';
import { Admission } from '../../../chain/pool/admission.ts';
import { followTip } from '../../../chain/pool/follow.ts';
import { type Dropped, Mempool, POOL_MEMORY_MAX, QUEUE_MAX } from '../../../chain/pool/mempool.ts';
import { addressFor, type Draft } from '../actors.ts';
import { type BlockSpec, ChainBuilder, TEST_PARAMS } from '../builder.ts';
import { Harness } from '../ledger/harness.ts';
import { ForgetfulPool } from './forgetful-pool.ts';

/** Room for all that the tests let wait. */
export const ROOMY: Params = {
  ...TEST_PARAMS,
  limits: { blockBytes: 2 ** 22, blockSignatures: 10_000, futureMs: 2_000 },
};

export interface Followed {
  readonly returned: Transaction[];
  readonly early: Transaction[];
  readonly dropped: Dropped[];
}

export class PoolWorld {
  readonly chain: ChainBuilder;
  readonly harness: Harness;
  readonly pool: Mempool;
  readonly admission: Admission;
  readonly #memoryMax: number;
  readonly #forgetful: ForgetfulPool | null;
  #blocks = 0;

  private constructor(chain: ChainBuilder, harness: Harness, memoryMax: number, compared: boolean) {
    this.chain = chain;
    this.harness = harness;
    this.pool = new Mempool(chain.params, { memoryMax });
    this.admission = new Admission(harness.ledger, this.pool);
    this.#memoryMax = memoryMax;
    this.#forgetful = compared ? new ForgetfulPool(harness.ledger, memoryMax) : null;
  }

  /** `compared` with a forgetful pool, if nobody but this changes the pool. */
  static async open({
    params = ROOMY,
    memoryMax = POOL_MEMORY_MAX,
    compared = false,
  } = {}): Promise<PoolWorld> {
    return new PoolWorld(new ChainBuilder(params), await Harness.open(params), memoryMax, compared);
  }

  get tipName(): string {
    return this.chain.nameOf(this.harness.tip);
  }

  /** Signs a draft with the nonce after what its sender has waiting, unless the draft says otherwise. */
  sign(given: Draft): Transaction {
    const last = this.pool.queueOf(addressFor(given.from)).at(-1);
    const nonce = last === undefined ? {} : { nonce: last.transaction.nonce + 1 };
    return this.chain.sign({ ...nonce, ...given }, this.tipName);
  }

  /** Signs and offers drafts one after the other; their codes. */
  async offer(...drafts: Draft[]): Promise<(ErrorCode | null)[]> {
    const codes: (ErrorCode | null)[] = [];
    for (const given of drafts) codes.push(...(await this.admit(this.sign(given))).codes);
    return codes;
  }

  async admit(...transactions: Transaction[]): Promise<{ codes: (ErrorCode | null)[]; dropped: Dropped[] }> {
    const result = await this.admission.admit(transactions);
    await this.#forgetful?.admit(transactions, result, this.pool);
    const { errors, dropped } = result;
    return { codes: errors.map((error) => error?.code ?? null), dropped: [...dropped] };
  }

  /** What waits of a person. */
  queue(name: string): Transaction[] {
    return this.pool.queueOf(addressFor(name)).map(({ transaction }) => transaction);
  }

  reasonOf(tx: Transaction): ErrorCode | undefined {
    return this.pool.droppedBecause(tx.key)?.code;
  }

  /** Draws a block, gives it to the ledger, and lets the pool follow wherever the tip goes. */
  async block(spec: BlockSpec = {}): Promise<Followed> {
    const drawn = this.chain.block(`n${++this.#blocks}`, { on: this.tipName, ...spec });
    const { ledger } = this.harness;
    expect(this.harness.addHeader(drawn.header, drawn.header.time)).toBe(null);
    expect(this.harness.addBody(drawn.id, drawn.transactions)).toBe(null);
    const followed: Followed = { returned: [], early: [], dropped: [] };
    for (;;) {
      const change = await ledger.advance();
      if (change === null) return followed;
      const changed = await followTip(this.admission, change);
      await this.#forgetful?.follow(change, changed, this.pool);
      const { returned, early, dropped } = changed;
      followed.returned.push(...returned);
      followed.early.push(...early);
      followed.dropped.push(...dropped);
    }
  }

  /** Mines one empty block more than there are above `height`, on it. Returns what became of the pool. */
  async overtake(height: number): Promise<Followed> {
    let on = this.chain.nameOf(this.harness.ledger.activeAt(height)!.key);
    const count = this.harness.ledger.tip.height - height + 1;
    let followed: Followed = { returned: [], early: [], dropped: [] };
    for (let i = 0; i < count; i++) {
      followed = await this.block({ on, miner: `rival ${this.#blocks}` });
      on = `n${this.#blocks}`;
    }
    return followed;
  }

  template(): Promise<Template> {
    const wallMs = this.harness.ledger.tip.header.time + 1_000;
    return buildTemplate(this.harness.ledger, {
      candidates: this.pool.best(),
      miner: addressFor('miner'),
      wallMs,
    });
  }

  /** What holds of the pool at any time; `executable`: nobody's transactions stand in another's way. */
  async check({ executable = true } = {}): Promise<void> {
    const { pool } = this;
    const senders = pool.senders();
    const { value } = await getAccounts(this.harness.ledger, senders);
    let [size, bytes, memory] = [0, 0, 0];
    for (const [i, sender] of senders.entries()) {
      const queue = pool.queueOf(sender);
      const account = value[i]!;
      expect(queue.map(({ transaction }) => transaction.nonce)).toEqual(
        queue.map((_, k) => account.nonce + k),
      );
      expect(queue.reduce((sum, { cost }) => sum + cost, 0)).toBeLessThanOrEqual(account.balance);
      expect(queue.length).toBeLessThanOrEqual(QUEUE_MAX);
      for (const { transaction } of queue) {
        expect(toHex(transaction.sender)).toBe(toHex(sender));
        expect(pool.get(transaction.key)).toBe(transaction);
        bytes += transaction.bytes.length;
        memory += memoryOf(transaction);
      }
      size += queue.length;
    }
    expect([pool.size, pool.bytes, pool.memory]).toEqual([size, bytes, memory]);
    expect([...pool.values()]).toHaveLength(size);
    expect(pool.memory).toBeLessThanOrEqual(this.#memoryMax);
    const best = [...pool.best()];
    expect(new Set(best)).toEqual(new Set(pool.values()));
    if (!executable) return;
    const { refused, transactions } = await this.template();
    expect(refused.map(({ error }) => error.code)).toEqual([]);
    expect(new Set(transactions)).toEqual(new Set(best));
  }
}
