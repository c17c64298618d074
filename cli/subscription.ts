/**
 * Owns one node's stream of events over its WebSocket, and coming back to it when it breaks. An event is at most
 * `EVENT_BYTES_MAX`; nothing is kept here.
 */
import { WebSocket } from 'ws';
import { address, id, maybe, object, oneOf, type Read, text, whole } from '../wallet/answers.ts';
import { summary } from '../wallet/ledger-answers.ts';
import { dialable } from './wildcard.ts';

const EVENT_BYTES_MAX = 1024 * 1024;
const RETRY_MS = 1_000;
/** The node answers pings by itself; silence for so long means that it hangs. */
const SILENCE_MS = 15_000;

const READERS = {
  tip: object({
    topic: oneOf('tip'),
    height: whole,
    id,
    time: whole,
    miner: address,
    transactions: whole,
    stateRoot: id,
  }),
  reorg: object({
    topic: oneOf('reorg'),
    from: id,
    to: id,
    depth: whole,
    connected: whole,
    forkHeight: whole,
  }),
  transaction: object({
    topic: oneOf('transaction'),
    id,
    status: oneOf('pending', 'mined', 'dropped'),
    summary,
    block: maybe(object({ height: whole, id })),
    reason: maybe(object({ code: text, message: text })),
  }),
};

export type TipEvent = Read<typeof READERS.tip>;
export type ReorgEvent = Read<typeof READERS.reorg>;
export type TransactionEvent = Read<typeof READERS.transaction>;
export type NodeEvent = TipEvent | ReorgEvent | TransactionEvent;
export type Topic = NodeEvent['topic'];

export interface Listener {
  /** `document` is the event as the node wrote it, for programs. */
  event(event: NodeEvent, document: object): void;
  opened?(): void;
  /** Called once for each `opened`, and once if the first attempt fails. */
  closed?(): void;
}

/** Follows the node at an `http://` URL. `url` is asked before each attempt, so it may move; null skips one. */
export class Subscription {
  readonly #url: () => string | null;
  readonly #topics: readonly Topic[];
  readonly #listener: Listener;
  #socket: WebSocket | null = null;
  #retry: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(url: () => string | null, topics: readonly Topic[], listener: Listener) {
    this.#url = url;
    this.#topics = topics;
    this.#listener = listener;
    this.#connect();
  }

  end(): void {
    this.#ended = true;
    clearTimeout(this.#retry);
    this.#socket?.terminate();
  }

  #connect(): void {
    const url = this.#url();
    if (url === null) this.#later();
    else this.#open(url);
  }

  #open(url: string): void {
    const address = new URL('/ws', dialable(url));
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(address, {
      maxPayload: EVENT_BYTES_MAX,
      perMessageDeflate: false,
      handshakeTimeout: SILENCE_MS,
    });
    this.#socket = socket;
    let alive = true;
    const heartbeat = setInterval(() => {
      if (!alive) return socket.terminate();
      alive = false;
      if (socket.readyState === WebSocket.OPEN) socket.ping();
    }, SILENCE_MS);
    socket.on('pong', () => {
      alive = true;
    });
    socket.on('open', () => {
      const params = { topics: this.#topics };
      socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'subscribe', params }));
      this.#listener.opened?.();
    });
    socket.on('message', (data) => {
      alive = true;
      if (this.#ended) return;
      const { event, document } = readEvent(String(data));
      if (event === 'malformed') socket.terminate();
      else if (event !== null) this.#listener.event(event, document);
    });
    // 'close' follows.
    socket.on('error', () => {});
    socket.on('close', () => {
      clearInterval(heartbeat);
      if (this.#ended) return;
      this.#listener.closed?.();
      this.#later();
    });
  }

  #later(): void {
    if (!this.#ended) this.#retry = setTimeout(() => this.#connect(), RETRY_MS);
  }
}

/** What a frame tells: null is an answer to a call of ours or an event of a later version, which may be passed over. */
function readEvent(frame: string): { event: NodeEvent | 'malformed' | null; document: object } {
  const document = {};
  try {
    const { method, params } = JSON.parse(frame);
    if (method !== 'event') return { event: null, document };
    const { topic } = params;
    if (typeof topic !== 'string') return { event: 'malformed', document };
    if (!Object.hasOwn(READERS, topic)) return { event: null, document };
    return { event: READERS[topic as Topic](params, 'event'), document: params };
  } catch {
    return { event: 'malformed', document };
  }
}
