/**
 * Owns the clients that hold a WebSocket: their calls, one after the other, and what they subscribed to.
 *
 * Bounds: clients by their places (`server.ts`), a client's waiting calls by `MAX_WAITING_CALLS` and `BODY_BYTES_MAX`
 * together, its subscriptions by `MAX_SUBSCRIPTIONS`, what it leaves unread by `UNREAD_BYTES_MAX`: then it is cut, and
 * asks again. All these bytes count to the backlog of all clients too. One that answers no ping loses its place.
 */
import type { IncomingMessage } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Client } from './client.ts';
import { BODY_BYTES_MAX, type Dispatcher } from './dispatcher.ts';
import { overLimit } from './faults.ts';
import type { Subscriber } from './method.ts';
import { notificationOf } from './notification.ts';
import type { Turns } from './turns.ts';
import type { NodeEvent, NodeView, Topic } from './view.ts';

const MAX_SUBSCRIPTIONS = 16;
const MAX_WAITING_CALLS = 64;
const UNREAD_BYTES_MAX = 8 * 1024 * 1024;
/** No call begins while the client has so much to read. */
const BEHIND_BYTES = 1024 * 1024;
const CLOSE_MS = 1_000;
/** RFC 6455, 5.2: two bytes, and the mask. */
const CONTROL_HEAD_BYTES = 6;
/** A client that is heard of no more for several of these has gone. */
export const PING_MS = 10_000;

/** RFC 6455, 7.4.1. */
const GOING_AWAY = 1001;
const UNSUPPORTED = 1003;
const POLICY = 1008;

export interface SocketsDeps {
  readonly view: NodeView;
  readonly dispatcher: Dispatcher;
  readonly turns: Turns;
  /** Called whenever a client is heard of. */
  heard(client: Client): void;
}

export class SubscriberSockets {
  readonly #deps: SocketsDeps;
  readonly #upgrader = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: BODY_BYTES_MAX,
    // The typings don't know it yet.
    ...{ closeTimeout: CLOSE_MS },
  });
  readonly #clients = new Set<SocketClient>();
  readonly #stopListening: () => void;
  readonly #pinger: NodeJS.Timeout;

  constructor(deps: SocketsDeps) {
    this.#deps = deps;
    this.#stopListening = deps.view.onEvent((event) => this.#publish(event));
    this.#pinger = setInterval(() => {
      for (const client of this.#clients) client.ping();
    }, PING_MS).unref();
  }

  /** Takes over the connection; `opened` is called once it is a WebSocket. */
  accept(request: IncomingMessage, head: Buffer, client: Client, admin: boolean, opened: () => void): void {
    this.#upgrader.handleUpgrade(request, client.socket, head, (webSocket) => {
      opened();
      const socket = new SocketClient(webSocket, client, this.#deps, admin);
      this.#clients.add(socket);
      webSocket.once('close', () => this.#clients.delete(socket));
    });
  }

  /** Closes all clients; resolves once they are gone. */
  async stop(): Promise<void> {
    clearInterval(this.#pinger);
    this.#stopListening();
    await Promise.all([...this.#clients].map((client) => client.close(GOING_AWAY, 'the node is stopping')));
  }

  #publish(event: NodeEvent): void {
    // Written once, and only if anybody listens: thousands of transactions may come in a second.
    let bytes: Buffer | null = null;
    for (const client of this.#clients) {
      if (!client.wants(event.topic)) continue;
      bytes ??= Buffer.from(notificationOf(event));
      client.send(bytes);
    }
  }
}

class SocketClient implements Subscriber {
  readonly #webSocket: WebSocket;
  readonly #client: Client;
  readonly #deps: SocketsDeps;
  readonly #admin: boolean;
  readonly #subscriptions = new Map<number, readonly Topic[]>();
  #lastSubscription = 0;
  #waiting = 0;
  #waitingBytes = 0;
  /** Bytes of a message that hasn't come to its end. */
  #partialBytes = 0;
  #unreadBytes = 0;
  #queue: Promise<void> = Promise.resolve();
  #readOn: () => void = () => {};

  constructor(webSocket: WebSocket, client: Client, deps: SocketsDeps, admin: boolean) {
    this.#webSocket = webSocket;
    this.#client = client;
    this.#deps = deps;
    this.#admin = admin;
    webSocket.on('error', () => {});
    webSocket.on('ping', ({ length }) => this.#forget(length));
    webSocket.on('pong', ({ length }) => {
      this.#forget(length);
      deps.heard(client);
    });
    webSocket.on('message', (data, isBinary) => this.#receive(data as Buffer, isBinary));
    webSocket.once('close', () => this.#readOn());
    // Before the WebSocket reads them: the message that they end releases them.
    client.socket.prependListener('data', ({ length }) => {
      this.#partialBytes += length;
      client.account.hold(length, performance.now());
    });
  }

  /** A control frame is no part of a message: its bytes wait no more. */
  #forget(payloadLength: number): void {
    const bytes = Math.min(CONTROL_HEAD_BYTES + payloadLength, this.#partialBytes);
    this.#partialBytes -= bytes;
    this.#client.account.release(bytes, performance.now());
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

  ping(): void {
    if (this.#webSocket.readyState === this.#webSocket.OPEN) this.#webSocket.ping();
  }

  send(bytes: Buffer): void {
    const { account } = this.#client;
    if (this.#client.gone) return;
    if (this.#unreadBytes + bytes.length > UNREAD_BYTES_MAX) {
      this.#webSocket.terminate();
      return;
    }
    this.#unreadBytes += bytes.length;
    account.hold(bytes.length, performance.now());
    this.#webSocket.send(bytes, { binary: false }, () => {
      this.#unreadBytes -= bytes.length;
      account.release(bytes.length, performance.now());
      if (this.#unreadBytes <= BEHIND_BYTES) this.#readOn();
    });
  }

  close(code: number, reason: string): Promise<void> {
    return new Promise((resolve) => {
      this.#webSocket.once('close', () => resolve());
      this.#webSocket.close(code, reason);
    });
  }

  #receive(data: Buffer, isBinary: boolean): void {
    const { account } = this.#client;
    account.release(this.#partialBytes, performance.now());
    this.#partialBytes = 0;
    this.#deps.heard(this.#client);
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
    account.hold(data.length, performance.now());
    account.serve(data.length);
    this.#queue = this.#queue.then(async () => {
      if (!this.#client.gone) await this.#answer(data.toString('utf8'));
      this.#waiting -= 1;
      this.#waitingBytes -= data.length;
      account.finish(data.length);
    });
  }

  async #answer(text: string): Promise<void> {
    const { view, dispatcher, turns } = this.#deps;
    const { share } = this.#client;
    if (this.#unreadBytes > BEHIND_BYTES) {
      await new Promise<void>((resolve) => {
        this.#readOn = resolve;
      });
    }
    const context = { view, admin: this.#admin, subscriber: this };
    const answer = await dispatcher.handle(text, context, () => turns.take(share));
    if (answer === null) return;
    const bytes = Buffer.from(answer);
    turns.charge(share, bytes.length);
    this.send(bytes);
  }
}
