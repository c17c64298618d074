/**
 * Owns who gets in: web pages of other origins don't, names that aren't ours don't (a page can point its own name at
 * this machine), and what changes the node wants the cookie, a secret in a file only its owner can read.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { targetOf } from './http.ts';

export interface Refusal {
  readonly reason: string;
  /** What to do. */
  readonly hint: string;
}

export class Gate {
  readonly #cookieHash: Buffer;
  /** Host names, without port, that requests may be for; an IPv6 address in brackets. */
  readonly #hosts: ReadonlySet<string>;

  constructor(cookie: string, hosts: readonly string[]) {
    this.#cookieHash = sha256(cookie);
    this.#hosts = new Set(['127.0.0.1', 'localhost', '[::1]', ...hosts.map((host) => host.toLowerCase())]);
  }

  /** Why a request is refused, or null. */
  refuse(request: IncomingMessage): Refusal | null {
    const { origin } = request.headers;
    const { host } = targetOf(request);
    // Only HTTP/1.0 may leave the host out, and no browser speaks it.
    if (host !== undefined && !this.#isOurs(hostnameOf(host), request.socket.localAddress)) {
      const hint = `Call it by ${[...this.#hosts].join(', ')}, or start the node with --allow-host and the name.`;
      return { reason: 'this host name is not allowed', hint };
    }
    // A page that this very server sent has the server's own origin.
    if (origin !== undefined && origin.toLowerCase() !== `http://${host?.toLowerCase()}`) {
      return { reason: 'web pages of other origins are not allowed', hint: 'Call it from a program.' };
    }
    return null;
  }

  /** A name can be pointed anywhere by whoever owns it, an address can't: the one that was connected to is ours. */
  #isOurs(name: string, localAddress = ''): boolean {
    const bare = localAddress.replace(/^::ffff:(?=[0-9.]+$)/, '');
    return this.#hosts.has(name) || (bare !== '' && name === (bare.includes(':') ? `[${bare}]` : bare));
  }

  /** True with the right cookie, false without one, null with a wrong one. */
  admits({ headers }: IncomingMessage): boolean | null {
    const { authorization } = headers;
    if (authorization === undefined) return false;
    const given = /^Bearer ([!-~]{1,256})$/.exec(authorization)?.[1];
    return given !== undefined && timingSafeEqual(sha256(given), this.#cookieHash) ? true : null;
  }
}

/** A new secret: 256 random bits in hex. */
export function makeCookie(): string {
  return randomBytes(32).toString('hex');
}

function hostnameOf(host: string): string {
  return host.toLowerCase().replace(/:[0-9]{1,5}$/, '');
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
