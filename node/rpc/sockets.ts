/**
 * Owns the clients that hold a WebSocket: their calls, one after the other, and what they subscribed to.
 *
 * Bounds: clients by `MAX_CLIENTS`, a client's waiting calls by `MAX_WAITING_CALLS` and `BODY_BYTES_MAX` together, its
 * subscriptions by `MAX_SUBSCRIPTIONS`, what it leaves unread by `UNREAD_BYTES_MAX`: then it is cut, and asks again.
 */
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { BODY_BYTES_MAX, type Dispatcher } from './dispatcher.ts';
import { overLimit } from './faults.ts';
import type { Subscriber } from './method.ts';
import { notificationOf } from './notification.ts';
import type { NodeEvent, NodeView, Topic } from './view.ts';

const MAX_CLIENTS = 64;
const MAX_SUBSCRIPTIONS = 16;
const MAX_WAITING_CALLS = 64;
const UNREAD_BYTES_MAX = 8 * 1024 * 1024;
const CLOSE_MS = 1_000;

/** RFC 6455, 7.4.1. */
const GOING_AWAY = 1001;
const UNSUPPORTED = 1003;
const POLICY = 1008;

export class SubscriberSockets {
  readonly #view: NodeView;
  readonly #dispatcher: Dispatcher;
  readonly #upgrader = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: BODY_BYTES_MAX,
    // The typings don't know it yet.
    ...{ closeTimeout: CLOSE_MS },
  });
  readonly #clients = new Set<Client>();
  readonly #stopListening: () => void;

  constructor(view: NodeView, dispatcher: Dispatcher) {
    this.#view = view;
    this.#dispatcher = dispatcher;
    this.#stopListening = view.onEvent((event) => this.#publish(event));
  }

  accept(request: IncomingMessage, socket: Duplex, head: Buffer, admin: boolean): void {
    if (this.#clients.size >= MAX_CLIENTS) {
      this.refuse(socket, 503);
      return;
    }
    this.#upgrader.handleUpgrade(request, socket, head, (webSocket) => {
      const client = new Client(webSocket, (text, subscriber) =>
        this.#dispatcher.handle(text, { view: this.#view, admin, subscriber }),
      );
      this.#clients.add(client);
      webSocket.once('close', () => this.#clients.delete(client));
    });
  }

  /** Ends both halves: a client that leaves its own open would keep its place, and the server from stopping. */
  refuse(socket: Duplex, status: number): void {
    socket.on('error', () => {});
    socket.once('finish', () => socket.destroy());
    socket.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
    );
  }

  /** Closes all clients; resolves once they are gone. */
  async stop(): Promise<void> {
    this.#stopListening();
    await Promise.all([...this.#clients].map((client) => client.close(GOING_AWAY, 'the node is stopping')));
  }

  #publish(event: NodeEvent): void {
    // Written once, and only if anybody listens: thousands of transactions may come in a second.
    let text: string | null = null;
    for (const client of this.#clients) {
      if (!client.wants(event.topic)) continue;
      text ??= notificationOf(event);
      client.send(text);
    }
  }
}

class Client implements Subscriber {
  readonly #webSocket: WebSocket;
  readonly #subscriptions = new Map<number, readonly Topic[]>();
  readonly #handle: (text: string, subscriber: Subscriber) => Promise<string | null>;
  #lastSubscription = 0;
  #waiting = 0;
  #waitingBytes = 0;
  #queue: Promise<void> = Promise.resolve();

  constructor(
    webSocket: WebSocket,
    handle: (text: string, subscriber: Subscriber) => Promise<string | null>,
  ) {
    this.#webSocket = webSocket;
    this.#handle = handle;
    webSocket.on('error', () => {});
    webSocket.on('message', (data, isBinary) => this.#receive(data as Buffer, isBinary));
  }

  subscribe(topics: readonly Topic[]): number {
    if (this.#subscriptions.size >= MAX_SUBSCRIPTIONS) {
      throw overLimit(
        `more than ${MAX_SUBSCRIPTIONS} subscriptions`,
        'Unsubscribe, or name more topics at once.',
      );
    }
    this.#subscriptions.set(++this.#lastSubscription, [...topics]);
    return this.#lastSubscription;
  }

  unsubscribe(subscription: number): boolean {
    return this.#subscriptions.delete(subscription);
  }

  wants(topic: Topic): boolean {
    for (const topics of this.#subscriptions.values()) if (topics.includes(topic)) return true;
    return false;
  }

  send(text: string): void {
    if (this.#webSocket.bufferedAmount + text.length > UNREAD_BYTES_MAX) this.#webSocket.terminate();
    else this.#webSocket.send(text);
  }

  close(code: number, reason: string): Promise<void> {
    return new Promise((resolve) => {
      this.#webSocket.once('close', () => resolve());
      this.#webSocket.close(code, reason);
    });
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (isBinary) {
      this.#webSocket.close(UNSUPPORTED, 'only text frames');
      return;
    }
    if (this.#waiting >= MAX_WAITING_CALLS || this.#waitingBytes + data.length > BODY_BYTES_MAX) {
      this.#webSocket.close(POLICY, 'too many calls at once');
      return;
    }
    this.#waiting += 1;
    this.#waitingBytes += data.length;
    this.#queue = this.#queue.then(async () => {
      const answer = await this.#handle(data.toString('utf8'), this);
      this.#waiting -= 1;
      this.#waitingBytes -= data.length;
      if (answer !== null) this.send(answer);
    });
  }
}
