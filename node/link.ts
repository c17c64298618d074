/**
 * Owns one open WebSocket link: what comes in, what waits to go out, and its one end.
 *
 * Bounds: at most `MAX_BUFFERED_BYTES` wait to go out, in the socket and for the link's lag together, or it is cut; when
 * as much that came in waits for the lag, reading pauses; a frame that has begun ends within `PARTIAL_FRAME_MS`; all
 * begun frames together take at most `MAX_PARTIAL_BYTES` (the transport adds them up).
 */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { DelayLine } from './delay-line.ts';

/** Room for two of the largest frames. A peer that leaves more unread is cut: it would only grow. */
export const MAX_BUFFERED_BYTES = 10 * 1024 * 1024;
/** At most this much is buffered when a link is called drained, and at least this much was sent since the last time. */
const DRAIN_BYTES = 64 * 1024;
/** Unsent bytes with which a link may still be closed in order: they stay until that is done. */
const CLOSING_BYTES_MAX = 2 * 1024 * 1024;
const PARTIAL_FRAME_MS = 20_000;
export const MAX_PARTIAL_BYTES = 32 * 1024 * 1024;
/** Bytes after the last frame that a frame in the making is taken for: less may be the head of the next one. */
const PARTIAL_MIN_BYTES = 64 * 1024;

/** RFC 6455: data of a type that isn't accepted; and one of the codes left to applications. */
const CLOSE_UNSUPPORTED = 1003;
const CLOSE_BY_PROTOCOL = 4000;
/** RFC 6455, 5.5: a control frame holds 125 bytes, two of them the code. */
const REASON_BYTES_MAX = 123;

export interface LinkEvents {
  frame(bytes: Uint8Array): void;
  drained(): void;
  closed(): void;
}

export class Link {
  /** Resolves once the socket is gone. */
  readonly ended: Promise<void>;
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  readonly #events: LinkEvents;
  readonly #outgoing: DelayLine;
  readonly #incoming: DelayLine;
  #closing = false;
  #sentSinceDrained = 0;
  /** `socket.bytesRead` when the last frame was complete, and since when a frame has been in the making. */
  #bytesAtFrame: number;
  #partialSince: number | null = null;

  /** `lagMs` is what each frame takes longer, either way; see `lag`. */
  constructor(webSocket: WebSocket, socket: Socket, lagMs: number, events: LinkEvents) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#events = events;
    this.#outgoing = new DelayLine(lagMs, (bytes) => this.#write(bytes));
    this.#incoming = new DelayLine(lagMs, (bytes) => this.#deliver(bytes));
    this.#bytesAtFrame = socket.bytesRead;
    socket.setNoDelay(true);
    webSocket.on('message', (data, isBinary) => this.#receive(data as Buffer, isBinary));
    // Whatever it was (a reset, an oversize frame, bad framing), 'close' follows.
    webSocket.on('error', () => {});
    this.ended = new Promise((resolve) => {
      webSocket.once('close', () => {
        this.#end();
        resolve();
        events.closed();
      });
    });
  }

  send(bytes: Uint8Array): void {
    if (this.#closing) return;
    if (this.#unsentBytes + bytes.length > MAX_BUFFERED_BYTES) {
      this.cut();
      return;
    }
    this.#outgoing.push(bytes);
  }

  /** From now on each frame takes so much longer, either way; those on their way too. */
  lag(ms: number): void {
    this.#outgoing.setDelay(ms);
    this.#incoming.setDelay(ms);
  }

  /** What waits to go out goes at once: a close doesn't lag. If much of it does, nobody reads: then it is cut. */
  close(code: string, reason: string): void {
    if (this.#webSocket.bufferedAmount > CLOSING_BYTES_MAX) this.cut();
    else this.#close(CLOSE_BY_PROTOCOL, reasonOf(code, reason));
  }

  /** Ends it at once, whatever is buffered. */
  cut(): void {
    this.#end();
    this.#webSocket.terminate();
  }

  /** Bytes of a frame that has begun; an estimate, exact to a socket's read. */
  get partialBytes(): number {
    const bytes = this.#socket.bytesRead - this.#bytesAtFrame;
    return bytes < PARTIAL_MIN_BYTES ? 0 : bytes;
  }

  /** Cuts the link if a frame has been in the making for too long. Returns `partialBytes`. */
  sweep(now: number): number {
    const bytes = this.partialBytes;
    if (bytes === 0) this.#partialSince = null;
    else this.#partialSince ??= now;
    if (this.#partialSince !== null && now - this.#partialSince > PARTIAL_FRAME_MS) this.cut();
    return bytes;
  }

  get #unsentBytes(): number {
    return this.#webSocket.bufferedAmount + this.#outgoing.waitingBytes;
  }

  #write(bytes: Uint8Array): void {
    this.#sentSinceDrained += bytes.length;
    this.#webSocket.send(bytes, { binary: true }, () => this.#flushed());
  }

  #receive(data: Buffer, isBinary: boolean): void {
    this.#bytesAtFrame = this.#socket.bytesRead;
    this.#partialSince = null;
    if (this.#closing) return;
    if (!isBinary) {
      this.#close(CLOSE_UNSUPPORTED, 'only binary frames');
      return;
    }
    // A small frame is a view of the socket's whole read: kept, it would hold 64 KiB. A copy holds what it needs.
    const whole = data.buffer.byteLength === data.length;
    this.#incoming.push(whole ? new Uint8Array(data.buffer) : new Uint8Array(data));
    if (this.#incoming.waitingBytes > MAX_BUFFERED_BYTES) this.#webSocket.pause();
  }

  #deliver(bytes: Uint8Array): void {
    if (this.#webSocket.isPaused && this.#incoming.waitingBytes <= MAX_BUFFERED_BYTES)
      this.#webSocket.resume();
    this.#events.frame(bytes);
  }

  #flushed(): void {
    if (this.#closing || this.#sentSinceDrained < DRAIN_BYTES) return;
    if (this.#unsentBytes > DRAIN_BYTES) return;
    this.#sentSinceDrained = 0;
    this.#events.drained();
  }

  #close(code: number, reason: string): void {
    if (this.#closing) return;
    for (const bytes of this.#end()) this.#write(bytes);
    this.#webSocket.close(code, reason);
  }

  /** Nothing comes in or out any more. Returns what was still to go out. */
  #end(): Uint8Array[] {
    this.#closing = true;
    this.#incoming.drain();
    // Unread, the other side's part of the close would never come.
    if (this.#webSocket.isPaused) this.#webSocket.resume();
    return this.#outgoing.drain();
  }
}

function reasonOf(code: string, reason: string): string {
  const ascii = `${code}: ${reason}`.replace(/[^ -~]/g, '?');
  return ascii.slice(0, REASON_BYTES_MAX);
}
