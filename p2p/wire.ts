/**
 * Owns the effects of one step and the table of links: what every part of the protocol speaks through. Parts send,
 * fault and report here, and none of them knows another.
 *
 * Bounds: one `Peer` a link, of which there are at most the inbound and outbound limits and those being refused;
 * effects live for one step.
 */
import type { Effect, Now } from './door.ts';
import type { EventName } from './events.ts';
import { FAULT_TABLE, type FaultCode } from './faults.ts';
import { SEND_QUEUE_BYTES_MAX, SEND_QUEUES_BYTES_MAX } from './limits.ts';
import { encodeMessage, type MessageBody, type MessageName } from './messages.ts';
import type { Peer } from './peer.ts';

/** Told once about every link that we close for a fault. */
export type CloseListener = (peer: Peer, code: FaultCode) => void;

export class Wire {
  readonly peers = new Map<number, Peer>();
  /** Clocks of the step being taken. */
  now: Now = { monotonicMs: 0, wallMs: 0 };
  #effects: Effect[] = [];
  readonly #onClose: CloseListener;
  /** Cleared when the ready links may have changed. */
  #ready: readonly Peer[] | null = null;
  #readyOutbound = 0;
  /** Bytes queued on all links together. */
  #queuedBytes = 0;

  constructor(onClose: CloseListener) {
    this.#onClose = onClose;
  }

  /** Monotonic clock of this step. */
  get nowMs(): number {
    return this.now.monotonicMs;
  }

  /** The links that are through their handshake, in the order they were opened. */
  get ready(): readonly Peer[] {
    if (this.#ready === null) {
      this.#ready = [...this.peers.values()].filter((peer) => peer.ready);
      this.#readyOutbound = this.#ready.filter((peer) => !peer.inbound).length;
    }
    return this.#ready;
  }

  /** How many of them we have dialled. */
  get readyOutbound(): number {
    return this.ready.length === 0 ? 0 : this.#readyOutbound;
  }

  /** Must follow every change of a phase and of the table. */
  linksChanged(): void {
    this.#ready = null;
  }

  /** Sends a message; nothing on a link that is closing. */
  send<K extends MessageName>(peer: Peer, name: K, body: MessageBody<K>): void {
    if (peer.phase !== 'closing') this.sendFrame(peer, encodeMessage(name, body));
  }

  /** Sends a message that is encoded already; several links may be sent the same bytes. */
  sendFrame(peer: Peer, bytes: Uint8Array): void {
    if (peer.phase === 'closing') return;
    if (peer.queuedBytes === 0) peer.queuedAtMs = this.nowMs;
    peer.queuedBytes += bytes.length;
    this.#queuedBytes += bytes.length;
    peer.bytesOut += bytes.length;
    if (peer.queuedBytes > SEND_QUEUE_BYTES_MAX) {
      this.close(peer, 'SLOW_READER', `${peer.queuedBytes} bytes queued`);
      return;
    }
    this.#effects.push({ type: 'send', link: peer.link, bytes });
    if (this.#queuedBytes > SEND_QUEUES_BYTES_MAX) this.#closeSlowest();
  }

  /** All that was sent on the link has left, or never will. */
  drained(peer: Peer): void {
    this.#queuedBytes -= peer.queuedBytes;
    peer.queuedBytes = 0;
  }

  /** Bytes queued on all links together. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Closes a link for a reason of the table; the parts forget it before the step ends. */
  close(peer: Peer, code: FaultCode, detail = ''): void {
    if (peer.phase === 'closing') return;
    peer.phase = 'closing';
    this.linksChanged();
    const meaning = FAULT_TABLE[code][0];
    const reason = detail === '' ? meaning : `${meaning} (${detail})`;
    this.drained(peer);
    this.#effects.push({ type: 'close', link: peer.link, code, reason });
    this.event('peerClosed', { link: peer.link, node: peer.nodeKey, code, reason });
    this.#onClose(peer, code);
  }

  effect(effect: Effect): void {
    this.#effects.push(effect);
  }

  event(name: EventName, fields: Record<string, string | number | boolean>): void {
    this.#effects.push({ type: 'event', name, fields });
  }

  /** All slow readers together hold too much: of those that hold much, the one that has read nothing for longest goes. */
  #closeSlowest(): void {
    let slowest: Peer | null = null;
    for (const peer of this.peers.values()) if (slowest === null || isSlower(peer, slowest)) slowest = peer;
    if (slowest !== null) this.close(slowest, 'SLOW_READER', 'too much is queued on all links');
  }

  /** The effects of this step, in order. */
  take(): Effect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}

/** Not by bytes first: who keeps just below what a reader of large answers has queued would have that one closed. */
function isSlower(a: Peer, b: Peer): boolean {
  if (a.congested !== b.congested) return a.congested;
  if (a.congested && a.queuedAtMs !== b.queuedAtMs) return a.queuedAtMs < b.queuedAtMs;
  return a.queuedBytes > b.queuedBytes;
}

/** The earlier of two deadlines, where `null` is never. */
export function earlier(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : Math.min(a, b);
}
