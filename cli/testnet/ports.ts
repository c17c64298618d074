/** Owns the choice of ports: two a node, from a base if they are free and from anywhere else if not. */
import { createServer } from 'node:net';
import { CliError } from '../faults.ts';

export interface PortPair {
  readonly rpcPort: number;
  readonly p2pPort: number;
}

export const DEFAULT_BASE_PORT = 9470;
/** Below the range that systems give to outgoing connections (32768 and up on Linux), so nobody takes one meanwhile. */
const ANYWHERE = { first: 12_000, last: 32_000 };
const ATTEMPTS = 50;

/** Ports of `count` nodes: from `base` upwards, or wherever a free range is if `base` is 0 or its range is taken. */
export async function choosePorts(base: number, count: number): Promise<PortPair[]> {
  if (base > 0 && (await allFree(base, count))) return pairs(base, count);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const room = ANYWHERE.last - ANYWHERE.first - 2 * count;
    const first = ANYWHERE.first + Math.floor(Math.random() * room);
    if (await allFree(first, count)) return pairs(first, count);
  }
  throw new CliError('NO_PORTS', `found no ${2 * count} free ports in a row`, 'choose some with --base-port');
}

/** True if nothing listens on the port of this machine's loopback. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

async function allFree(base: number, count: number): Promise<boolean> {
  if (base + 2 * count - 1 > 65_535) return false;
  for (let port = base; port < base + 2 * count; port++) if (!(await isFree(port))) return false;
  return true;
}

function pairs(base: number, count: number): PortPair[] {
  return Array.from({ length: count }, (_, i) => ({ rpcPort: base + 2 * i, p2pPort: base + 2 * i + 1 }));
}
