/**
 * Owns the sockets between nodes: WebSocket links of subprotocol `pier.1`, one binary frame a message.
 *
 * Bounds, against peers: connections without a link by `OPENING`, links by the protocol, which closes those that are too
 * many; a frame by `maxFrameBytes`; output unsent by `MAX_BUFFERED_BYTES` a link, beyond which the link is cut (the
 * protocol bounds that of all links), and input that a lag holds back by as much, beyond which it isn't read; frames that
 * have begun and don't end by `PARTIAL_FRAME_MS` a link and `MAX_PARTIAL_BYTES` in all. Pings are ignored (the protocol
 * has its own), compression is off, and redirects aren't followed.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import type { PlacesLimits } from '../p2p/peers/places.ts';
import { BACKLOG, Connections, isLoopback, refuseUpgrade, remoteOf } from './connections.ts';
import { Link, MAX_PARTIAL_BYTES } from './link.ts';
import type { Transport, TransportInput } from './ports.ts';

export const SUBPROTOCOL = 'pier.1';
/** From a connection to its upgrade, and from a dial to the answer. */
const HANDSHAKE_MS = 5_000;
const CLOSE_MS = 1_000;
const SWEEP_MS = 1_000;
const MAX_HEADER_BYTES = 8 * 1024;
/** Connections that haven't asked for a link yet: an honest one asks at once. Each costs some 15 kB. */
const OPENING: PlacesLimits = { places: 64, rush: 512, graceMs: 1_000, patienceMs: HANDSHAKE_MS };

export interface TransportConfig {
  /** Largest frame of the message table. */
  readonly maxFrameBytes: number;
  /** Web pages that may open links. All others are refused: any page could reach a port of this machine. */
  readonly allowedOrigins: readonly string[];
}

export class WebSocketTransport implements Transport {
  readonly #config: TransportConfig;
  readonly #upgrader: WebSocketServer;
  #server: Server | null = null;
  #handler: (input: TransportInput) => void = () => {};
  readonly #connections = new Connections({ opening: OPENING });
  readonly #links = new Map<number, Link>();
  /** Dialled, not yet open. */
  readonly #dialling = new Set<WebSocket>();
  #lastLink = 0;
  #sweeper: NodeJS.Timeout | null = null;
  #lagMs = 0;
  #stopped = false;

  constructor(config: TransportConfig) {
    this.#config = config;
    this.#upgrader = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      handleProtocols: () => SUBPROTOCOL,
      ...this.#socketOptions(),
    });
  }

  onInput(handler: (input: TransportInput) => void): void {
    this.#handler = handler;
  }

  async listen(host: string, port: number): Promise<{ host: string; port: number }> {
    const server = createServer(
      {
        maxHeaderSize: MAX_HEADER_BYTES,
        headersTimeout: HANDSHAKE_MS,
        requestTimeout: HANDSHAKE_MS,
        connectionsCheckingInterval: SWEEP_MS,
        noDelay: true,
      },
      (_request, response) => {
        response.writeHead(426, { connection: 'close', 'content-type': 'text/plain' });
        response.end(`This is a Pier node. It speaks WebSocket, subprotocol ${SUBPROTOCOL}.\n`);
      },
    );
    server.on('connection', (socket) => this.#connections.enter(socket, 'opening'));
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket as Socket, head));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host, backlog: BACKLOG }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    // Out of descriptors, say: those that are open go on.
    server.on('error', () => {});
    this.#server = server;
    return { host, port: (server.address() as AddressInfo).port };
  }

  dial(address: string): void {
    if (this.#stopped) return;
    let socket: WebSocket;
    try {
      socket = new WebSocket(address, SUBPROTOCOL, {
        handshakeTimeout: HANDSHAKE_MS,
        ...this.#socketOptions(),
      });
    } catch {
      // Not an address at all. Reported later, like every other failure.
      setImmediate(() => this.#report({ type: 'dialFailed', address }));
      return;
    }
    this.#dialling.add(socket);
    let raw: Socket | null = null;
    socket.on('upgrade', (response) => {
      raw = response.socket;
    });
    // In all: `handshakeTimeout` begins anew with every byte of an answer.
    const late = setTimeout(() => socket.terminate(), HANDSHAKE_MS);
    const fail = (): void => {
      clearTimeout(late);
      if (this.#dialling.delete(socket)) this.#report({ type: 'dialFailed', address });
    };
    socket.once('error', fail);
    socket.once('close', fail);
    socket.once('open', () => {
      clearTimeout(late);
      this.#dialling.delete(socket);
      this.#open(socket, raw!, false, address);
    });
  }

  send(link: number, bytes: Uint8Array): void {
    this.#links.get(link)?.send(bytes);
  }

  close(link: number, code: string, reason: string): void {
    this.#links.get(link)?.close(code, reason);
  }

  /** For experiments: each frame takes so much longer, either way, on links that are open and on those to come. */
  lag(ms: number): void {
    this.#lagMs = ms;
    for (const link of this.#links.values()) link.lag(ms);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const socket of this.#dialling) socket.terminate();
    for (const link of this.#links.values()) link.close('STOPPING', 'the node is stopping');
    const server = this.#server;
    this.#server = null;
    // Resolves once every connection is gone, upgraded ones too; each closes within CLOSE_MS.
    if (server !== null) {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    }
    await Promise.all([...this.#links.values()].map((link) => link.ended));
    this.#connections.stop();
    if (this.#sweeper !== null) clearInterval(this.#sweeper);
    this.#sweeper = null;
  }

  #socketOptions() {
    return {
      perMessageDeflate: false,
      maxPayload: this.#config.maxFrameBytes,
      autoPong: false,
      // One frame of a link in a turn of the event loop: a read of small ones, from many, would hold it up for seconds.
      allowSynchronousEvents: false,
      closeTimeout: CLOSE_MS,
    };
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const refusal = this.#refusalOf(request);
    if (refusal !== null) {
      refuseUpgrade(socket, refusal);
      return;
    }
    this.#upgrader.handleUpgrade(request, socket, head, (webSocket) => {
      // From here on the protocol counts it, in its handshake first.
      this.#connections.leave(socket);
      this.#open(webSocket, socket, true, remoteOf(socket));
    });
  }

  /** The status an upgrade is refused with, or null. */
  #refusalOf(request: IncomingMessage): number | null {
    const { origin } = request.headers;
    if (this.#stopped) return 503;
    if (origin !== undefined && !this.#config.allowedOrigins.includes(origin)) return 403;
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    return offered.includes(SUBPROTOCOL) ? null : 400;
  }

  #open(webSocket: WebSocket, socket: Socket, inbound: boolean, address: string): void {
    if (this.#stopped) {
      webSocket.terminate();
      return;
    }
    const number = ++this.#lastLink;
    const link = new Link(webSocket, socket, this.#lagMs, {
      frame: (bytes) => this.#report({ type: 'frame', link: number, bytes }),
      drained: () => this.#report({ type: 'drained', link: number }),
      closed: () => {
        this.#links.delete(number);
        this.#report({ type: 'closed', link: number });
      },
    });
    this.#links.set(number, link);
    this.#sweeper ??= setInterval(() => this.#sweep(), SWEEP_MS).unref();
    this.#report({
      type: 'opened',
      link: number,
      inbound,
      address,
      loopback: isLoopback(socket.remoteAddress),
    });
  }

  /** Cuts links that hold memory with frames they don't finish. */
  #sweep(): void {
    const now = performance.now();
    let partial = 0;
    for (const link of this.#links.values()) partial += link.sweep(now);
    if (partial <= MAX_PARTIAL_BYTES) return;
    const largestFirst = [...this.#links.values()].sort((a, b) => b.partialBytes - a.partialBytes);
    for (const link of largestFirst) {
      if (partial <= MAX_PARTIAL_BYTES) break;
      partial -= link.partialBytes;
      link.cut();
    }
  }

  #report(input: TransportInput): void {
    this.#handler(input);
  }
}
