/**
 * Owns the loop of a node: gives the protocol machine its inputs, carries out its effects, and moves ledger, mempool and
 * miner along. Clock, timer, transport, miner and store come as ports, so the simulator runs this very file.
 *
 * Slow work goes through one lane; what the machine may queue there is bounded in `p2p/` and `admissions.ts`.
 */
import type { HeaderNode } from '../../chain/consensus/header-tree.ts';
import { CorruptStoreError, RuleError } from '../../chain/errors.ts';
import type { Header } from '../../chain/format/header.ts';
import type { Transaction } from '../../chain/format/transaction.ts';
import type { Ledger } from '../../chain/ledger/ledger.ts';
import type { Rejection, TipChange } from '../../chain/ledger/tip-change.ts';
import { Admission } from '../../chain/pool/admission.ts';
import type { Dropped, Mempool } from '../../chain/pool/mempool.ts';
import type { Effect, Identity, Input, MachineConfig } from '../../p2p/door.ts';
import { Machine } from '../../p2p/machine.ts';
import { earlier } from '../../p2p/wire.ts';
import type { Clock, Miner, Timer, Transport } from '../ports.ts';
import { Admissions, type Submitted } from './admissions.ts';
import { CauseLog } from './cause-log.ts';
import { type Listener, Listeners, type Way } from './events.ts';
import { Lane } from './lane.ts';
import { Mining } from './mining.ts';
import { Reorgs } from './reorgs.ts';

export interface ReactorParts {
  readonly ledger: Ledger;
  readonly pool: Mempool;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly miner: Miner;
  readonly identity: Identity;
  /** A uniformly random u32. */
  readonly random: () => number;
  readonly network: MachineConfig;
  /** The address book as last saved. */
  readonly savedAddresses: Uint8Array | null;
  saveAddresses(bytes: Uint8Array): void;
  /** The store is damaged or broken: nothing more will be committed. */
  fatal(error: unknown): void;
}

export class Reactor {
  readonly ledger: Ledger;
  readonly pool: Mempool;
  readonly machine: Machine;
  readonly mining: Mining;
  readonly reorgs = new Reorgs();
  readonly causes: CauseLog;
  readonly admissions: Admissions;
  readonly #parts: ReactorParts;
  readonly #lane: Lane;
  readonly #listeners = new Listeners();
  /** Blocks given to the ledger whose verdict the machine waits for. Bounded by its requests. */
  readonly #unanswered = new Map<string, { node: HeaderNode; link: number | null }>();
  #advancing = false;
  /** Bodies being read for peers. Bounded by the machine. */
  #reading = 0;
  #stopped = false;
  /** Made once: the timer is set anew after every input. */
  readonly #wake = (): void => {
    this.mining.wake();
    this.#input({ type: 'wake' });
  };

  constructor(parts: ReactorParts) {
    this.#parts = parts;
    this.ledger = parts.ledger;
    this.pool = parts.pool;
    this.#lane = new Lane((error) => this.fail(error));
    this.admissions = new Admissions(new Admission(this.ledger, this.pool), this.#lane, {
      added: (transactions, link, way) => this.#transactionsAdded(transactions, link, way),
      dropped: (dropped) => this.#transactionsDropped(dropped),
      checked: (link, results) => this.#input({ type: 'transactionsChecked', link, results }),
      unchecked: (keys) => this.#input({ type: 'transactionsUnchecked', keys }),
      entriesWith: (added) => this.causes.acknowledge(added),
      failed: (error) => this.fail(error),
      tell: (event) => this.#listeners.tell(event),
      behind: () => this.ledger.hasBetter || this.machine.syncState().syncing,
    });
    this.mining = new Mining({
      ledger: this.ledger,
      pool: this.pool,
      miner: parts.miner,
      clock: parts.clock,
      lane: this.#lane,
      outcome: {
        found: (header, transactions) => this.#blockMined(header, transactions),
        dropped: (dropped) => this.#transactionsDropped(dropped),
        deadlineChanged: () => this.#schedule(),
      },
    });
    this.machine = new Machine({
      headers: this.ledger.headers,
      chain: this.ledger,
      pool: this.pool,
      identity: parts.identity,
      random: parts.random,
      config: parts.network,
    });
    this.causes = new CauseLog(this.ledger.journal, parts.clock, {
      peer: (link) => this.machine.nameOf(link),
      failed: (error) => this.fail(error),
    });
    this.#listeners.add((event) => this.causes.note(event));
    parts.transport.onInput((input) => this.#input(input));
  }

  /** Takes back what was acknowledged before the last stop, finishes what is stored, and meets the network. */
  async start(): Promise<void> {
    await this.causes.load();
    this.#advance();
    await this.#lane.settled();
    await this.admissions.restore();
    this.#input({ type: 'start', savedAddresses: this.#parts.savedAddresses });
  }

  /** Ends after the work under way; nothing is carried out afterwards. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#parts.timer.cancel();
    await this.mining.stop();
    await this.#parts.transport.stop();
    await this.#lane.settled();
    await this.causes.save();
  }

  listen(listener: Listener): () => void {
    return this.#listeners.add(listener);
  }

  /** Takes encoded transactions of a user. Those accepted are on disk when it resolves. */
  submit(encoded: readonly Uint8Array[]): Promise<Submitted[]> {
    return this.admissions.submit(encoded);
  }

  connect(address: string): void {
    this.#input({ type: 'connect', address });
  }

  disconnect(link: number): void {
    this.#input({ type: 'disconnect', link });
  }

  /** Lab switch: link only to these nodes, by hex id; `null` lets everyone in. */
  allow(nodeIds: readonly string[] | null): void {
    this.#input({ type: 'allow', nodeIds });
  }

  /** True while slow work is under way. */
  get busy(): boolean {
    return this.#lane.busy || this.#reading > 0;
  }

  /** Resolves once no slow work is under way. */
  settled(): Promise<void> {
    return this.#lane.settled();
  }

  #input(input: Input): void {
    if (this.#stopped) return;
    const { clock } = this.#parts;
    const effects = this.machine.handle(input, { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() });
    for (const effect of effects) this.#carryOut(effect);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#stopped) return;
    const at = earlier(this.machine.deadline(), this.mining.deadline());
    if (at === null) this.#parts.timer.cancel();
    else this.#parts.timer.set(at, this.#wake);
  }

  #carryOut(effect: Effect) {
    const { transport } = this.#parts;
    switch (effect.type) {
      case 'dial':
        return transport.dial(effect.address);
      case 'send':
        return transport.send(effect.link, effect.bytes);
      case 'close':
        return transport.close(effect.link, effect.code, effect.reason);
      case 'checkTransactions':
        return this.admissions.enqueue(effect.transactions, effect.link);
      case 'acceptBlock':
        return this.#acceptBlock(effect.node, effect.transactions, effect.link);
      case 'readBody':
        return void this.#readBody(effect.token, effect.node);
      case 'saveAddresses':
        return this.#parts.saveAddresses(effect.bytes);
      case 'event':
        return this.#listeners.tell({ type: 'network', name: effect.name, fields: effect.fields });
    }
  }

  async #readBody(token: number, node: HeaderNode): Promise<void> {
    this.#reading++;
    // A body the store has damaged is a body we don't have.
    const body = await this.ledger.readBody(node).catch((error) => {
      if (!(error instanceof CorruptStoreError || error instanceof RuleError)) this.fail(error);
      return null;
    });
    this.#reading--;
    this.#input({ type: 'bodyRead', token, body });
  }

  #acceptBlock(node: HeaderNode, transactions: readonly Transaction[], link: number | null): void {
    this.#unanswered.set(node.key, { node, link });
    this.#listeners.tell({ type: 'block', node, link });
    this.ledger.addBody(node, transactions);
    this.#advance();
  }

  #blockMined(header: Header, transactions: readonly Transaction[]) {
    let node: HeaderNode;
    try {
      node = this.ledger.headers.add(header, this.#parts.clock.wallMs());
    } catch (error) {
      // The clock was set back while it was searched.
      if (!(error instanceof RuleError)) throw error;
      return this.mining.tipChanged();
    }
    this.#listeners.tell({ type: 'block', node, link: null });
    this.#input({ type: 'blockMined', node, transactions });
    this.ledger.addBody(node, transactions);
    this.#advance();
  }

  /** Moves the tip as far as the bodies go, one batch a step, so that other work gets its turn between. */
  #advance(): void {
    if (this.#advancing || this.#stopped) return;
    this.#advancing = true;
    void this.#lane.run(async () => {
      let change: TipChange | null = null;
      try {
        change = await this.ledger.advance((rejection) => this.#rejected(rejection));
        if (change !== null) await this.#tipChanged(change);
      } finally {
        this.#advancing = false;
      }
      this.#answer(change === null && !this.ledger.hasBetter);
      if (change !== null || this.ledger.hasBetter) this.#advance();
      else if (this.mining.address !== null && this.mining.deadline() === null) this.mining.tipChanged();
    });
  }

  async #tipChanged(change: TipChange): Promise<void> {
    if (change.disconnected.length > 0) this.reorgs.add(change, this.#parts.clock.wallMs());
    const { returned, early, dropped } = await this.admissions.follow(change);
    this.#listeners.tell({ type: 'tip', change });
    this.admissions.hold(early);
    this.#transactionsDropped(dropped);
    this.#input({ type: 'tipChanged', tip: change.to });
    if (returned.length > 0) this.#transactionsAdded(returned, null, 'displaced');
    this.admissions.retryAfter(change);
    void this.causes.save();
    this.mining.tipChanged();
  }

  #rejected(rejection: Rejection): void {
    this.#listeners.tell({ type: 'invalidBlock', rejection });
    const { node, error } = rejection;
    const link = this.#unanswered.get(node.key)?.link ?? null;
    this.#unanswered.delete(node.key);
    this.#input({ type: 'blockChecked', node, error, link });
  }

  /** Tells the machine what became of the blocks it handed over. `all`: nothing is left to be tried. */
  #answer(all: boolean): void {
    for (const [key, { node, link }] of this.#unanswered) {
      if (!(all || this.ledger.isActive(node) || node.invalid)) continue;
      this.#unanswered.delete(key);
      const error = node.invalid ? new RuleError('INVALID_PARENT') : null;
      this.#input({ type: 'blockChecked', node, error, link });
    }
  }

  #transactionsAdded(transactions: readonly Transaction[], link: number | null, way: Way): void {
    this.#listeners.tell({ type: 'pending', transactions, link, way });
    this.mining.poolChanged();
    this.#input({ type: 'transactionsAdded', transactions, link });
  }

  #transactionsDropped(dropped: readonly Dropped[]): void {
    if (dropped.length === 0) return;
    for (const gone of dropped) this.#listeners.tell({ type: 'dropped', ...gone });
    const transactions = dropped.map(({ transaction }) => transaction);
    void this.ledger.queue.forget(transactions).catch((error) => this.fail(error));
  }

  /** Ends the node: its store is damaged or broken. */
  fail(error: unknown): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#parts.timer.cancel();
    this.#parts.fatal(error);
  }
}
