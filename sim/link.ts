/**
 * Owns one link between two nodes of the world: frames in order both ways, each a latency later, and its end, which each
 * side hears of exactly once. While its path is blocked it keeps what is sent, as TCP would, until it is free again.
 */
import { Slab } from '../chain/format/slab.ts';
import type { TransportInput } from '../node/ports.ts';
import type { Schedule } from './schedule.ts';

/** As node/link.ts: unread bytes above which a link is cut, what is sent between two 'drained', how long a close takes. */
const BUFFERED_BYTES_MAX = 10 * 1024 * 1024;
const DRAIN_BYTES = 64 * 1024;
const CLOSE_MS = 1_000;

/** Frames on their way, of all worlds: a node lets them go when it has read them, as it does those of a socket. */
const frames = new Slab(16 * 1024);

export interface LinkQuality {
  readonly latencyMs: number;
  /** Added to the latency of a frame by chance; order is kept. */
  jitter(): number;
  /** `null`: as many as are sent. */
  readonly bytesPerMs: number | null;
}

type Packet = { readonly type: 'frame'; readonly bytes: Uint8Array } | { readonly type: 'end' };

/** One end of a link. */
export class Side {
  readonly link: number;
  /** Index of the node at the other end. */
  readonly remote: number;
  readonly #report: (input: TransportInput) => void;
  readonly #schedule: Schedule;
  readonly #quality: LinkQuality;
  #other: Side | null = null;
  /** The node has closed it, or the other side has: no more frames, in or out. */
  #closing = false;
  #ended = false;
  #blocked = false;
  #kept: Packet[] = [];
  #keptBytes = 0;
  #departsAt = 0;
  #arrivesAt = 0;
  #buffered = 0;
  #sentSinceDrained = 0;

  constructor(
    link: number,
    remote: number,
    schedule: Schedule,
    quality: LinkQuality,
    report: (input: TransportInput) => void,
  ) {
    this.link = link;
    this.remote = remote;
    this.#schedule = schedule;
    this.#quality = quality;
    this.#report = report;
  }

  static join(a: Side, b: Side): void {
    a.#other = b;
    b.#other = a;
  }

  get ended(): boolean {
    return this.#ended;
  }

  send(bytes: Uint8Array) {
    if (this.#closing) return;
    if (this.#buffered + this.#keptBytes + bytes.length > BUFFERED_BYTES_MAX) return this.cut();
    // A copy: the two nodes share nothing.
    this.#put({ type: 'frame', bytes: frames.copy(bytes) });
  }

  /** Sends what is buffered, then closes. */
  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#put({ type: 'end' });
    this.#schedule.after(CLOSE_MS, () => this.#end());
  }

  /** Breaks at once: this side hears of it soon, the other when the path lets it. */
  cut(): void {
    if (this.#ended) return;
    this.#closing = true;
    this.#put({ type: 'end' });
    this.#schedule.after(0, () => this.#end());
  }

  /** The process of this side is gone: it hears of nothing any more. */
  abandon(): void {
    if (!this.#ended) this.#put({ type: 'end' });
    this.#closing = true;
    this.#ended = true;
  }

  block(blocked: boolean): void {
    this.#blocked = blocked;
    if (blocked) return;
    const kept = this.#kept;
    this.#kept = [];
    this.#keptBytes = 0;
    for (const packet of kept) this.#put(packet);
  }

  #put(packet: Packet): void {
    const bytes = packet.type === 'frame' ? packet.bytes.length : 0;
    if (this.#blocked) {
      this.#kept.push(packet);
      this.#keptBytes += bytes;
      return;
    }
    const { now } = this.#schedule;
    const { bytesPerMs, latencyMs } = this.#quality;
    this.#departsAt =
      Math.max(now, this.#departsAt) + (bytesPerMs === null ? 0 : Math.ceil(bytes / bytesPerMs));
    this.#arrivesAt = Math.max(this.#arrivesAt, this.#departsAt + latencyMs + this.#quality.jitter());
    this.#buffered += bytes;
    this.#sentSinceDrained += bytes;
    if (bytesPerMs !== null || this.#sentSinceDrained >= DRAIN_BYTES) {
      const sent = this.#buffered;
      this.#schedule.at(this.#departsAt, () => this.#departed(bytesPerMs === null ? sent : bytes));
    } else {
      this.#buffered = 0;
    }
    const other = this.#other!;
    this.#schedule.at(this.#arrivesAt, () => other.#arrive(packet));
  }

  #departed(bytes: number): void {
    this.#buffered = Math.max(0, this.#buffered - bytes);
    if (this.#closing || this.#sentSinceDrained < DRAIN_BYTES || this.#buffered > DRAIN_BYTES) return;
    this.#sentSinceDrained = 0;
    this.#report({ type: 'drained', link: this.link });
  }

  #arrive(packet: Packet): void {
    if (packet.type === 'frame') {
      if (!this.#closing) this.#report({ type: 'frame', link: this.link, bytes: packet.bytes });
      return;
    }
    // Answered, so that who closed first needn't wait for its time-out.
    if (!this.#closing) this.#put({ type: 'end' });
    this.#closing = true;
    this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#report({ type: 'closed', link: this.link });
  }
}
