/**
 * Owns the answers to requests for bodies: which are waiting, which are being read, and that a link is never sent more
 * than it drains. A body is one message; one we don't have is said so.
 *
 * Bounds: `SERVING_MAX` bodies asked for by one peer, `READS_PER_PEER_MAX` of them being read, `READS_MAX` in all. An
 * answer is at most a block for each 32 bytes of question, and none is read while the link is congested.
 */
import type { HeaderNode, HeaderTree } from '../../chain/consensus/header-tree.ts';
import { keyOfId } from '../../chain/format/id-key.ts';
import type { Census } from '../census.ts';
import * as limits from '../limits.ts';
import type { Peer } from '../peer.ts';
import type { Wire } from '../wire.ts';

interface Question {
  readonly request: number;
  readonly node: HeaderNode;
}

interface State {
  readonly peer: Peer;
  readonly waiting: Question[];
  reading: number;
}

/** Work units of reading and sending a body, and of a KiB of it. */
const BODY_UNITS = 50;
const KIB_UNITS = 10;

export class BodyServing {
  readonly #wire: Wire;
  readonly #headers: HeaderTree;
  readonly #charge: (peer: Peer, units: number) => void;
  readonly #states = new Map<number, State>();
  readonly #reads = new Map<number, { readonly link: number; readonly question: Question }>();
  #lastToken = 0;
  /** Bodies that wait to be read, for all peers. */
  #waiting = 0;

  constructor(wire: Wire, headers: HeaderTree, charge: (peer: Peer, units: number) => void) {
    this.#wire = wire;
    this.#headers = headers;
    this.#charge = charge;
  }

  ready(peer: Peer): void {
    this.#states.set(peer.link, { peer, waiting: [], reading: 0 });
  }

  requestReceived(peer: Peer, request: number, ids: readonly Uint8Array[]) {
    const state = this.#states.get(peer.link)!;
    if (state.waiting.length + state.reading + ids.length > limits.SERVING_MAX) {
      return this.#wire.close(peer, 'FLOOD', 'too many bodies asked for at once');
    }
    for (const id of ids) {
      const node = this.#headers.get(keyOfId(id));
      if (node?.hasBody && !node.invalid && node.height > 0) {
        state.waiting.push({ request, node });
        this.#waiting++;
      } else this.#wire.send(peer, 'noBody', { request, id });
    }
  }

  bodyRead(token: number, body: Uint8Array | null) {
    const read = this.#reads.get(token);
    if (read === undefined) return;
    this.#reads.delete(token);
    const state = this.#states.get(read.link);
    if (state === undefined) return;
    state.reading--;
    const { request, node } = read.question;
    if (body === null) return this.#wire.send(state.peer, 'noBody', { request, id: node.id });
    this.#charge(state.peer, BODY_UNITS + (body.length / 1024) * KIB_UNITS);
    this.#wire.send(state.peer, 'body', { request, id: node.id, body });
  }

  /** Tells what it holds and waits for. */
  census(census: Census): void {
    census.holds('serving.peers', this.#states.size);
    census.holds('serving.reads', this.#reads.size);
    for (const { waiting, reading } of this.#states.values()) {
      census.holds('serving.waiting', waiting.length);
      census.holds('serving.reading', reading);
    }
  }

  drop(peer: Peer): void {
    // Reads under way come back to nobody.
    this.#waiting -= this.#states.get(peer.link)?.waiting.length ?? 0;
    this.#states.delete(peer.link);
  }

  /** Starts reads, a link after the other so that none waits for another's queue. */
  tick(): void {
    let started = this.#waiting > 0;
    while (started && this.#reads.size < limits.READS_MAX) {
      started = false;
      for (const state of this.#states.values()) {
        if (state.waiting.length === 0 || !this.#hasRoom(state)) continue;
        if (this.#reads.size >= limits.READS_MAX) return;
        const question = state.waiting.shift()!;
        this.#waiting--;
        const token = ++this.#lastToken;
        state.reading++;
        this.#reads.set(token, { link: state.peer.link, question });
        this.#wire.effect({ type: 'readBody', token, node: question.node });
        started = true;
      }
    }
  }

  /** True if one more body, of the largest size as all being read, still fits the link's queue and that of all links. */
  #hasRoom({ peer, reading }: State): boolean {
    if (peer.congested || reading >= limits.READS_PER_PEER_MAX) return false;
    const { blockBytes } = this.#headers.params.limits;
    const most = peer.queuedBytes + (reading + 1) * blockBytes;
    if (most > limits.SEND_QUEUE_BYTES_MAX - limits.SEND_SLACK_BYTES) return false;
    // Whoever reads what it gets is always given one more: if that is too much for all, the slowest makes room.
    const all = this.#wire.queuedBytes + (this.#reads.size + 1) * blockBytes;
    return most === blockBytes || all <= limits.SEND_QUEUES_BYTES_MAX - limits.SEND_HIGH_BYTES;
  }
}
