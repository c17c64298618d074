/**
 * Owns the RPC's port: JSON-RPC by POST to `/`, the same over a WebSocket at `/ws`, `GET /health`, `GET /metrics`.
 *
 * Bounds: connections in each phase by `PHASES`, and within one by `client.ts` and `sockets.ts`; bodies, answers and
 * events that wait, of all clients together, by `BACKLOG_BYTES_MAX`. Whoever comes is let in: those that are silent,
 * or don't read, make room.
 */
import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { PlacesLimits } from '../../p2p/peers/places.ts';
import { warningsOf } from '../condition.ts';
import { BACKLOG, Connections, refuseUpgrade } from '../connections.ts';
import type { Logger } from '../ports.ts';
import { Backlog } from './backlog.ts';
import { Client } from './client.ts';
import { Dispatcher, errorText } from './dispatcher.ts';
import { errorBodyOf, RPC_CODE, RpcFault } from './faults.ts';
import { Gate } from './gate.ts';
import { isRepeated, type Reply, replyTo, TOO_LARGE, targetOf } from './http.ts';
import { JSON_TYPE, Responder } from './responder.ts';
import { PING_MS, SubscriberSockets } from './sockets.ts';
import { Turns } from './turns.ts';
import type { NodeView } from './view.ts';

const MAX_HEADER_BYTES = 8 * 1024;
const BACKLOG_BYTES_MAX = 16 * 1024 * 1024;
const HEADERS_MS = 5_000;
const REQUEST_MS = 30_000;
const IDLE_MS = 30_000;
const CHECK_MS = 1_000;

/** In each phase a connection has time while there is room, and at least its grace. */
const PHASES = {
  /** No request yet. An honest client sends one at once. */
  opening: { places: 64, rush: 512, graceMs: 1_000, patienceMs: HEADERS_MS },
  /** Between two requests. */
  idle: { places: 64, rush: 256, graceMs: 1_000, patienceMs: IDLE_MS },
  /** A body is coming in. */
  sending: { places: 32, rush: 128, graceMs: 2_000, patienceMs: REQUEST_MS },
  /** A call is under way. */
  calling: { places: 128, rush: 256, graceMs: 10_000, patienceMs: 120_000 },
  /** An answer is going out; each part that is read begins the time anew. */
  answering: { places: 32, rush: 128, graceMs: 2_000, patienceMs: 10_000 },
  /** A WebSocket; whatever is heard begins the time anew. */
  socket: { places: 64, rush: 64, graceMs: 0, patienceMs: 4 * PING_MS },
} as const satisfies Record<string, PlacesLimits>;

export interface RpcDeps {
  readonly view: NodeView;
  readonly logger: Logger;
  readonly cookie: string;
  /** Names, beside those of the loopback, under which the port may be reached. */
  readonly hosts: readonly string[];
  /** Prometheus text. */
  readonly metrics: () => Promise<string>;
  onCall(method: string, ok: boolean): void;
}

export class RpcServer {
  readonly #deps: RpcDeps;
  readonly #gate: Gate;
  readonly #dispatcher: Dispatcher;
  readonly #sockets: SubscriberSockets;
  readonly #server: Server;
  readonly #connections = new Connections(PHASES);
  readonly #backlog = new Backlog(BACKLOG_BYTES_MAX);
  readonly #turns = new Turns();
  readonly #clients = new Map<Socket, Client>();
  #stopping = false;

  constructor(deps: RpcDeps) {
    this.#deps = deps;
    this.#gate = new Gate(deps.cookie, deps.hosts);
    this.#dispatcher = new Dispatcher(deps);
    this.#sockets = new SubscriberSockets({
      view: deps.view,
      dispatcher: this.#dispatcher,
      turns: this.#turns,
      heard: ({ socket }) => this.#connections.renew(socket),
    });
    this.#server = createServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_MS,
      requestTimeout: REQUEST_MS,
      keepAliveTimeout: IDLE_MS,
      connectionsCheckingInterval: CHECK_MS,
      noDelay: true,
    });
    this.#server.on('connection', (socket) => this.#connect(socket));
    this.#server.on('request', (request, response) => this.#request(request, response, () => {}));
    this.#server.on('checkContinue', (request, response) =>
      this.#request(request, response, () => response.writeContinue()),
    );
    this.#server.on('connect', (_request, socket) => refuseUpgrade(socket, 501));
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket as Socket, head));
  }

  /** Resolves to the address bound. Rejects as the system does, EADDRINUSE above all. */
  async listen(host: string, port: number): Promise<{ host: string; port: number }> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ port, host, backlog: BACKLOG }, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    this.#server.on('error', (error) => this.#deps.logger.warn('httpFailed', { error: error.message }));
    return { host, port: (this.#server.address() as AddressInfo).port };
  }

  /** Lets answers under way go out, then closes everything. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await this.#sockets.stop();
    this.#server.closeIdleConnections();
    const late = setTimeout(() => this.#server.closeAllConnections(), CHECK_MS);
    await closed;
    clearTimeout(late);
    this.#connections.stop();
  }

  #connect(socket: Socket): void {
    const client = new Client(socket, this.#backlog, this.#turns, () => this.#connections.renew(socket));
    this.#clients.set(socket, client);
    socket.once('close', () => this.#clients.delete(socket));
    this.#connections.enter(socket, 'opening');
  }

  /** `proceed` tells a client that waits for it to send its body. */
  #request(request: IncomingMessage, response: ServerResponse, proceed: () => void): void {
    const client = this.#clients.get(request.socket);
    if (client === undefined) {
      response.destroy();
      return;
    }
    const { socket } = client;
    const responder = new Responder(client, response, () => this.#connections.move(socket, 'answering'));
    client.enqueue(async () => {
      try {
        await this.#serve(client, request, responder, proceed);
      } catch (error) {
        this.#deps.logger.warn('httpFailed', { error: String(error) });
        response.destroy();
      }
      if (!client.gone) this.#connections.move(socket, 'idle');
      // The connection would be kept for another call that can't be answered.
      if (this.#stopping)
        response.once('close', () => setImmediate(() => this.#server.closeIdleConnections()));
    });
  }

  async #serve(
    client: Client,
    request: IncomingMessage,
    responder: Responder,
    proceed: () => void,
  ): Promise<void> {
    this.#connections.move(client.socket, 'calling');
    const reply = this.#refuse(request) ?? replyTo(request);
    if (reply !== null) return responder.refuse(request, reply);
    const { path } = targetOf(request);
    if (path === '/health') return this.#health(responder);
    if (path === '/metrics') return responder.send(200, METRICS_TYPE, await this.#deps.metrics());
    const admin = this.#gate.admits(request);
    if (admin === null) return responder.refuse(request, WRONG_COOKIE);
    proceed();
    this.#connections.move(client.socket, 'sending');
    const { bytes, forget } = await client.readBody(request);
    try {
      if (client.gone) return;
      if (bytes === null) return await responder.refuse(request, TOO_LARGE);
      this.#connections.move(client.socket, 'calling');
      await responder.sendParts(this.#call(client, bytes, admin));
    } finally {
      forget();
    }
  }

  async *#call(client: Client, body: Buffer, admin: boolean): AsyncGenerator<string, void> {
    const text = decode(body);
    if (text === null) {
      yield errorText(null, errorBodyOf(new RpcFault(RPC_CODE.parse, 'BAD_JSON', 'not UTF-8')));
      return;
    }
    const context = { view: this.#deps.view, admin, subscriber: null };
    for await (const part of this.#dispatcher.answer(text, context, () => this.#turns.take(client.share))) {
      this.#turns.charge(client.share, part.length);
      yield part;
    }
  }

  async #health(responder: Responder): Promise<void> {
    const { view } = this.#deps;
    const { health, syncing } = view;
    const reasons = [...(syncing ? ['catching up with its peers'] : []), ...warningsOf(health)];
    const body = {
      ok: !syncing && health.storage.state === 'sound' && health.clock === null && health.journal === null,
      height: view.tip.height,
      peers: view.peers().length,
      ...(reasons.length > 0 && { reason: reasons.join('; ') }),
      ...(health.storage.state !== 'sound' && { storage: health.storage }),
    };
    await responder.send(body.ok ? 200 : 503, JSON_TYPE, JSON.stringify(body));
  }

  /** Why the request of a stranger isn't served, or null. */
  #refuse(request: IncomingMessage): Reply | null {
    if (isRepeated(request, 'host')) return { status: 400, headers: {}, error: 'there are several hosts\n' };
    const refusal = this.#gate.refuse(request);
    if (refusal === null) return null;
    const { reason, hint } = refusal;
    const isCall = request.method === 'POST';
    const error = isCall
      ? new RpcFault(RPC_CODE.unauthorised, 'FORBIDDEN', reason, hint)
      : `${reason}. ${hint}\n`;
    return { status: 403, headers: {}, error };
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    // RFC 9110, 7.8: an upgrade to what isn't spoken here is ignored, where that is still possible.
    if (!/^websocket$/i.test(request.headers.upgrade ?? '') && !hasBody(request)) {
      const response = new ServerResponse(request);
      response.shouldKeepAlive = false;
      response.assignSocket(socket);
      response.once('finish', () => socket.end());
      this.#request(request, response, () => {});
      return;
    }
    const client = this.#clients.get(socket);
    const admin = this.#gate.admits(request);
    if (client === undefined || client.busy) refuseUpgrade(socket, 400);
    else if (this.#stopping) refuseUpgrade(socket, 503);
    else if (isRepeated(request, 'host')) refuseUpgrade(socket, 400);
    else if (this.#gate.refuse(request) !== null) refuseUpgrade(socket, 403);
    else if (admin === null) refuseUpgrade(socket, 401);
    else if (targetOf(request).path !== '/ws') refuseUpgrade(socket, 404);
    else {
      const opened = (): void => this.#connections.move(socket, 'socket');
      this.#sockets.accept(request, head, client, admin, opened);
    }
  }
}

const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const WRONG_COOKIE: Reply = {
  status: 401,
  headers: { 'www-authenticate': 'Bearer' },
  error: new RpcFault(
    RPC_CODE.unauthorised,
    'UNAUTHORISED',
    'the cookie is wrong',
    'The file cookie in the data folder is new at each start of the node.',
  ),
};

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
}

/** The text, or null if it isn't UTF-8. */
function decode(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
