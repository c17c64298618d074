/** Owns the RPC's view of a running reactor: gathers each answer from ledger, mempool, machine and miner. */
import type { HeaderNode } from '../chain/consensus/header-tree.ts';
import { CorruptStoreError, type RuleError } from '../chain/errors.ts';
import { fromHex, toHex } from '../chain/format/bytes.ts';
import type { Params } from '../chain/format/params.ts';
import type { Transaction } from '../chain/format/transaction.ts';
import { MissingBody } from '../chain/ledger/damage.ts';
import { EarlierState } from '../chain/ledger/earlier-state.ts';
import type { Ledger } from '../chain/ledger/ledger.ts';
import { getMined } from '../chain/ledger/mined.ts';
import { type ProofSubject, prove } from '../chain/ledger/proofs.ts';
import { getAccounts, getHistory, getRecord, getTotals } from '../chain/ledger/queries.ts';
import { getRecordHistory, getRecordsOf } from '../chain/ledger/record-queries.ts';
import type { Answer, ProvedEntry } from '../chain/ledger/tip-view.ts';
import { priceOfRate } from '../chain/pool/fee-rate.ts';
import type { Account, EntryRef, LedgerRecord, Totals } from '../chain/state/entries.ts';
import { recordOf } from '../chain/state/execute.ts';
import type { PeerInfo } from '../p2p/door.ts';
import { branchesOf } from './branches.ts';
import type { Health } from './condition.ts';
import type { NodeEvent as ReactorEvent } from './reactor/events.ts';
import type { Reactor } from './reactor/reactor.ts';
import { type Reorg, reorgOf } from './reactor/reorgs.ts';
import type {
  ForkTip,
  NodeEvent,
  NodeView,
  Reorganisation,
  Submission,
  TipStory,
  TransactionStory,
  Unmined,
} from './rpc/view.ts';
import { whyTip, whyTransaction } from './why.ts';

export interface ReactorViewOptions {
  scrub(): NodeView['scrub'];
  readonly genesis: unknown;
  readonly nodeId: string;
  readonly version: string;
  readonly listen: string | null;
  wallMs(): number;
  health(): Health;
  lag(ms: number): void;
  stop(): void;
}

/** Side branches shown at most: the newest; an attacker's old forks aren't worth a long answer. */
const FORK_TIPS_MAX = 100;

export class ReactorView implements NodeView {
  readonly #reactor: Reactor;
  readonly #options: ReactorViewOptions;
  readonly #earlier: EarlierState;

  constructor(reactor: Reactor, options: ReactorViewOptions) {
    this.#reactor = reactor;
    this.#options = options;
    this.#earlier = new EarlierState(reactor.ledger);
  }

  get #ledger(): Ledger {
    return this.#reactor.ledger;
  }

  /**
   * Whoever asks hears of the damage; the node ends, and makes anew what can't be mended while it runs. A lost body is
   * fetched again meanwhile.
   */
  #guard<T>(answer: Promise<T>): Promise<T> {
    return answer.catch((error) => {
      if (error instanceof CorruptStoreError && !(error instanceof MissingBody)) this.#reactor.fail(error);
      throw error;
    });
  }

  get params(): Params {
    return this.#ledger.params;
  }
  get chainId(): Uint8Array {
    return this.#ledger.chainId;
  }
  get genesis(): unknown {
    return this.#options.genesis;
  }
  get nodeId(): string {
    return this.#options.nodeId;
  }
  get version(): string {
    return this.#options.version;
  }
  get listen(): string | null {
    return this.#options.listen;
  }
  get health(): Health {
    return this.#options.health();
  }
  get tip(): HeaderNode {
    return this.#ledger.tip;
  }
  get bestHeader(): HeaderNode {
    return this.#ledger.headers.best();
  }
  get syncing(): boolean {
    return this.#reactor.machine.syncState().syncing;
  }
  get mining(): { address: Uint8Array; hashrate: number } | null {
    const { address } = this.#reactor.mining;
    return address === null ? null : { address, hashrate: this.#reactor.mining.hashrate() };
  }
  get scrub(): NodeView['scrub'] {
    return this.#options.scrub();
  }
  get pool(): NodeView['pool'] {
    return this.#reactor.pool;
  }

  totals(): Promise<Answer<Totals>> {
    return this.#guard(getTotals(this.#ledger));
  }

  findBlock(at: { id: Uint8Array } | { height: number }): HeaderNode | null {
    const { ledger } = this.#reactor;
    return ('id' in at ? ledger.headers.get(toHex(at.id)) : ledger.activeAt(at.height)) ?? null;
  }

  isActive(node: HeaderNode): boolean {
    return this.#ledger.isActive(node);
  }

  transactionsOf(node: HeaderNode): Promise<readonly Transaction[] | null> {
    // The genesis block has a state and no body.
    if (node.height === 0) return Promise.resolve([]);
    return this.#ledger.readTransactions(node);
  }

  async account(address: Uint8Array): Promise<Answer<Account | null>> {
    const { tip, value } = await this.#guard(getAccounts(this.#ledger, [address]));
    return { tip, value: value[0]! };
  }

  queueOf(sender: Uint8Array): readonly { transaction: Transaction; cost: number }[] {
    return this.#reactor.pool.queueOf(sender);
  }

  history(...page: Parameters<NodeView['history']>): ReturnType<NodeView['history']> {
    return this.#guard(getHistory(this.#ledger, ...page));
  }

  record(id: Uint8Array): Promise<Answer<LedgerRecord | null>> {
    return this.#guard(getRecord(this.#ledger, id));
  }

  recordsOf(...page: Parameters<NodeView['recordsOf']>): ReturnType<NodeView['recordsOf']> {
    return this.#guard(getRecordsOf(this.#ledger, ...page));
  }

  recordHistory(...page: Parameters<NodeView['recordHistory']>): ReturnType<NodeView['recordHistory']> {
    return this.#guard(getRecordHistory(this.#ledger, ...page));
  }

  prove(subject: ProofSubject): Promise<Answer<Uint8Array>> {
    return this.#guard(prove(this.#ledger, subject));
  }

  proveState(block: HeaderNode, refs: readonly EntryRef[]): Promise<Answer<ProvedEntry[]>> {
    return this.#guard(this.#earlier.prove(block, refs));
  }

  mined(id: Uint8Array): ReturnType<NodeView['mined']> {
    return this.#guard(getMined(this.#ledger, id));
  }

  unmined(id: Uint8Array): Unmined {
    const key = toHex(id);
    const transaction = this.#reactor.pool.get(key);
    if (transaction !== undefined) return { status: 'pending', transaction };
    const reason: RuleError | undefined = this.#reactor.pool.droppedBecause(key);
    return reason === undefined ? { status: 'unknown' } : { status: 'dropped', reason };
  }

  whyTransaction(id: Uint8Array): Promise<Answer<TransactionStory>> {
    return this.#guard(whyTransaction(this.#reactor, id));
  }

  whyTip(): Promise<TipStory> {
    return this.#guard(whyTip(this.#reactor));
  }

  async submit(transactions: readonly Uint8Array[]): Promise<Submission[]> {
    const results = await this.#reactor.submit(transactions);
    return results.map((result) =>
      'status' in result ? { ...result, error: null } : { ...result, status: null },
    );
  }

  fees(): { perByte: number; floorPerByte: number } {
    // What the pool takes is what it will mine: there is no queue that a higher fee would jump but the pool's own.
    const floorPerByte = Number(priceOfRate(this.#reactor.pool.floorRate));
    return { perByte: floorPerByte, floorPerByte };
  }

  peers(): readonly PeerInfo[] {
    return this.#reactor.machine.peers();
  }

  addresses(): readonly { url: string; lastSeenMs: number | null }[] {
    return this.#reactor.machine.addresses();
  }

  forkTips(): readonly ForkTip[] {
    return branchesOf(this.#ledger)
      .sort((a, b) => b.node.height - a.node.height)
      .slice(0, FORK_TIPS_MAX);
  }

  reorganisations(): readonly Reorganisation[] {
    return this.#reactor.reorgs.all.map(reorganisation);
  }

  onEvent(listener: (event: NodeEvent) => void): () => void {
    return this.#reactor.listen((event) => {
      for (const news of this.#translate(event)) listener(news);
    });
  }

  *#translate(event: ReactorEvent): Generator<NodeEvent> {
    if (event.type === 'pending') {
      for (const transaction of event.transactions)
        yield { topic: 'transaction', status: 'pending', transaction };
    } else if (event.type === 'dropped') {
      const { transaction, error: reason } = event;
      yield { topic: 'transaction', status: 'dropped', transaction, reason };
    } else if (event.type === 'tip') {
      const { change } = event;
      if (change.disconnected.length > 0) {
        yield { topic: 'reorg', reorganisation: reorganisation(reorgOf(change, this.#options.wallMs())) };
      }
      let height = change.to.height - change.connected.length;
      for (const { transactions } of change.connected) {
        const block = this.#ledger.headers.ancestor(change.to, ++height);
        yield { topic: 'tip', node: block, transactions: transactions.length };
        for (const [index, transaction] of transactions.entries()) {
          yield { topic: 'transaction', status: 'mined', transaction, block, index };
          const record = recordOf(transaction);
          if (record !== null) yield { topic: 'record', record, transaction, block };
        }
      }
    }
  }

  connect(url: string): void {
    this.#reactor.connect(url);
  }

  disconnect(nodeId: string): boolean {
    const peer = this.#reactor.machine.peers().find(({ node }) => node === nodeId);
    if (peer !== undefined) this.#reactor.disconnect(peer.link);
    return peer !== undefined;
  }

  allow(nodeIds: readonly string[] | null): void {
    this.#reactor.allow(nodeIds);
  }

  lag(ms: number): void {
    this.#options.lag(ms);
  }

  mine(address: Uint8Array | null, hashesPerSecond: number | undefined): void {
    this.#reactor.mining.set(address, hashesPerSecond);
  }

  stop(): void {
    this.#options.stop();
  }
}

function reorganisation({ from, to, ...rest }: Reorg): Reorganisation {
  return { ...rest, from: fromHex(from), to: fromHex(to) };
}
