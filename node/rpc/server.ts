/**
 * Owns the RPC's port: JSON-RPC by POST to `/`, the same over a WebSocket at `/ws`, `GET /health`, `GET /metrics`.
 *
 * Bounds: connections by `MAX_CONNECTIONS`, calls under way by `MAX_CALLS`, a body by `BODY_BYTES_MAX`, unread answers of all together by
 * `UNREAD_BYTES_MAX`, the time for a request by the time-outs below; WebSockets in `sockets.ts`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from '../ports.ts';
import { BODY_BYTES_MAX, Dispatcher, errorText } from './dispatcher.ts';
import { errorBodyOf, overLimit, RPC_CODE, RpcFault } from './faults.ts';
import { Gate } from './gate.ts';
import { SubscriberSockets } from './sockets.ts';
import type { NodeView } from './view.ts';

const MAX_CONNECTIONS = 256;
const MAX_HEADER_BYTES = 8 * 1024;
/** As many as connections: more come only of one that sends calls without waiting for answers. */
const MAX_CALLS = MAX_CONNECTIONS;
const UNREAD_BYTES_MAX = 64 * 1024 * 1024;
const HEADERS_MS = 5_000;
const REQUEST_MS = 30_000;
const IDLE_MS = 30_000;
const CHECK_MS = 1_000;

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
  #unread = 0;
  #calls = 0;
  #stopping = false;

  constructor(deps: RpcDeps) {
    this.#deps = deps;
    this.#gate = new Gate(deps.cookie, deps.hosts);
    this.#dispatcher = new Dispatcher(deps);
    this.#sockets = new SubscriberSockets(deps.view, this.#dispatcher);
    this.#server = createServer(
      {
        maxHeaderSize: MAX_HEADER_BYTES,
        headersTimeout: HEADERS_MS,
        requestTimeout: REQUEST_MS,
        keepAliveTimeout: IDLE_MS,
        connectionsCheckingInterval: CHECK_MS,
        noDelay: true,
      },
      (request, response) => {
        this.#serve(request, response).catch((error: Error) => {
          this.#deps.logger.warn('httpFailed', { error: error.message });
          response.destroy();
        });
      },
    );
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.on('upgrade', (request, socket, head) => {
      const refusal = this.#gate.refuse(request);
      const admin = this.#gate.admits(request);
      if (this.#stopping) this.#sockets.refuse(socket, 503);
      else if (refusal !== null) this.#sockets.refuse(socket, 403);
      else if (admin === null) this.#sockets.refuse(socket, 401);
      else if (pathOf(request) !== '/ws') this.#sockets.refuse(socket, 404);
      else this.#sockets.accept(request, socket, head, admin);
    });
  }

  /** Resolves to the address bound. Rejects as the system does, EADDRINUSE above all. */
  async listen(host: string, port: number): Promise<{ host: string; port: number }> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
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
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refusal = this.#gate.refuse(request);
    if (refusal !== null) return this.#end(response, 403, 'text/plain', `${refusal}\n`);
    const path = pathOf(request);
    if (request.method === 'GET' && path === '/health') return this.#health(response);
    if (request.method === 'GET' && path === '/metrics') {
      return this.#end(response, 200, 'text/plain; version=0.0.4; charset=utf-8', await this.#deps.metrics());
    }
    if (path !== '/') return this.#end(response, 404, 'text/plain', 'nothing is here; POST to /\n');
    if (request.method !== 'POST') {
      response.setHeader('allow', 'POST');
      return this.#end(response, 405, 'text/plain', 'this is a Pier node: POST JSON-RPC 2.0 here\n');
    }
    return this.#call(request, response);
  }

  async #call(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const fail = (status: number, error: RpcFault): void =>
      this.#end(response, status, 'application/json', errorText(null, errorBodyOf(error)));
    // What a form of a web page could send without asking first isn't taken.
    if (!/^application\/json\s*(?:;|$)/i.test(request.headers['content-type'] ?? '')) {
      const message = 'the content type must be application/json';
      return fail(415, new RpcFault(RPC_CODE.invalidRequest, 'BAD_REQUEST', message));
    }
    const admin = this.#gate.admits(request);
    if (admin === null) {
      const hint = 'The file cookie in the data folder is new at each start of the node.';
      return fail(401, new RpcFault(RPC_CODE.unauthorised, 'UNAUTHORISED', 'the cookie is wrong', hint));
    }
    if (this.#unread > UNREAD_BYTES_MAX) return fail(503, overLimit('too many answers wait to be read'));
    if (this.#calls >= MAX_CALLS) return fail(503, overLimit('too many calls at once'));
    this.#calls += 1;
    try {
      const body = await readBody(request);
      if (body === null) {
        response.setHeader('connection', 'close');
        return fail(413, overLimit(`the body is over ${BODY_BYTES_MAX} bytes`, 'Submit in several calls.'));
      }
      const context = { view: this.#deps.view, admin, subscriber: null };
      const answer = await this.#dispatcher.handle(body, context);
      if (answer === null) return this.#end(response, 204, 'application/json', '');
      return this.#end(response, 200, 'application/json', answer);
    } finally {
      this.#calls -= 1;
    }
  }

  #health(response: ServerResponse): void {
    const { view } = this.#deps;
    const body = { ok: !view.syncing, height: view.tip.height, peers: view.peers().length };
    this.#end(response, body.ok ? 200 : 503, 'application/json', JSON.stringify(body));
  }

  #end(response: ServerResponse, status: number, type: string, text: string): void {
    // The client went away meanwhile: its 'close' has been, and what is counted now would be counted for ever.
    if (response.closed || response.destroyed) return;
    const bytes = Buffer.from(text);
    this.#unread += bytes.length;
    response.once('close', () => {
      this.#unread -= bytes.length;
      // The connection would be kept for another call that can't be answered.
      if (this.#stopping) setImmediate(() => this.#server.closeIdleConnections());
    });
    if (status === 204) response.writeHead(204).end();
    else {
      response.writeHead(status, {
        'content-type': type,
        'content-length': bytes.length,
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
      });
      response.end(bytes);
    }
  }
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return url.split('?', 1)[0]!;
}

/** The body as text, or null if it is too large: what is over isn't kept. Rejects if the client goes away. */
function readBody(request: IncomingMessage): Promise<string | null> {
  if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES_MAX) return Promise.resolve(null);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > BODY_BYTES_MAX) {
        request.pause();
        resolve(null);
      } else {
        chunks.push(chunk);
      }
    });
    request.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    request.on('error', reject);
    request.on('close', () => reject(new Error('the client went away')));
  });
}
