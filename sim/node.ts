/**
 * Owns one node of the world: a disk that stays, and a process on it that comes and goes, made of the very ledger,
 * mempool and reactor that a real node runs.
 */

import { CorruptStoreError } from '../chain/errors.ts';
import type { Params } from '../chain/format/params.ts';
import { Ledger } from '../chain/ledger/ledger.ts';
import type { Verifier } from '../chain/ledger/ports.ts';
import { Mempool } from '../chain/pool/mempool.ts';
import type { Clock, TransportInput } from '../node/ports.ts';
import type { NodeEvent } from '../node/reactor/events.ts';
import { Reactor } from '../node/reactor/reactor.ts';
import type { Scrubber } from '../node/scrubber.ts';
import type { Verify } from '../p2p/door.ts';
import type { Signer } from '../wallet/identity.ts';
import { addressOfNode, hostOfNode, PORT } from './address.ts';
import type { Tamper } from './adversaries/tamper.ts';
import { Disk } from './disk.ts';
import { VirtualMiner } from './miner.ts';
import type { Mount } from './mount.ts';
import type { Network } from './network.ts';
import type { Random } from './random.ts';
import type { Schedule } from './schedule.ts';
import { makeScrubber } from './scrubbing.ts';
import { VirtualTimer } from './timer.ts';
import { VirtualTransport } from './transport.ts';
import { makeSigner, type Sign } from './users.ts';

/** What a node tells the world. */
export interface NodeObserver {
  input(node: SimNode, input: TransportInput): void;
  closed(node: SimNode, remote: number, code: string, reason: string): void;
  event(node: SimNode, event: NodeEvent): void;
  /** It makes its state again from its blocks, or fetches them all again. */
  rebuilt(node: SimNode, reason: string): void;
  fatal(node: SimNode, error: unknown): void;
}

export interface NodeConfig {
  readonly index: number;
  readonly params: Params;
  readonly verifier: Verifier;
  /** Indexes of the nodes it is told of. */
  readonly peers: readonly number[];
  /** Nobody can dial it, as behind a router. */
  readonly hidden?: boolean;
  /** Milliseconds its wall clock is ahead. */
  readonly skewMs: number;
  /** Hashes a second; 0 for a node that doesn't mine. */
  readonly hashrate: number;
  readonly diskLatencyMs: number;
  readonly sign?: Sign;
  /** A quick way to check the signatures of handshakes. */
  readonly verify?: Verify;
  /** What it does to its own traffic, if it is a false one. */
  readonly tamper?: Tamper;
  /** Milliseconds its wall clock is ahead besides, at a time of the world. */
  readonly drift?: (nowMs: number) => number;
}

interface Process {
  /** Of the world's clock. */
  readonly bootedAt: number;
  readonly mount: Mount;
  readonly reactor: Reactor;
  readonly transport: VirtualTransport;
  readonly timer: VirtualTimer;
  readonly miner: VirtualMiner;
  readonly scrubber: Scrubber;
}

export class SimNode {
  readonly index: number;
  readonly config: NodeConfig;
  readonly disk: Disk;
  /** Its identity on the network, and the account its blocks pay. */
  readonly signer: Signer;
  readonly #schedule: Schedule;
  readonly #network: Network;
  readonly #random: Random;
  readonly #observer: NodeObserver;
  #process: Process | null = null;
  #mount: Mount | null = null;
  #starts = 0;
  /** It is to run, once an earlier process has ended. */
  #wanted = false;
  #gone = false;

  constructor(
    config: NodeConfig,
    schedule: Schedule,
    network: Network,
    random: Random,
    observer: NodeObserver,
  ) {
    this.index = config.index;
    this.config = config;
    this.#schedule = schedule;
    this.#network = network;
    this.#random = random;
    this.#observer = observer;
    this.disk = new Disk(schedule, random.fork('disk'), config.diskLatencyMs);
    this.signer = makeSigner(random.fork('key').bytes(32), config.sign);
  }

  get address(): string {
    return addressOfNode(this.index);
  }

  /** True from `start` to `crash`, also while it opens its store. */
  get isUp(): boolean {
    return this.#mount !== null;
  }

  /** True for as long as the process runs that runs now: another one on the same disk knows nothing of its work. */
  get life(): () => boolean {
    const mount = this.#mount;
    return () => mount !== null && this.#mount === mount;
  }

  /** The running reactor; `null` while there is none. */
  get reactor(): Reactor | null {
    return this.#process?.reactor ?? null;
  }

  /** The monotonic clock of its process. */
  get monotonicMs(): number {
    return this.#schedule.now - (this.#process?.bootedAt ?? 0);
  }

  /** True while somebody in it awaits something, as all do that start or stop. */
  get busy(): boolean {
    return this.#mount !== null && (this.#process === null || this.#process.reactor.busy);
  }

  /** True if nothing is under way in it. */
  get atRest(): boolean {
    return this.#process !== null && !this.#process.reactor.busy && this.#process.mount.pending === 0;
  }

  /** It has left and never comes back. */
  get gone(): boolean {
    return this.#gone;
  }

  /** It has run at some time. */
  get hasJoined(): boolean {
    return this.#starts > 0;
  }

  start(): void {
    if (this.#gone) return;
    this.#wanted = true;
    if (this.#mount !== null) return;
    const mount = this.disk.mount();
    this.#mount = mount;
    this.#boot(mount, this.#random.fork(`start ${this.#starts++}`)).catch((error) => {
      // What the reactor reported itself is being seen to.
      if (error instanceof CorruptStoreError) this.#failed(error);
      else this.#giveUp(error);
    });
  }

  /** Ends in good order, after the work under way. */
  stop(): void {
    const running = this.#process;
    if (running === null) return;
    this.#process = null;
    this.#wanted = false;
    running.scrubber
      .stop()
      .then(() => running.reactor.stop())
      .then(() => {
        if (this.#mount !== running.mount) return;
        running.mount.crash();
        this.#mount = null;
        if (this.#wanted) this.start();
      })
      .catch((error) => this.#giveUp(error));
  }

  /** The process is gone in the middle of whatever it did; the disk stays. */
  crash(): void {
    this.#wanted = false;
    this.#mount?.crash();
    this.#mount = null;
    const running = this.#process;
    this.#process = null;
    if (running === null) return;
    running.transport.crash();
    running.timer.crash();
    void Promise.all([running.scrubber.stop(), running.miner.stop()]);
  }

  /** As a crash, and what wasn't synced may be lost. */
  cutPower(): void {
    this.crash();
    this.disk.cutPower();
  }

  /** It goes for good, and its disk with it. */
  leave(): void {
    this.#gone = true;
    this.crash();
    this.disk.wipe();
  }

  /** As node/node.ts: damage leads to another start on an empty store, and a full disk ends the node. */
  #failed(error: unknown) {
    const running = this.#process;
    if (running === null) return;
    if (this.disk.full || !(error instanceof CorruptStoreError)) return this.#giveUp(error);
    this.#process = null;
    const { mount, reactor, scrubber } = running;
    scrubber
      .stop()
      .then(() => reactor.stop())
      .then(() => {
        if (this.#mount !== mount) return;
        mount.crash();
        this.#mount = null;
        this.#renew(error.message);
        this.start();
      })
      .catch((failure) => this.#giveUp(failure));
  }

  #renew(reason: string): void {
    this.#observer.rebuilt(this, reason);
    this.disk.renew();
  }

  /** A full disk ends a node, and is no fault of its own. */
  #giveUp(error: unknown) {
    if (this.disk.full) this.crash();
    else this.#observer.fatal(this, error);
  }

  /** The ledger on the disk, on an empty store if that is damaged; `null` if the process ended meanwhile. */
  async #open(mount: Mount, verifier: Verifier, params: Params): Promise<Ledger | null> {
    const { store, files } = mount;
    const pause = (): Promise<void> => this.#schedule.wait(0);
    const open = (): Promise<Ledger> => Ledger.open({ params, store, files, verifier, pause });
    try {
      return await open();
    } catch (error) {
      if (this.#mount === mount && this.disk.full) this.crash();
      if (this.#mount !== mount) return null;
      if (!(error instanceof CorruptStoreError)) throw error;
      this.#renew(error.message);
      return await open();
    }
  }

  async #boot(mount: Mount, random: Random): Promise<void> {
    const { index, params, verifier, peers, hidden, skewMs, hashrate, verify, tamper, drift } = this.config;
    const schedule = this.#schedule;
    const ledger = await this.#open(mount, verifier, params);
    if (ledger === null || this.#mount !== mount) return;
    const bootedAt = schedule.now;
    const clock: Clock = {
      monotonicMs: () => schedule.now - bootedAt,
      wallMs: () => params.time + schedule.now + skewMs + (drift?.(schedule.now) ?? 0),
    };
    const timer = new VirtualTimer(schedule, bootedAt);
    const miner = new VirtualMiner(schedule, random.fork('miner'));
    const traffic = {
      input: (input: TransportInput) => this.#observer.input(this, input),
      closed: (remote: number, code: string, reason: string) =>
        this.#observer.closed(this, remote, code, reason),
    };
    const host = hostOfNode(index);
    const transport = new VirtualTransport(index, host, this.#network, schedule, traffic, tamper ?? null);
    const draws = random.fork('machine');
    const reactor = new Reactor({
      ledger,
      pool: new Mempool(params),
      transport,
      clock,
      timer,
      miner,
      identity: { ...this.signer, ...(verify && { verify }) },
      random: () => draws.next(),
      network: { listen: hidden === true ? '' : this.address, agent: 'sim', peers: peers.map(addressOfNode) },
      savedAddresses: this.disk.addresses,
      saveAddresses: (bytes) => {
        this.disk.addresses = bytes.slice();
      },
      fatal: (error) => this.#failed(error),
    });
    reactor.listen((event) => this.#observer.event(this, event));
    const scrubber = makeScrubber(reactor, clock, schedule, bootedAt);
    this.#process = { bootedAt, mount, reactor, transport, timer, miner, scrubber };
    if (hidden !== true) await transport.listen(transport.host, PORT);
    await reactor.start();
    scrubber.start();
    if (hashrate > 0) reactor.mining.set(this.signer.address, hashrate);
  }
}
