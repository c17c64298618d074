/**
 * Owns what all parts of the protocol know of one link. What only one part needs is kept there, by link number.
 *
 * Bounds: a fixed record. `heldBytes` counts what the parts hold for this peer; each asks `canHold` before it takes
 * more, which looks at what they hold for all peers too. `queuedBytes` is what we handed to the transport since it last reported the link drained.
 */
import type { HeaderNode } from '../chain/consensus/header-tree.ts';
import { assert } from '../chain/errors.ts';
import { HELD_BY_ALL_BYTES_MAX, HELD_BYTES_MAX, HELD_FAIR_BYTES, SEND_HIGH_BYTES } from './limits.ts';
import type { Hello } from './messages.ts';

/** greeting: wants a hello; proving: wants a proof; ready; closing: we closed it, 'closed' hasn't come yet. */
export type PeerPhase = 'greeting' | 'proving' | 'ready' | 'closing';

/** Bytes that the parts hold for all peers together. */
export interface HeldByAll {
  bytes: number;
}

export class Peer {
  readonly link: number;
  readonly inbound: boolean;
  /** The URL that was dialled, or the remote host:port. */
  readonly address: string;
  readonly loopback: boolean;
  /** Monotonic. */
  readonly openedAtMs: number;
  phase: PeerPhase = 'greeting';
  readyAtMs = 0;
  /** Set with the peer's hello; believed once its proof is checked. */
  hello: Hello | null = null;
  /** Hex of its node id, '' before its hello. */
  nodeKey = '';
  /** URL others can dial it at, as it says; '' if none. */
  listen = '';
  agent = '';
  /** Nonces of both hellos, ours as the dialler's or the listener's: they key the short ids of this link. */
  diallerNonce: Uint8Array = new Uint8Array(32);
  listenerNonce: Uint8Array = new Uint8Array(32);
  /** The header with the most work that it has shown to have, with all bodies below. */
  best: HeaderNode | null = null;
  pingMs: number | null = null;
  /** When it last brought a transaction or a block that was new here; for the choice of whom to evict. */
  lastTransactionAtMs = 0;
  lastBlockAtMs = 0;
  /** When its last frame came. */
  heardAtMs = 0;
  bytesIn = 0;
  bytesOut = 0;
  queuedBytes = 0;
  /** When the oldest of them was sent. */
  queuedAtMs = 0;
  heldBytes = 0;
  readonly #all: HeldByAll;
  #lastRequest = 0;

  constructor(
    link: number,
    inbound: boolean,
    address: string,
    loopback: boolean,
    nowMs: number,
    all: HeldByAll = { bytes: 0 },
  ) {
    this.#all = all;
    this.link = link;
    this.inbound = inbound;
    this.address = address;
    this.loopback = loopback;
    this.openedAtMs = nowMs;
  }

  get ready(): boolean {
    return this.phase === 'ready';
  }

  /** True while so much is queued that nothing more but small things should be sent. */
  get congested(): boolean {
    return this.queuedBytes > SEND_HIGH_BYTES;
  }

  canHold(bytes: number): boolean {
    const held = this.heldBytes + bytes;
    return (
      held <= HELD_FAIR_BYTES || (held <= HELD_BYTES_MAX && this.#all.bytes + bytes <= HELD_BY_ALL_BYTES_MAX)
    );
  }

  hold(bytes: number): void {
    this.heldBytes += bytes;
    this.#all.bytes += bytes;
  }

  release(bytes: number): void {
    this.heldBytes -= bytes;
    this.#all.bytes -= bytes;
    assert(this.heldBytes >= 0, 'a peer never gives back more than was held for it');
  }

  /** Id of the next request to it, whatever it asks for. */
  nextRequest(): number {
    this.#lastRequest = (this.#lastRequest + 1) >>> 0;
    return this.#lastRequest;
  }

  /** Remembers that it has this block, if that is more than was known. */
  shows(node: HeaderNode): void {
    if (this.best === null || node.work > this.best.work) this.best = node;
  }
}
