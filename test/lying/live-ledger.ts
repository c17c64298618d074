/** Owns a ledger that lives in memory: what is submitted waits in a real mempool, and blocks are mined when a test says so. */
import { createHash } from 'node:crypto';
import { meetsTarget } from '../../chain/consensus/header-rules.ts';
import { RuleError } from '../../chain/errors.ts';
import { formatAddress } from '../../chain/format/address.ts';
import { headerId } from '../../chain/format/header.ts';
import { parseParams } from '../../chain/format/params.ts';
import { decodeTransaction, type Transaction } from '../../chain/format/transaction.ts';
import { areMined } from '../../chain/ledger/mined.ts';
import { buildTemplate } from '../../chain/ledger/template.ts';
import { Admission } from '../../chain/pool/admission.ts';
import { followTip } from '../../chain/pool/follow.ts';
import { Mempool } from '../../chain/pool/mempool.ts';
import type { NodeView, Submission } from '../../node/rpc/view.ts';
import { addressFor, type Draft, signDraft } from '../chain/actors.ts';
import { Harness } from '../chain/ledger/harness.ts';
import { GENESIS, viewOf } from './ledger-view.ts';

export const PEOPLE = ['alice', 'bob', 'carol', 'dave', 'erin'];
export const LIVE_GENESIS = {
  ...GENESIS,
  name: 'live',
  allocations: PEOPLE.map((name) => ({ address: formatAddress(addressFor(name)), amount: '1000000000' })),
};
export const LIVE_PARAMS = parseParams(LIVE_GENESIS);

/** The private key of a person of the tests, as `pier key import` takes it. */
export function seedOf(name: string): string {
  return createHash('sha256').update(`test key ${name}`).digest('hex');
}

export class LiveLedger {
  readonly harness: Harness;
  readonly #admission: Admission;
  readonly #miner: string;

  private constructor(harness: Harness, miner: string) {
    this.harness = harness;
    this.#admission = new Admission(harness.ledger, new Mempool(harness.ledger.params));
    this.#miner = miner;
  }

  static async open(miner = 'miner'): Promise<LiveLedger> {
    return new LiveLedger(await Harness.open(LIVE_PARAMS), miner);
  }

  get height(): number {
    return this.harness.ledger.tip.height;
  }

  /** A block with all that waits. */
  async mine(count = 1): Promise<void> {
    const { ledger } = this.harness;
    for (let i = 0; i < count; i++) {
      const wallMs = ledger.tip.header.time + LIVE_PARAMS.difficulty.targetMs;
      const candidates = this.#admission.pool.best();
      const template = await buildTemplate(ledger, { candidates, miner: addressFor(this.#miner), wallMs });
      let { header } = template;
      while (!meetsTarget(headerId(header), header.bits)) header = { ...header, nonce: header.nonce + 1 };
      await this.#connect({ header, transactions: template.transactions });
    }
  }

  /** Takes over another's blocks from a height on. */
  async copy(other: LiveLedger, to: number): Promise<void> {
    for (let height = this.height + 1; height <= to; height++) {
      const node = other.harness.ledger.activeAt(height)!;
      const transactions = (await other.harness.ledger.readTransactions(node))!;
      await this.#connect({ header: node.header, transactions });
    }
  }

  async #connect({
    header,
    transactions,
  }: {
    header: Parameters<typeof headerId>[0];
    transactions: readonly Transaction[];
  }) {
    const { harness } = this;
    const id = Buffer.from(headerId(header)).toString('hex');
    const code = harness.addHeader(header, header.time) ?? harness.addBody(id, transactions);
    if (code !== null) throw new Error(`block ${header.height}: ${code}`);
    for (
      let change = await harness.ledger.advance();
      change !== null;
      change = await harness.ledger.advance()
    ) {
      await followTip(this.#admission, change);
    }
  }

  /** Signs drafts behind what waits of their senders, and mines them in one block. */
  async play(...drafts: Draft[]): Promise<void> {
    for (const draft of drafts) {
      const address = addressFor(draft.from);
      const { value } = await this.view().account(address);
      const waiting = this.#admission.pool.queueOf(address).length;
      const nonce = (value?.nonce ?? 0) + waiting;
      const key = draft.key ?? draft.from;
      const { chainId } = this.harness.ledger;
      const feePerByte = LIVE_PARAMS.prices.feePerByte;
      const [result] = await this.submit([signDraft(draft, { chainId, nonce, key, feePerByte }).bytes]);
      if (result!.error !== null) throw result!.error;
    }
    await this.mine();
  }

  async submit(transactions: readonly Uint8Array[]): Promise<Submission[]> {
    const results: Submission[] = [];
    for (const bytes of transactions) results.push(await this.#submitOne(bytes));
    return results;
  }

  async #submitOne(bytes: Uint8Array): Promise<Submission> {
    let transaction: Transaction;
    try {
      transaction = decodeTransaction(bytes);
    } catch (error) {
      if (error instanceof RuleError) return { id: null, status: null, error };
      throw error;
    }
    const { id } = transaction;
    if ((await areMined(this.harness.ledger, [id]))[0]) return { id, status: 'mined', error: null };
    const { errors } = await this.#admission.admit([transaction]);
    const [error] = errors;
    if (error === null || error!.code === 'ALREADY_KNOWN') return { id, status: 'pending', error: null };
    return { id, status: null, error: error! };
  }

  /** What a node of it answers. */
  view(): NodeView {
    const { pool } = this.#admission;
    const base = viewOf(this.harness.ledger, LIVE_GENESIS);
    return Object.defineProperties({} as NodeView, {
      ...Object.getOwnPropertyDescriptors(base),
      ...Object.getOwnPropertyDescriptors({
        pool,
        queueOf: (sender: Uint8Array) => pool.queueOf(sender),
        unmined: (id: Uint8Array) => {
          const key = Buffer.from(id).toString('hex');
          const transaction = pool.get(key);
          if (transaction !== undefined) return { status: 'pending', transaction };
          const reason = pool.droppedBecause(key);
          return reason === undefined ? { status: 'unknown' } : { status: 'dropped', reason };
        },
        submit: (transactions: readonly Uint8Array[]) => this.submit(transactions),
        fees: () => {
          const perByte = Math.ceil(Number(pool.floorRate) / 1000);
          return { perByte, floorPerByte: perByte };
        },
      }),
    });
  }
}
