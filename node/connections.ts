/**
 * Owns the connections of one listening port: where each comes from, which phase it is in, and when it ends to make room.
 * Nobody is refused at the door, as `server.maxConnections` would do: those that show nothing are ended instead.
 *
 * Bounds: the `rush` of each phase, and what the system hands over in one turn of the event loop.
 */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { hostOf, parseRemote } from '../p2p/addresses/peer-url.ts';
import { type Origin, originOf, Places, type PlacesLimits } from '../p2p/peers/places.ts';

const SWEEP_MS = 250;
/** Connections that the system keeps until they are accepted; it takes less if its own limit is lower. */
export const BACKLOG = 4_096;

interface Connection<Phase> {
  readonly origin: Origin;
  phase: Phase;
}

export class Connections<Phase extends string> {
  readonly #places: ReadonlyMap<Phase, Places<Socket>>;
  readonly #connections = new Map<Socket, Connection<Phase>>();
  readonly #sweeper: NodeJS.Timeout;

  constructor(limits: Readonly<Record<Phase, PlacesLimits>>) {
    const entries = Object.entries<PlacesLimits>(limits);
    this.#places = new Map(entries.map(([phase, each]) => [phase as Phase, new Places<Socket>(each)]));
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS).unref();
  }

  /** Connections in a phase. */
  count(phase: Phase): number {
    return this.#places.get(phase)!.size;
  }

  /** A connection that was accepted. It leaves by itself when it closes. */
  enter(socket: Socket, phase: Phase): void {
    const origin = originOfSocket(socket);
    this.#connections.set(socket, { origin, phase });
    this.#places.get(phase)!.enter(socket, origin, performance.now());
    socket.once('close', () => this.leave(socket));
    this.#settle(phase);
  }

  /** It is in that phase from now on. */
  move(socket: Socket, phase: Phase): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined) return;
    this.#places.get(connection.phase)!.leave(socket);
    connection.phase = phase;
    this.#places.get(phase)!.enter(socket, connection.origin, performance.now());
    this.#settle(phase);
  }

  /** It has got on: its time in this phase begins anew. */
  renew(socket: Socket): void {
    const connection = this.#connections.get(socket);
    if (connection !== undefined) this.#places.get(connection.phase)!.renew(socket, performance.now());
  }

  /** Somebody else counts it from now on. */
  leave(socket: Socket): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined) return;
    this.#connections.delete(socket);
    this.#places.get(connection.phase)!.leave(socket);
  }

  /** Looks after them no more. They stay open. */
  stop(): void {
    clearInterval(this.#sweeper);
  }

  #sweep(): void {
    for (const phase of this.#places.keys()) this.#settle(phase);
  }

  #settle(phase: Phase): void {
    for (const socket of this.#places.get(phase)!.surplus(performance.now())) {
      this.#connections.delete(socket);
      socket.destroy();
    }
  }
}

/** Ends both halves: a client that leaves its own open would keep the connection's place, and us from stopping. */
export function refuseUpgrade(socket: Duplex, status: number): void {
  socket.on('error', () => {});
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

/** The remote `host:port` of a socket, an IPv6 address in brackets. */
export function remoteOf({ remoteAddress = '', remotePort = 0 }: Socket): string {
  const host = remoteAddress.includes(':') ? `[${remoteAddress}]` : remoteAddress;
  return `${host}:${remotePort}`;
}

export function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(?:::ffff:)?127\.|^::1$/.test(address);
}

function originOfSocket(socket: Socket): Origin {
  const address = remoteOf(socket);
  const host = hostOf(address);
  return originOf(address, host, parseRemote(address)?.group ?? host, isLoopback(socket.remoteAddress));
}
