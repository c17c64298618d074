/**
 * Owns one node's stream of events over its WebSocket, and coming back to it when it breaks. An event is at most
 * `EVENT_BYTES_MAX`; nothing is kept here.
 */
import { WebSocket } from 'ws';
import { dialable } from './wildcard.ts';

const EVENT_BYTES_MAX = 1024 * 1024;
const RETRY_MS = 1_000;
/** The node answers pings by itself; silence for so long means that it hangs. */
const SILENCE_MS = 15_000;

export interface TipEvent {
  readonly topic: 'tip';
  readonly height: number;
  readonly id: string;
  readonly time: number;
  readonly miner: string;
  readonly transactions: number;
  readonly stateRoot: string;
}

export interface ReorgEvent {
  readonly topic: 'reorg';
  readonly from: string;
  readonly to: string;
  readonly depth: number;
  readonly connected: number;
  readonly forkHeight: number;
}

export interface TransactionEvent {
  readonly topic: 'transaction';
  readonly id: string;
  readonly status: 'pending' | 'mined' | 'dropped';
  readonly block?: { readonly height: number; readonly id: string };
  readonly reason?: { readonly code: string; readonly message: string };
}

export type NodeEvent = TipEvent | ReorgEvent | TransactionEvent;
export type Topic = NodeEvent['topic'];

export interface Listener {
  event(event: NodeEvent): void;
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
      const event = readEvent(String(data));
      if (event !== null && !this.#ended) this.#listener.event(event);
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

function readEvent(text: string): NodeEvent | null {
  try {
    const message = JSON.parse(text);
    return message?.method === 'event' && typeof message.params?.topic === 'string' ? message.params : null;
  } catch {
    return null;
  }
}
