/**
 * Owns one connection to the RPC: its requests, one after the other, and all that is counted for it. Whatever is counted
 * counts no more when the connection closes, however that comes about.
 *
 * Bounds: requests that came before the answer to the one before by one read of the socket, and by `PIPELINED_MAX`; a body
 * by `BODY_BYTES_MAX`; answers by what the client reads: the next part is made when the last one has gone.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Account, Backlog } from './backlog.ts';
import { BODY_BYTES_MAX } from './dispatcher.ts';
import type { Share, Turns } from './turns.ts';

const PIPELINED_MAX = 64;
/** Characters handed to the system in one go: so many of one byte each go without a buffer, if there is room for them. */
const WRITE_LENGTH = 16 * 1024;

export class Client {
  readonly socket: Socket;
  readonly account: Account;
  readonly share: Share;
  /** Calls back when the client has read something. */
  readonly #onProgress: () => void;
  #waiting = 0;
  #readsBody = false;
  #queue: Promise<void> = Promise.resolve();

  constructor(socket: Socket, backlog: Backlog, turns: Turns, onProgress: () => void) {
    this.socket = socket;
    this.account = backlog.open(() => socket.destroy());
    this.share = turns.newShare();
    this.#onProgress = onProgress;
    socket.once('close', () => this.account.end());
    // Node begins to read again after each request, whatever was said before.
    socket.on('resume', () => this.#hold());
  }

  /** Nothing that is done for it reaches it any more. */
  get gone(): boolean {
    return this.socket.destroyed;
  }

  /** True while a request waits or is served. */
  get busy(): boolean {
    return this.#waiting > 0;
  }

  /** Serves after all that came before. `serve` must not reject. */
  enqueue(serve: () => Promise<void>): void {
    if (++this.#waiting > PIPELINED_MAX) {
      this.socket.destroy();
      return;
    }
    // Not at once: what Node has put off since the request before would undo it.
    process.nextTick(() => this.#hold());
    this.#queue = this.#queue.then(async () => {
      if (!this.gone) await serve();
      if (--this.#waiting <= 1 && !this.gone) this.socket.resume();
    });
  }

  /** Nothing more is read while a request waits for the answer to another, but the body of the one that is served. */
  #hold(): void {
    if (this.#waiting > 1 && !this.#readsBody) this.socket.pause();
  }

  /** The body, or null if it is too large or the client has gone. Counted until `forget` is called. */
  async readBody(request: IncomingMessage): Promise<{ bytes: Buffer | null; forget(): void }> {
    const chunks: Buffer[] = [];
    let length = 0;
    let served = false;
    const forget = (): void => {
      if (served) this.account.finish(length);
      else this.account.release(length, performance.now());
    };
    if (!request.complete) {
      this.#readsBody = true;
      this.socket.resume();
    }
    try {
      for await (const chunk of request.iterator({ destroyOnReturn: false })) {
        length += chunk.length;
        this.account.hold(chunk.length, performance.now());
        if (length > BODY_BYTES_MAX) return { bytes: null, forget };
        chunks.push(chunk);
      }
    } catch {
      return { bytes: null, forget };
    } finally {
      this.#readsBody = false;
      this.#hold();
    }
    served = true;
    this.account.serve(length);
    return { bytes: this.gone ? null : Buffer.concat(chunks), forget };
  }

  /** Hands over the text as it is read. Resolves early if the client goes. */
  async write(response: ServerResponse, text: string): Promise<void> {
    this.account.hold(text.length, performance.now());
    const encoding = Buffer.byteLength(text) === text.length ? 'latin1' : 'utf8';
    for (let at = 0; at < text.length && !this.gone; ) {
      const end = endOfPart(text, at + WRITE_LENGTH);
      if (!response.write(text.slice(at, end), encoding)) await this.#drained(response);
      this.account.release(end - at, performance.now());
      this.#onProgress();
      at = end;
    }
  }

  #drained(response: ServerResponse): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        response.off('drain', done);
        this.socket.off('close', done);
        resolve();
      };
      response.once('drain', done);
      this.socket.once('close', done);
    });
  }
}

/** `end`, or one less where it would part the halves of a character. */
function endOfPart(text: string, end: number): number {
  if (end >= text.length) return text.length;
  const last = text.charCodeAt(end - 1);
  return last >= 0xd800 && last < 0xdc00 ? end - 1 : end;
}
