/**
 * Owns the paths between the nodes of a large world: who answers at which address, and links whose frames come in order,
 * each a latency later, behind what its sender's uplink still has to send. A frame is handed over as it is: whoever gets
 * it doesn't write to it.
 */
import type { TransportInput } from '../../node/ports.ts';
import type { Random } from '../random.ts';
import type { Actor, Queue } from './queue.ts';

/** A running node, as the paths see it. */
export interface Host {
  /** Its place among all nodes that ever were. */
  readonly index: number;
  /** Without port, as others see it. */
  readonly host: string;
  readonly ends: Map<number, End>;
  /** Virtual time, with fractions, at which its uplink has sent everything. */
  uplinkAt: number;
  isUp: boolean;
  report(input: TransportInput): void;
  /** Number of a new link, never used before. */
  nextLink(): number;
}

/** What is seen of the traffic. */
export interface Onlooker {
  sent(frame: Uint8Array, delayMs: number): void;
  arrived(to: Host, frame: Uint8Array): void;
}

/** One-way latency of a link, drawn evenly, and what chance adds to a frame: up to a quarter. */
const LATENCY_MS: readonly [number, number] = [20, 120];
/** 10 Mbit/s. */
const UPLINK_BYTES_PER_MS = 1_250;
/** As node/link.ts: what is sent between two 'drained'. */
const DRAIN_BYTES = 64 * 1024;
const EPHEMERAL_PORT = 49_152;

const FRAME = 0;
const END = 1;
const OPENED = 2;
const DRAINED = 3;

/** One end of a link. */
export class End implements Actor {
  readonly owner: Host;
  readonly link: number;
  readonly #queue: Queue;
  readonly #onlooker: Onlooker;
  readonly #random: Random;
  readonly #latencyMs: number;
  #other: End | null = null;
  #arrivesAt = 0;
  #sinceDrained = 0;
  /** No more frames, in or out. */
  #closing = false;
  #ended = false;

  constructor(owner: Host, latencyMs: number, queue: Queue, random: Random, onlooker: Onlooker) {
    this.owner = owner;
    this.link = owner.nextLink();
    this.#latencyMs = latencyMs;
    this.#queue = queue;
    this.#random = random;
    this.#onlooker = onlooker;
    owner.ends.set(this.link, this);
  }

  static join(a: End, b: End): void {
    a.#other = b;
    b.#other = a;
  }

  send(frame: Uint8Array): void {
    if (this.#closing) return;
    this.#onlooker.sent(frame, this.#put(FRAME, frame));
    this.#sinceDrained += frame.length;
    if (this.#sinceDrained < DRAIN_BYTES) return;
    this.#sinceDrained = 0;
    this.#queue.at(Math.ceil(this.owner.uplinkAt), this, DRAINED, null);
  }

  /** Sends what is under way, then ends once the other side has answered. */
  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#put(END, null);
  }

  /** The process of this end is gone. */
  abandon(): void {
    if (!this.#ended) this.#put(END, null);
    this.#closing = true;
    this.#ended = true;
  }

  /** The dial is answered: its answer comes before the first frame. */
  opened(address: string): void {
    this.#queue.after(this.#latencyMs, this, OPENED, address);
    this.#other!.#arrivesAt = this.#queue.now + this.#latencyMs;
  }

  take(what: number, payload: unknown) {
    const { owner, link } = this;
    if (this.#ended) return;
    switch (what) {
      case FRAME: {
        if (this.#closing) return;
        const bytes = payload as Uint8Array;
        this.#onlooker.arrived(owner, bytes);
        return owner.report({ type: 'frame', link, bytes });
      }
      case OPENED: {
        const address = payload as string;
        return owner.report({ type: 'opened', link, inbound: false, address, loopback: false });
      }
      case DRAINED:
        return owner.report({ type: 'drained', link });
      default:
        if (!this.#closing) this.#put(END, null);
        this.#closing = true;
        this.#ended = true;
        owner.ends.delete(link);
        return owner.report({ type: 'closed', link });
    }
  }

  /** Milliseconds until it arrives. */
  #put(what: number, frame: Uint8Array | null): number {
    const { now } = this.#queue;
    this.owner.uplinkAt =
      Math.max(now, this.owner.uplinkAt) + (frame === null ? 0 : frame.length / UPLINK_BYTES_PER_MS);
    const jitter = this.#random.below(1 + (this.#latencyMs >> 2));
    const at = Math.ceil(this.owner.uplinkAt) + this.#latencyMs + jitter;
    this.#arrivesAt = Math.max(this.#arrivesAt, at);
    this.#queue.at(this.#arrivesAt, this.#other!, what, frame);
    return this.#arrivesAt - now;
  }
}

interface Dial {
  readonly from: Host;
  readonly address: string;
  readonly latencyMs: number;
}

const ASKED = 0;
const FAILED = 1;

export class Paths implements Actor {
  readonly #queue: Queue;
  readonly #random: Random;
  readonly #onlooker: Onlooker;
  readonly #hosts = new Map<string, Host>();
  #lastPort = 0;

  constructor(queue: Queue, random: Random, onlooker: Onlooker) {
    this.#queue = queue;
    this.#random = random;
    this.#onlooker = onlooker;
  }

  /** From now on `host` answers at a `ws://host:port`. */
  register(address: string, host: Host): void {
    this.#hosts.set(address, host);
  }

  /** Nobody answers there any more. */
  forget(address: string): void {
    this.#hosts.delete(address);
  }

  dial(from: Host, address: string): void {
    const latencyMs = this.#random.between(...LATENCY_MS);
    this.#queue.after(latencyMs, this, ASKED, { from, address, latencyMs } satisfies Dial);
  }

  take(what: number, payload: unknown) {
    const dial = payload as Dial;
    const { from, address, latencyMs } = dial;
    if (what === FAILED) return from.report({ type: 'dialFailed', address });
    if (!from.isUp) return;
    const to = this.#hosts.get(address);
    if (to === undefined) return this.#queue.after(latencyMs, this, FAILED, dial);
    const dialled = new End(from, latencyMs, this.#queue, this.#random, this.#onlooker);
    const accepted = new End(to, latencyMs, this.#queue, this.#random, this.#onlooker);
    End.join(dialled, accepted);
    dialled.opened(address);
    this.#lastPort = (this.#lastPort + 1) % (65_536 - EPHEMERAL_PORT);
    const remote = `${from.host}:${EPHEMERAL_PORT + this.#lastPort}`;
    to.report({ type: 'opened', link: accepted.link, inbound: true, address: remote, loopback: false });
  }
}
