/**
 * Owns who gets in: web pages of other origins don't, names that aren't ours don't (a page can point its own name at
 * this machine), and what changes the node wants the cookie, a secret in a file only its owner can read.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export class Gate {
  readonly #cookieHash: Buffer;
  /** Host names, without port, that requests may be for. */
  readonly #hosts: ReadonlySet<string>;

  constructor(cookie: string, hosts: readonly string[]) {
    this.#cookieHash = sha256(cookie);
    this.#hosts = new Set(['127.0.0.1', 'localhost', '[::1]', ...hosts.map((host) => host.toLowerCase())]);
  }

  /** Why a request is refused, or null. */
  refuse({ headers }: IncomingMessage): string | null {
    const { host, origin } = headers;
    if (host === undefined || !this.#hosts.has(hostnameOf(host))) return 'this host name is not allowed';
    // A page that this very server sent has the server's own origin.
    if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`) {
      return 'web pages of other origins are not allowed';
    }
    return null;
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
