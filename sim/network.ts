/**
 * Owns the paths between the nodes of a world: who can reach whom, how far apart they are, and the links that are open.
 * A partition breaks the links across it or keeps what is sent until it heals, both ways or one way only; a clogged way
 * keeps what is sent for a while. Links are reliable and in order, as TCP is, so a packet lost below them shows as what
 * it is to whoever reads: a wait for its retransmission, which holds up all that was sent after it.
 */
import type { TransportInput } from '../node/ports.ts';
import { type LinkQuality, Side } from './link.ts';
import type { Random } from './random.ts';
import type { Schedule } from './schedule.ts';

/** As node/transport.ts: a dial that nobody answers. */
const DIAL_TIMEOUT_MS = 5_000;
/** As TCP: the first wait for a lost packet's acknowledgement, doubled for each further loss, of which so many count. */
const RETRANSMIT_MS = 200;
const RETRANSMITS_MAX = 5;
/** First of the ports that dialling nodes seem to come from. */
const EPHEMERAL_PORT = 49_152;

export interface NetworkOptions {
  /** Least and most milliseconds a frame takes; drawn for each pair of nodes. */
  readonly latencyMs: readonly [number, number];
  readonly bytesPerMs: number | null;
}

/** One running process on the network. */
export interface Endpoint {
  readonly node: number;
  readonly host: string;
  readonly listening: boolean;
  report(input: TransportInput): void;
  /** Number of a new link, never used before. */
  nextLink(): number;
  attach(side: Side): void;
}

interface Pair {
  readonly a: Endpoint;
  readonly b: Endpoint;
  readonly sides: readonly [Side, Side];
}

export class Network {
  readonly #schedule: Schedule;
  readonly #random: Random;
  readonly #options: NetworkOptions;
  readonly #latencies = new Map<string, number>();
  readonly #endpoints = new Map<string, Endpoint>();
  #pairs: Pair[] = [];
  /** Node → its group; nodes of different groups can't reach each other. */
  #groups = new Map<number, number>();
  /** `from>to` of the ways on which nothing gets through: of a partition, and of clogs. */
  #silent = new Set<string>();
  readonly #clogged = new Set<string>();
  readonly #lag = new Map<number, number>();
  /** Node → per mille of its frames that are lost once or more. */
  readonly #loss = new Map<number, number>();
  #lastPort = EPHEMERAL_PORT;

  constructor(schedule: Schedule, random: Random, options: NetworkOptions) {
    this.#schedule = schedule;
    this.#random = random;
    this.#options = options;
  }

  /** Registers who answers at `ws://host:port`; the process before it is forgotten. */
  register(address: string, endpoint: Endpoint): void {
    this.#endpoints.set(address, endpoint);
  }

  /** Splits the nodes; those not named stay together. `cut` breaks links, else they only stall. */
  split(groups: readonly (readonly number[])[], cut: boolean): void {
    this.#groups = new Map(groups.flatMap((nodes, i) => nodes.map((node) => [node, i + 1] as const)));
    this.#silent.clear();
    this.#apply();
    if (!cut) return;
    for (const { a, b, sides } of this.#pairs)
      if (this.#areApart(a.node, b.node)) for (const side of sides) side.cut();
  }

  /** A partition one way: what `speakers` send to `listeners` stays where it is; they hear all. Replaces a split. */
  silence(speakers: readonly number[], listeners: readonly number[]): void {
    this.#groups.clear();
    this.#silent = new Set(speakers.flatMap((from) => listeners.map((to) => way(from, to))));
    this.#apply();
  }

  /** What a node sends to another stays where it is, until it is told otherwise. */
  clog(from: number, to: number, clogged: boolean): void {
    if (clogged) this.#clogged.add(way(from, to));
    else this.#clogged.delete(way(from, to));
    this.#apply();
  }

  heal(): void {
    this.#clogged.clear();
    this.split([], false);
  }

  /** Adds milliseconds to all that a node sends and gets. */
  lag(node: number, ms: number): void {
    this.#lag.set(node, ms);
  }

  /** Of what a node sends and gets, so many frames of a thousand are lost and sent again. */
  lose(node: number, perMille: number): void {
    this.#loss.set(node, perMille);
  }

  dial(from: Endpoint, address: string): void {
    const to = this.#endpoints.get(address);
    const latency = this.#latency(from.node, to?.node ?? from.node);
    if (to !== undefined && !this.#canConnect(from.node, to.node)) {
      this.#schedule.after(DIAL_TIMEOUT_MS, () => from.report({ type: 'dialFailed', address }));
      return;
    }
    this.#schedule.after(latency, () => {
      const now = this.#endpoints.get(address);
      if (now === undefined || !now.listening || !this.#canConnect(from.node, now.node)) {
        this.#schedule.after(latency, () => from.report({ type: 'dialFailed', address }));
      } else {
        this.#connect(from, now, address, latency);
      }
    });
  }

  #connect(from: Endpoint, to: Endpoint, address: string, latencyMs: number): void {
    const quality: LinkQuality = {
      latencyMs,
      jitter: () =>
        this.#random.below(1 + (latencyMs >> 2)) +
        (this.#lag.get(from.node) ?? 0) +
        (this.#lag.get(to.node) ?? 0) +
        this.#waitForLost(from.node, to.node),
      bytesPerMs: this.#options.bytesPerMs,
    };
    const dialled = new Side(from.nextLink(), to.node, this.#schedule, quality, (input) =>
      from.report(input),
    );
    const accepted = new Side(to.nextLink(), from.node, this.#schedule, quality, (input) => to.report(input));
    Side.join(dialled, accepted);
    this.#pairs.push({ a: from, b: to, sides: [dialled, accepted] });
    // The answer to the dial is under way before the first frame of the other side.
    this.#schedule.after(latencyMs, () =>
      from.report({ type: 'opened', link: dialled.link, inbound: false, address, loopback: false }),
    );
    from.attach(dialled);
    to.attach(accepted);
    const remote = `${from.host}:${this.#lastPort++}`;
    to.report({ type: 'opened', link: accepted.link, inbound: true, address: remote, loopback: false });
  }

  /** Has every open link carry what its ways carry now. */
  #apply(): void {
    this.#pairs = this.#pairs.filter(({ sides }) => !(sides[0].ended && sides[1].ended));
    for (const { a, b, sides } of this.#pairs) {
      sides[0].block(!this.#isOpen(a.node, b.node));
      sides[1].block(!this.#isOpen(b.node, a.node));
    }
  }

  #areApart(a: number, b: number): boolean {
    return (this.#groups.get(a) ?? 0) !== (this.#groups.get(b) ?? 0);
  }

  #isOpen(from: number, to: number): boolean {
    const name = way(from, to);
    return !this.#areApart(from, to) && !this.#silent.has(name) && !this.#clogged.has(name);
  }

  /** A link opens only where both ways do. */
  #canConnect(a: number, b: number): boolean {
    return this.#isOpen(a, b) && this.#isOpen(b, a);
  }

  /** Milliseconds until a frame that was lost is there after all; 0 for most. */
  #waitForLost(a: number, b: number): number {
    const loss = Math.max(this.#loss.get(a) ?? 0, this.#loss.get(b) ?? 0);
    let wait = 0;
    for (let i = 0; i < RETRANSMITS_MAX && loss > 0 && this.#random.chance(loss, 1_000); i++)
      wait += RETRANSMIT_MS * 2 ** i;
    return wait;
  }

  #latency(a: number, b: number): number {
    const name = a < b ? `${a}-${b}` : `${b}-${a}`;
    let latency = this.#latencies.get(name);
    if (latency === undefined) {
      latency = this.#random.fork(`latency ${name}`).between(...this.#options.latencyMs);
      this.#latencies.set(name, latency);
    }
    return latency;
  }
}

function way(from: number, to: number): string {
  return `${from}>${to}`;
}
