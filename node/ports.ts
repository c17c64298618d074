/**
 * Owns the ports through which the reactor meets the world. The simulator has its own implementation of each, so this
 * file imports nothing of Node and every port is as small as the reactor's need.
 */
import type { Header } from '../chain/format/header.ts';

export interface Clock {
  /** Milliseconds that never go back: for timers. */
  monotonicMs(): number;
  /** Milliseconds since 1970 by the local clock: for block times. */
  wallMs(): number;
}

/** One pending wake. */
export interface Timer {
  /** Calls `wake` at, or soon after, the monotonic time; replaces the wake set before. Never calls it at once. */
  set(atMonotonicMs: number, wake: () => void): void;
  cancel(): void;
}

/** What a transport reports; each is an input of the protocol machine. */
export type TransportInput =
  /** A link is up. `address` is what was dialled, or `host:port` of the remote side. */
  | { type: 'opened'; link: number; inbound: boolean; address: string; loopback: boolean }
  /** One message. The receiver owns the bytes. */
  | { type: 'frame'; link: number; bytes: Uint8Array }
  /** Exactly once for each link that was opened; nothing of that link comes after it. */
  | { type: 'closed'; link: number }
  | { type: 'dialFailed'; address: string }
  /** What was sent is on its way and little is left in the buffer. Comes at least once for every 64 KiB sent. */
  | { type: 'drained'; link: number };

/** Frames between nodes. Links are numbers never used twice; order is kept within a link. */
export interface Transport {
  /** Where inputs go. Never called from within a call of the transport. */
  onInput(handler: (input: TransportInput) => void): void;
  /** Accepts links; resolves to the address bound. Port 0 takes any free one. */
  listen(host: string, port: number): Promise<{ host: string; port: number }>;
  /** Ends in `opened` or `dialFailed`. */
  dial(address: string): void;
  /** Bytes for an unknown or closing link are dropped. A link that doesn't read is cut. */
  send(link: number, bytes: Uint8Array): void;
  /** Sends what is buffered, then closes. `code` and `reason` are for the other side's log. */
  close(link: number, code: string, reason: string): void;
  /** Closes everything; resolves once nothing is open. */
  stop(): Promise<void>;
}

export interface MiningJob {
  /** All but the nonce, which is searched from the one given upwards. */
  readonly header: Header;
  /** Comes back with the nonce found. */
  readonly jobId: number;
}

/** Searches nonces. Has at most one job: a new one replaces the one before. */
export interface Miner {
  start(job: MiningJob): void;
  cancel(): void;
  /** Called at most once a job, and never for a job that was replaced or cancelled. */
  onFound(handler: (found: { jobId: number; nonce: number }) => void): void;
  /** Hashes a second; null is as fast as it goes. */
  setRate(hashesPerSecond: number | null): void;
  /** Hashes a second over the last seconds, whatever the job; 0 soon after there is none. */
  hashrate(): number;
  /** Milliseconds for which it is sure to find no child of that block, so that a job can wait: 0 for whoever searches. */
  quietMs(parent: Uint8Array, bits: number): number;
  stop(): Promise<void>;
}

export type LogFields = Record<string, string | number | boolean | null>;

/** Structured log. `event` is one of the program's own names, never text of a peer. */
export interface Logger {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}
