/**
 * Owns the addresses of nodes: the one form in which a `ws://host:port` is accepted, and the network group it belongs
 * to. It holds no state. Strict on purpose: what a peer tells us ends in a dial of our own.
 */
import { ADDRESS_BYTES_MAX } from '../limits.ts';

export interface PeerUrl {
  /** In its canonical form: two that differ are two addresses. */
  readonly url: string;
  /** Lower-case name, dotted IPv4, or IPv6 in brackets. */
  readonly host: string;
  readonly port: number;
  readonly loopback: boolean;
  /** It may lead into the network of whoever dials it: a private address, or a name, which leads where its owner says. */
  readonly site: boolean;
  /** Machines likely to be in one hand: IPv4 /16, IPv6 /32, 'loopback', or 'name': names cost nothing. */
  readonly group: string;
}

const FORM = /^ws:\/\/([a-z0-9.-]+|\[[0-9a-f:]+\]):([1-9][0-9]{0,4})$/;
// The last label begins with a letter: what ends in a number is an IPv4 address in some form to a URL parser (0x7f.1).
const NAME = /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z]([a-z0-9-]*[a-z0-9])?$/;
const OCTETS = /^(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})$/;

/**
 * The parts of a `ws://host:port`, lower case, without path; `null` for anything else. Names, IPv4 addresses and ports
 * have one spelling. An IPv6 address may have several, and `url` and `host` have its canonical one.
 */
export function parsePeerUrl(text: string): PeerUrl | null {
  if (text.length > ADDRESS_BYTES_MAX) return null;
  const match = FORM.exec(text);
  if (match === null) return null;
  const port = Number(match[2]);
  const host = canonicalHost(match[1]!);
  if (port > 65_535 || host === null) return null;
  const group = groupOf(host);
  if (group === null) return null;
  const url = `ws://${host}:${port}`;
  return { url, host, port, loopback: group === 'loopback', site: isSite(host, group), group };
}

/** RFC 5952, except that an IPv4 address mapped into IPv6 is that IPv4 address; `null` if it is no IPv6 address. */
function canonicalHost(host: string): string | null {
  if (!host.startsWith('[')) return host;
  if (ipv6Groups(host) === null) return null;
  const { hostname } = new URL(`ws://${host}`);
  const mapped = /^\[::ffff:([0-9a-f]+):([0-9a-f]+)\]$/.exec(hostname);
  if (mapped === null) return hostname;
  return mapped
    .slice(1)
    .map((half) => parseInt(half, 16))
    .map((half) => `${half >> 8}.${half & 0xff}`)
    .join('.');
}

/** The address behind a link, as a URL: of one that dialled us only its host is known, and the port stands for none. */
export function parseRemote(address: string): PeerUrl | null {
  return parsePeerUrl(address.startsWith('ws://') ? address : `ws://${hostOf(address)}:1`);
}

/** The host of the remote `host:port` of a link or of a URL; an IPv4 address mapped into IPv6 is the IPv4 address. */
export function hostOf(address: string): string {
  const bare = address.startsWith('ws://') ? address.slice(5) : address;
  const end = bare.lastIndexOf(':');
  const host = end === -1 ? bare : bare.slice(0, end);
  return /^\[::ffff:([0-9.]+)\]$/.exec(host)?.[1] ?? host;
}

function groupOf(host: string): string | null {
  if (host.startsWith('[')) return ipv6Group(host);
  const octets = OCTETS.exec(host);
  if (octets !== null) {
    const numbers = octets.slice(1).map(Number);
    if (numbers.some((octet) => octet > 255)) return null;
    if (numbers[0] === 127) return 'loopback';
    // 0.0.0.0/8 names no host, and 224.0.0.0 and above are multicast and reserved.
    return numbers[0] === 0 || numbers[0]! >= 224 ? null : `${numbers[0]}.${numbers[1]}`;
  }
  if (!NAME.test(host)) return null;
  return host === 'localhost' || host.endsWith('.localhost') ? 'loopback' : 'name';
}

/** Names, and the ranges of RFC 1918, RFC 3927, RFC 4193, RFC 4291 (link-local) and RFC 6598. */
function isSite(host: string, group: string): boolean {
  if (group === 'name') return true;
  if (host.startsWith('[')) {
    const first = parseInt(group.slice(1), 16);
    return (first & 0xfe00) === 0xfc00 || (first & 0xffc0) === 0xfe80;
  }
  const [a, b] = group.split('.').map(Number) as [number, number];
  if (a === 10 || (a === 192 && b === 168) || (a === 169 && b === 254)) return true;
  return (a === 172 && b >= 16 && b < 32) || (a === 100 && b >= 64 && b < 128);
}

/** Of `[address]`. Unspecified and multicast addresses have none. */
function ipv6Group(host: string): string | null {
  const groups = ipv6Groups(host);
  if (groups === null || groups.every((part) => part === 0) || groups[0]! >= 0xff00) return null;
  if (groups[7] === 1 && groups.slice(0, 7).every((part) => part === 0)) return 'loopback';
  return `[${groups[0]!.toString(16)}:${groups[1]!.toString(16)}]`;
}

/** The eight numbers of `[address]`: hexadecimal throughout, compressed once at most. `null` for anything else. */
function ipv6Groups(host: string): number[] | null {
  const halves = host.slice(1, -1).split('::');
  if (halves.length > 2) return null;
  const parts = halves.map((half) => (half === '' ? [] : half.split(':')));
  const given = parts.flat();
  if (given.some((part) => !/^[0-9a-f]{1,4}$/.test(part))) return null;
  if (halves.length === 1 ? given.length !== 8 : given.length > 7) return null;
  const [head = [], tail = []] = parts;
  const zeros = new Array<string>(8 - given.length).fill('0');
  return [...head, ...zeros, ...tail].map((part) => parseInt(part, 16));
}
