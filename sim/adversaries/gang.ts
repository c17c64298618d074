/**
 * Owns the adversaries of a world: which there are, what they do when their time comes, and their end. False nodes run
 * the real reactor behind traffic they tamper with; raw peers say what they like.
 */
import type { Params } from '../../chain/format/params.ts';
import type { Verifier } from '../../chain/ledger/ports.ts';
import type { Network } from '../network.ts';
import { type NodeObserver, SimNode } from '../node.ts';
import type { Random } from '../random.ts';
import type { Schedule } from '../schedule.ts';
import type { Users } from '../users.ts';
import { flood } from './flooder.ts';
import { forgeBlock, HEADER_LIES, type HeaderLie, idle } from './forge.ts';
import { Forger, forgeTransaction, LIES } from './forger.ts';
import { Liar } from './liar.ts';
import { RawPeer } from './raw-peer.ts';
import { censor, dawdler, mutate, mutator, selfish, type Tamper, withholder } from './tamper.ts';

export const ADVERSARIES = [
  'selfish',
  'withholder',
  'dawdler',
  'mutator',
  'censor',
  'warper',
  'forger',
  'liar',
  'flooder',
] as const;
export type AdversaryName = (typeof ADVERSARIES)[number];

/** Per cent of the honest hash rate that a false node has: together they stay a minority. */
const RATE_PERCENT: Partial<Record<AdversaryName, number>> = {
  selfish: 25,
  warper: 10,
  mutator: 5,
  censor: 10,
};
/** A liar about time is ahead for so long, then behind for as long. */
const WARP_PERIOD_MS = 120_000;
const WARP_MS = 8_000;
/** The user that a censor doesn't like. */
export const VICTIM = 2;

interface GangOptions {
  readonly names: readonly AdversaryName[];
  /** Honest nodes; the adversaries' indexes follow theirs. */
  readonly honest: number;
  readonly params: Params;
  readonly verifier: Verifier;
  readonly users: Users;
  readonly hashrate: number;
  /** Other shares of the hash rate than the usual ones. */
  readonly percent?: Partial<Record<AdversaryName, number>>;
}

export class Gang {
  readonly nodes: SimNode[] = [];
  readonly #acts: ((victims: readonly SimNode[]) => Promise<void>)[] = [];
  readonly #peers: RawPeer[] = [];
  readonly #options: GangOptions;
  readonly #schedule: Schedule;
  readonly #random: Random;
  #stopped = false;

  constructor(
    options: GangOptions,
    schedule: Schedule,
    network: Network,
    random: Random,
    observer: Pick<NodeObserver, 'fatal'>,
  ) {
    this.#options = options;
    this.#schedule = schedule;
    this.#random = random;
    options.names.forEach((name, i) => {
      const index = options.honest + i;
      const draws = random.fork(`${name} ${i}`);
      const tamper = this.#tamperOf(name, draws);
      if (tamper === null) this.#addPeer(name, new RawPeer(index, network, draws));
      else this.nodes.push(this.#makeNode(name, index, tamper, network, draws, observer));
    });
  }

  start(): void {
    for (const node of this.nodes) node.start();
  }

  /** True while somebody in one of its nodes awaits something. */
  get busy(): boolean {
    return this.nodes.some((node) => node.busy);
  }

  /** One of the raw peers does what it is there for. */
  async act(victims: readonly SimNode[]): Promise<void> {
    if (this.#stopped || this.#acts.length === 0 || victims.length === 0) return;
    const { chainId } = victims[0]!.reactor!.ledger;
    for (const peer of this.#peers)
      if (peer.links.length === 0) for (const { address } of victims) peer.dial(address, chainId);
    await this.#random.pick(this.#acts)(victims);
  }

  /** All of them are gone for good. */
  stop(): void {
    this.#stopped = true;
    for (const node of this.nodes) node.crash();
    for (const peer of this.#peers) peer.hangUp();
  }

  #tamperOf(name: AdversaryName, random: Random): Tamper | null {
    switch (name) {
      case 'selfish':
        return selfish(() => this.#schedule.now);
      case 'withholder':
        return withholder();
      case 'dawdler':
        return dawdler(random);
      case 'mutator':
        return mutator(random);
      case 'censor':
        return censor(this.#options.users.address(VICTIM));
      case 'warper':
        return { outgoing: (bytes) => [{ bytes, afterMs: 0 }], incoming: (frame) => frame };
      default:
        return null;
    }
  }

  #makeNode(
    name: AdversaryName,
    index: number,
    tamper: Tamper,
    network: Network,
    random: Random,
    observer: Pick<NodeObserver, 'fatal'>,
  ): SimNode {
    const { params, verifier, honest, hashrate, percent } = this.#options;
    const config = {
      index,
      params,
      verifier,
      peers: Array.from({ length: honest }, (_, i) => i),
      skewMs: 0,
      hashrate: (hashrate * (percent?.[name] ?? RATE_PERCENT[name] ?? 0)) / 100,
      diskLatencyMs: 0,
      tamper,
      drift: (nowMs: number) =>
        name === 'warper' && nowMs % WARP_PERIOD_MS < WARP_PERIOD_MS / 2 ? WARP_MS : 0,
    };
    const watch = {
      input: () => {},
      closed: () => {},
      event: () => {},
      rebuilt: () => {},
      fatal: (node: SimNode, error: unknown) => observer.fatal(node, error),
    };
    return new SimNode(config, this.#schedule, network, random, watch);
  }

  #addPeer(name: AdversaryName, peer: RawPeer): void {
    this.#peers.push(peer);
    if (name === 'flooder') this.#acts.push(async () => flood(peer));
    if (name === 'forger') {
      const forger = new Forger(peer);
      this.#acts.push((victims) => this.#forge(forger, victims));
    }
    if (name === 'liar') {
      const liar = new Liar(peer, { body: (transactions) => mutate(transactions, peer.random) });
      this.#acts.push((victims) => this.#lie(liar, victims));
    }
  }

  async #forge(forger: Forger, victims: readonly SimNode[]): Promise<void> {
    const { users } = this.#options;
    const { random } = forger.peer;
    const { ledger } = random.pick(victims).reactor!;
    const draft = {
      chainId: ledger.chainId,
      nonce: random.below(4),
      height: ledger.tip.height,
      from: random.below(users.all.length),
      to: random.below(users.all.length),
    };
    // All but the gap: that one is good as soon as its sender gets there, and then it is the sender's own.
    const lies = LIES.filter((lie) => lie !== 'gap');
    forger.announce(forgeTransaction(users, random.pick(lies), draft));
  }

  async #lie(liar: Liar, victims: readonly SimNode[]): Promise<void> {
    const { random } = liar.peer;
    const victim = random.pick(victims);
    // It reads the victim's own store, which may be damaged.
    if (!victim.atRest || victim.disk.harmed) return;
    const { ledger, pool } = victim.reactor!;
    const { params, users } = this.#options;
    const block = await forgeBlock(ledger, {
      candidates: [...pool.best()],
      miner: users.address(0),
      wallMs: params.time + this.#schedule.now,
      lie: random.pick(Object.keys(HEADER_LIES) as HeaderLie[]),
    });
    if (random.chance(1, 3)) liar.tell({ ...block, header: idle(block.header) });
    else if (random.chance(1, 2)) liar.push(block);
    else liar.tell(block);
  }
}
