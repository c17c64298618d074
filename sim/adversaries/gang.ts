/**
 * Owns the adversaries of a world: which there are, whose turn it is, and their end. False nodes run the real reactor
 * behind traffic they tamper with; the others say what they like. What each does is told to the world.
 */
import type { Params } from '../../chain/format/params.ts';
import type { Verifier } from '../../chain/ledger/ports.ts';
import type { Network } from '../network.ts';
import type { NodeObserver, SimNode } from '../node.ts';
import type { Random } from '../random.ts';
import type { Schedule } from '../schedule.ts';
import type { Sign, Users } from '../users.ts';
import type { Actor, ActorWorld } from './actor.ts';
import { Eclipser, type EclipseSize, SMALL_ECLIPSE } from './eclipser.ts';
import { FALSE_NODES, makeFalseNode } from './false-node.ts';
import { Flooder } from './flooder.ts';
import { Spammer } from './forger.ts';
import { Lies } from './lies.ts';
import { RawPeer } from './raw-peer.ts';
import { TimeWarper } from './time-warper.ts';

const ACTORS = ['forger', 'liar', 'flooder', 'eclipser', 'timewarper'] as const;
type ActorName = (typeof ACTORS)[number];

export const ADVERSARIES = [...FALSE_NODES, ...ACTORS] as const;
export type AdversaryName = (typeof ADVERSARIES)[number];

/** Most handshakes are done by then. */
const HANDSHAKE_MS = 500;
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
  readonly sign?: Sign | undefined;
  readonly eclipse?: EclipseSize;
  /** Honest nodes that are up. */
  readonly victims: () => readonly SimNode[];
}

/** What the world hears of its adversaries. */
export interface GangObserver extends Pick<NodeObserver, 'fatal'> {
  note(name: string, ...details: string[]): void;
}

export class Gang {
  readonly nodes: SimNode[] = [];
  /** Their places on the network. */
  readonly indexes: readonly number[];
  readonly eclipsers: Eclipser[] = [];
  readonly #actors: Actor[] = [];
  readonly #peers: RawPeer[] = [];
  readonly #random: Random;
  readonly #schedule: Schedule;
  #turn = 0;
  #stopped = false;

  constructor(
    options: GangOptions,
    schedule: Schedule,
    network: Network,
    random: Random,
    observer: GangObserver,
  ) {
    this.#random = random;
    this.indexes = options.names.map((_, i) => options.honest + i);
    this.#schedule = schedule;
    options.names.forEach((name, i) => {
      const index = options.honest + i;
      const draws = random.fork(`${name} ${i}`);
      const note = (deed: string): void => observer.note(`deed ${name} ${deed}`);
      if (isActor(name)) {
        const world = { ...options, schedule, network, random: draws, index, note };
        this.#actors.push(this.#makeActor(name, world, options.eclipse));
        return;
      }
      const victim = options.users.address(VICTIM);
      const fatal: NodeObserver['fatal'] = (node, error) => observer.fatal(node, error);
      const percent = options.percent?.[name];
      const node = { ...options, name, index, percent, victim, fatal, note };
      this.nodes.push(makeFalseNode(node, schedule, network, draws));
    });
  }

  start(): void {
    for (const node of this.nodes) node.start();
    for (const actor of this.#actors) actor.start?.();
  }

  /** True while somebody in one of its nodes awaits something. */
  get busy(): boolean {
    return this.nodes.some((node) => node.busy);
  }

  /** One of those that aren't nodes does what it is there for. */
  async act(victims: readonly SimNode[]): Promise<void> {
    if (this.#stopped || this.#actors.length === 0 || victims.length === 0) return;
    const { chainId } = victims[0]!.reactor!.ledger;
    const outcasts = this.#peers.filter(({ links }) => links.length === 0);
    for (const peer of outcasts) {
      peer.move();
      for (const { address } of victims) peer.dial(address, chainId);
    }
    if (outcasts.length > 0) await this.#schedule.wait(HANDSHAKE_MS);
    await this.#actors[this.#turn++ % this.#actors.length]!.act(
      this.#random.shuffle(victims.filter(({ reactor }) => reactor !== null)),
    );
  }

  /** All of them are gone for good. */
  stop(): void {
    this.#stopped = true;
    for (const node of this.nodes) node.crash();
    for (const actor of this.#actors) actor.stop();
  }

  #makeActor(name: ActorName, world: ActorWorld, eclipse = SMALL_ECLIPSE): Actor {
    if (name === 'eclipser') {
      const eclipser = new Eclipser(world, eclipse);
      this.eclipsers.push(eclipser);
      return eclipser;
    }
    const peer = new RawPeer(world.index, world.network, world.random, { sign: world.sign });
    this.#peers.push(peer);
    if (name === 'flooder') return new Flooder(peer, world);
    if (name === 'forger') return new Spammer(peer, world);
    return name === 'liar' ? new Lies(peer, world) : new TimeWarper(peer, world);
  }
}

function isActor(name: AdversaryName): name is ActorName {
  return !(FALSE_NODES as readonly string[]).includes(name);
}
