/** Owns the options of a node: what may be given, what holds if it isn't, and what is refused. */
import { RuleError } from '../chain/errors.ts';
import { parseAddress } from '../chain/format/address.ts';
import { parsePeerUrl } from '../p2p/addresses/peer-url.ts';
import { LAG_MS_MAX } from './delay-line.ts';
import { realPath } from './files.ts';

/** As given, on a command line or by a program. */
export interface NodeOptions {
  /** Folder of the node's files. */
  readonly data: string;
  /** File of the ledger's parameters; the folder's own, or else the default network. */
  readonly genesis?: string | undefined;
  /** `host:port` for links of other nodes; none are taken if it is left out. */
  readonly listen?: string | undefined;
  /** `host:port` of the RPC. */
  readonly rpc?: string | undefined;
  /** `ws://host:port` of nodes to keep a link to. */
  readonly peer?: readonly string[] | undefined;
  /** Address that earns what is mined; without it the node doesn't mine. */
  readonly mine?: string | undefined;
  /** Most hashes a second; as fast as it goes if left out. */
  readonly hashrate?: string | undefined;
  /** Hashes at the start that the limit doesn't hold back. */
  readonly burst?: string | undefined;
  /** Milliseconds that each frame takes longer, either way; see `delay-line.ts`. */
  readonly lag?: string | undefined;
  /** Origins of web pages that may link to this node. */
  readonly allowOrigin?: readonly string[] | undefined;
  /** Host names under which the RPC may be called, beside those of the loopback. */
  readonly allowHost?: readonly string[] | undefined;
  /** `false`: old rows of the store are not looked through while the node has nothing else to do. */
  readonly scrub?: boolean | undefined;
  /** Go on without blocks that are lost. */
  readonly acceptLoss?: boolean | undefined;
  /** The process that called is a launcher: see `launch.ts`. */
  readonly launched?: boolean | undefined;
}

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Checked. */
export interface NodeConfig {
  readonly dataDir: string;
  readonly genesisPath: string | null;
  readonly listen: HostPort | null;
  readonly rpc: HostPort;
  readonly peers: readonly string[];
  readonly mine: Uint8Array | null;
  readonly hashrate: number | null;
  readonly burst: number;
  readonly lagMs: number;
  readonly allowedOrigins: readonly string[];
  /** As in a URL: lower case, an IPv6 address in brackets, no port. */
  readonly allowedHosts: readonly string[];
  readonly scrub: boolean;
  readonly acceptLoss: boolean;
  readonly launched: boolean;
}

export const DEFAULT_RPC = '127.0.0.1:9460';
const HASHES_MAX = 1_000_000_000_000;
const PEERS_MAX = 256;

/** The node can't run like this; `hint` says what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'BAD_CONFIG';
  readonly hint: string;
  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

/** Throws `ConfigError` naming the option. */
export function readConfig(options: NodeOptions): NodeConfig {
  const peers = (options.peer ?? []).map(dialablePeer);
  for (const peer of peers) {
    if (parsePeerUrl(peer) === null)
      throw bad('peer', peer, 'Write it as ws://127.0.0.1:9471, in lower case.');
  }
  if (peers.length > PEERS_MAX) throw bad('peer', `${peers.length} of them`, `Name at most ${PEERS_MAX}.`);
  for (const origin of options.allowOrigin ?? []) {
    const exact = URL.canParse(origin) && new URL(origin).origin === origin;
    if (!exact) throw bad('allow-origin', origin, 'Write it as https://example.org, without a path.');
  }
  const hosts = options.allowHost ?? [];
  for (const host of hosts) {
    const exact = URL.canParse(`http://${host}`) && new URL(`http://${host}`).host === host.toLowerCase();
    if (!exact || /:[0-9]+$/.test(host))
      throw bad('allow-host', host, 'Write it as node.example.org, without a port.');
  }
  return {
    dataDir: realPath(options.data),
    genesisPath: options.genesis === undefined ? null : realPath(options.genesis),
    listen: options.listen === undefined ? null : readHostPort('listen', options.listen),
    rpc: readHostPort('rpc', options.rpc ?? DEFAULT_RPC),
    peers,
    mine: options.mine === undefined ? null : readAddress(options.mine),
    hashrate: options.hashrate === undefined ? null : readWhole('hashrate', options.hashrate, 1),
    burst: readWhole('burst', options.burst ?? '0', 0),
    lagMs: readWhole('lag', options.lag ?? '0', 0, LAG_MS_MAX),
    allowedOrigins: options.allowOrigin ?? [],
    allowedHosts: hosts.map((host) => host.toLowerCase()),
    scrub: options.scrub ?? true,
    acceptLoss: options.acceptLoss ?? false,
    launched: options.launched ?? false,
  };
}

/** The URL's authority: IPv6 in brackets. */
export function formatHostPort({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** True for an address that stands for all of a machine's: nobody can dial it. */
export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/** A node of this machine that listens everywhere is dialled on the loopback. */
function dialablePeer(url: string): string {
  return url.replace(/^ws:\/\/0\.0\.0\.0:/, 'ws://127.0.0.1:').replace(/^ws:\/\/\[::\]:/, 'ws://[::1]:');
}

function readHostPort(option: string, text: string): HostPort {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([a-zA-Z0-9.-]+)):([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535)
    throw bad(option, text, 'Write it as 127.0.0.1:9460; port 0 takes any.');
  return { host: match[1] ?? match[2]!, port };
}

function readAddress(text: string): Uint8Array {
  try {
    return parseAddress(text);
  } catch (error) {
    if (error instanceof RuleError) throw bad('mine', text, error.message);
    throw error;
  }
}

function readWhole(option: string, text: string, min: number, max = HASHES_MAX): number {
  const value = Number(text);
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(text) || value < min || value > max) {
    throw bad(option, text, `Write a whole number from ${min} to ${max}.`);
  }
  return value;
}

function bad(option: string, value: string, hint: string): ConfigError {
  return new ConfigError(`--${option} can't be ${JSON.stringify(value.slice(0, 100))}`, hint);
}
