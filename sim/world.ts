/**
 * Owns a world: nodes, people, the network between them and virtual time, all drawn from one seed. Everything that
 * happens follows from the seed and from what the caller orders, so a failure is replayed by its line.
 */
import { NobleVerifier } from '../chain/crypto/ed25519.ts';
import { CorruptStoreError } from '../chain/errors.ts';
import type { Params } from '../chain/format/params.ts';
import type { Body, Transaction } from '../chain/format/transaction.ts';
import type { Submitted } from '../node/reactor/admissions.ts';
import { Gang } from './adversaries/gang.ts';
import { areIdle, describeNodes, doAgree } from './agreement.ts';
import { sharedRows } from './audit.ts';
import { drawHashrates, totalHashrate, worldParams } from './ledger-params.ts';
import { Network } from './network.ts';
import { SimNode } from './node.ts';
import { Random } from './random.ts';
import { Referee } from './referee/referee.ts';
import { Schedule } from './schedule.ts';
import { nextNonce, standingsOf } from './standing.ts';
import { Users } from './users.ts';
import { SharedVerifier } from './verifier.ts';
import { Watch } from './watch.ts';
import type { WorldOptions } from './world-options.ts';

/** Peers each node is told of: the ones before it, so that the graph is connected. */
const PEERS_TOLD = 4;
/** No node takes longer over one order, however slow its disk is. */
const FINISH_MS = 120_000;

export class World {
  readonly params: Params;
  readonly random: Random;
  readonly users: Users;
  /** How many nodes were there from the beginning: the first ones. */
  readonly founders: number;
  /** The honest ones. */
  readonly nodes: readonly SimNode[];
  readonly gang: Gang;
  readonly watch: Watch;
  readonly network: Network;
  readonly #schedule = new Schedule();
  readonly #options: WorldOptions;

  constructor(options: WorldOptions) {
    const {
      seed,
      nodes: founders,
      spares = 0,
      miners = founders + spares,
      started = founders,
      hidden = 0,
      users = 8,
      blockMs = 10_000,
      skewMs = 500,
    } = options;
    const nodes = founders + spares;
    this.founders = founders;
    this.#options = options;
    this.random = new Random(seed);
    this.users = new Users(this.random.fork('users'), users, options.sign);
    const usual = worldParams(this.random.fork('salt'), blockMs, this.users.allocations);
    this.params = options.amend?.(usual) ?? usual;
    const hashrate = totalHashrate(this.params);
    const verifier = new SharedVerifier(options.verifier ?? new NobleVerifier());
    this.watch = new Watch(this.#schedule, new Referee(this.params, verifier), nodes);
    this.network = new Network(this.#schedule, this.random.fork('network'), {
      latencyMs: options.latencyMs ?? [10, 80],
      bytesPerMs: options.bytesPerMs ?? null,
    });
    const skews = this.random.fork('skew');
    const rates = drawHashrates(this.random.fork('hash rates'), hashrate, miners, options.uneven === true);
    const isHidden = (index: number): boolean => index >= founders - hidden && index < founders;
    const dialled = Array.from({ length: nodes }, (_, index) => index).filter((index) => !isHidden(index));
    this.nodes = Array.from({ length: nodes }, (_, index) => {
      const config = {
        index,
        params: this.params,
        verifier,
        peers:
          options.peersOf?.(index) ??
          dialled
            .filter((other) => other < index)
            .slice(-PEERS_TOLD)
            .reverse(),
        hidden: isHidden(index),
        skewMs: skews.between(-skewMs, skewMs),
        hashrate: rates[index] ?? 0,
        diskLatencyMs: options.diskLatencyMs ?? 0,
        ...(options.sign && { sign: options.sign }),
        ...(options.verify && { verify: options.verify }),
        ...(options.aheadMs && { drift: options.aheadMs }),
      };
      return new SimNode(config, this.#schedule, this.network, this.random.fork(`node ${index}`), this.watch);
    });
    const gang = {
      names: options.adversaries ?? [],
      honest: nodes,
      params: this.params,
      verifier,
      users: this.users,
      hashrate,
      sign: options.sign,
      victims: () => this.up,
      ...(options.adversaryPercent && { percent: options.adversaryPercent }),
      ...(options.eclipse && { eclipse: options.eclipse }),
    };
    this.gang = new Gang(gang, this.#schedule, this.network, this.random.fork('gang'), this.watch);
    for (const node of this.nodes.slice(0, started)) node.start();
    this.gang.start();
  }

  /** Milliseconds since the world began. */
  get now(): number {
    return this.#schedule.now;
  }

  get up(): readonly SimNode[] {
    return this.nodes.filter((node) => node.reactor !== null);
  }

  /** Those that have not left for good. */
  get members(): readonly SimNode[] {
    return this.nodes.filter((node) => !node.gone);
  }

  /** Has something happen later. */
  after(ms: number, run: () => void): void {
    this.#schedule.after(ms, run);
  }

  /** Lets time go on. */
  async run(ms: number): Promise<void> {
    const end = this.now + ms;
    await this.#schedule.settle();
    while ((this.#schedule.nextAt ?? end + 1) <= end) if (this.#step()) await this.#settle();
    this.#schedule.skipTo(end);
  }

  /** Lets time go on until the predicate holds, which must be within the limit. Looks every virtual `everyMs`. */
  async until(
    what: string | (() => string),
    holds: () => boolean,
    limitMs: number,
    everyMs = 250,
  ): Promise<void> {
    const end = this.now + limitMs;
    while (!holds()) {
      if (this.now >= end) {
        const law = typeof what === 'string' ? what : what();
        this.#throw(new Error(`not within ${limitMs} ms: ${law}\n${this.describe()}`));
      }
      await this.run(Math.min(everyMs, end - this.now));
    }
  }

  /** Hands a signed transaction to a node, as a user. Resolves at once in virtual time unless disks are slow. */
  async submit(node: SimNode, ...transactions: readonly Transaction[]): Promise<Submitted[]> {
    const isAlive = node.life;
    return (await this.finish(this.hand(node, transactions), isAlive)) ?? [];
  }

  /** The same without letting time go on. Never resolves if the node dies meanwhile. */
  hand(node: SimNode, transactions: readonly Transaction[]): Promise<Submitted[]> {
    const bytes = transactions.map((transaction) => transaction.bytes);
    // A node whose disk is full or damaged acknowledges nothing.
    return node.reactor!.submit(bytes).catch((error) => {
      if (node.disk.full || (node.disk.harmed && error instanceof CorruptStoreError)) return [];
      throw error;
    });
  }

  /** Lets time go on until work is done, `FINISH_MS` at most; `undefined` if `lasts` or the world's work ends first. */
  async finish<T>(work: Promise<T>, lasts: () => boolean): Promise<T | undefined> {
    // Called once the work is over: gives what came of it, or throws.
    let outcome = null as (() => T) | null;
    work.then(
      (value) => {
        outcome = () => value;
      },
      (error) => {
        outcome = () => this.#throw(error);
      },
    );
    const end = this.now + FINISH_MS;
    await this.#schedule.settle();
    while (outcome === null && lasts() && this.#schedule.nextAt !== undefined) {
      if (this.now > end)
        this.#throw(new Error(`work is not done within ${FINISH_MS} ms\n${this.describe()}`));
      if (this.#step()) await this.#settle();
    }
    return outcome?.();
  }

  /** The nonce a user's next transaction needs, as the node sees it. */
  async nextNonce(node: SimNode, user: number): Promise<number> {
    const [standing] = await standingsOf(node, [this.users.address(user)]);
    return nextNonce(standing!);
  }

  /** A user signs a transaction and hands it to a node. Both, and what the node said. */
  async send(
    node: SimNode,
    user: number,
    body: Body,
  ): Promise<{ transaction: Transaction; answer: Submitted | undefined }> {
    const transaction = this.users.sign(user, {
      chainId: node.reactor!.ledger.chainId,
      nonce: await this.nextNonce(node, user),
      feePerByte: this.params.prices.feePerByte,
      body,
    });
    const [answer] = await this.submit(node, transaction);
    return { transaction, answer };
  }

  /** A user pays another, by way of a node. */
  pay(node: SimNode, from: number, to: number, amount: number): ReturnType<World['send']> {
    return this.send(node, from, this.users.transfer(to, amount));
  }

  /** True if all running nodes have the same tip and the same mempool. */
  get agrees(): boolean {
    return doAgree(this.up);
  }

  /** True if no running node waits for anything of its peers, or holds anything for them. */
  get idle(): boolean {
    return areIdle(this.up);
  }

  /** Every process and link stands still while all clocks go on: what was due meanwhile happens at the end, late. */
  freeze(ms: number): void {
    this.#schedule.skipTo(this.now + ms);
    this.watch.leapt();
  }

  /** Waits until all agree and nothing is under way, and checks that their stores are the same then. */
  async auditSame(limitMs = 120_000): Promise<void> {
    await this.until('all agree and nothing is held back', () => this.agrees && this.idle, limitMs);
    await this.#auditAll();
    const [first, ...others] = await Promise.all(this.up.map(({ disk }) => sharedRows(disk.content)));
    for (const rows of others) {
      const differing = rows.find((row, i) => row !== first![i]) ?? first![rows.length];
      if (differing !== undefined)
        this.#throw(new Error(`the stores of nodes that agree differ: ${differing}`));
    }
  }

  /** Checks a law at this very moment. */
  async demand(law: Promise<void>): Promise<void> {
    await law.catch((error) => this.#throw(error));
  }

  /** One line a node: where it is and what it holds. */
  describe(): string {
    return describeNodes(this.nodes);
  }

  /** Checks the whole of every running node. */
  async #auditAll(): Promise<void> {
    for (const node of this.up) if (node.atRest) await this.watch.auditNode(node, true);
    this.#throwFailure();
  }

  /** Runs the next event. True if something it set off isn't over, or there is something to check. */
  #step(): boolean {
    try {
      const awaited = this.#schedule.step();
      this.#throwFailure();
      return awaited || this.watch.hasChanges || this.#isBusy();
    } catch (error) {
      this.#throw(error);
    }
  }

  #isBusy(): boolean {
    return this.nodes.some(({ busy }) => busy) || this.gang.busy;
  }

  async #settle(): Promise<void> {
    try {
      await this.#schedule.settle();
      if (this.watch.hasChanges) await this.watch.audit();
    } catch (error) {
      this.#throw(error);
    }
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.watch.failure !== null) this.#throw(this.watch.failure);
  }

  #throw(error: unknown): never {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    throw new Error(`seed ${this.#options.seed}, ${this.now} ms: ${what}\nReplay: ${this.#options.replay}`);
  }
}
