/** What a lag does to a link: order, bounds, its end. Its socket is a stand-in, so that nothing hangs on a kernel's buffers. */
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { WAITING_OVERHEAD_BYTES } from '../../node/delay-line.ts';
import { Link, MAX_BUFFERED_BYTES } from '../../node/link.ts';

const MIB = 1024 * 1024;
const LAG_MS = 1_000;

/** Notes what a link does to it. What is sent stays buffered until `flush`. */
class FakeSocket extends EventEmitter {
  readonly did: (string | number)[] = [];
  bufferedAmount = 0;
  isPaused = false;
  readonly #callbacks: (() => void)[] = [];
  send(bytes: Uint8Array, _options: object, callback: () => void): void {
    this.did.push(bytes[0]!);
    this.bufferedAmount += bytes.length;
    this.#callbacks.push(callback);
  }
  flush(): void {
    this.bufferedAmount = 0;
    for (const callback of this.#callbacks.splice(0)) callback();
  }
  close(code: number): void {
    this.did.push(`close ${code}`);
  }
  terminate(): void {
    this.did.push('cut');
  }
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
}

/** A link behind its handshake. */
function makeLink(lagMs: number) {
  const socket = new FakeSocket();
  const got: (string | number)[] = [];
  const raw = { bytesRead: 0, setNoDelay() {} };
  const link = new Link(socket as unknown as WebSocket, raw as unknown as Socket, lagMs, {
    frame: (bytes) => got.push(bytes[0]!),
    drained: () => got.push('drained'),
    closed: () => got.push('closed'),
  });
  const frame = (first: number, size: number): Uint8Array => new Uint8Array(size).fill(first, 0, 1);
  const send = (first: number, size = 1): void => link.send(frame(first, size));
  const receive = (first: number, size = 1): void => {
    socket.emit('message', Buffer.from(frame(first, size).buffer), true);
  };
  for (const first of [100, 101]) {
    send(first);
    receive(first);
  }
  socket.flush();
  socket.did.length = 0;
  got.length = 0;
  return { link, socket, got, send, receive };
}

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'],
  });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a link', () => {
  it('lags both ways, from when it is told to until it is told not to', () => {
    const { link, socket, got, send, receive } = makeLink(0);
    send(1);
    receive(1);
    expect([socket.did, got]).toEqual([[1], [1]]);
    link.lag(LAG_MS);
    send(2);
    receive(2);
    expect([socket.did, got]).toEqual([[1], [1]]);
    vi.advanceTimersByTime(LAG_MS);
    expect([socket.did, got]).toEqual([
      [1, 2],
      [1, 2],
    ]);
    send(3);
    receive(3);
    link.lag(0);
    vi.advanceTimersByTime(1);
    send(4);
    receive(4);
    expect([socket.did, got]).toEqual([
      [1, 2, 3, 4],
      [1, 2, 3, 4],
    ]);
  });

  it('is cut over what may wait to go out: in the socket and for the lag', () => {
    const { link, socket, send } = makeLink(LAG_MS);
    send(1, MAX_BUFFERED_BYTES / 2);
    vi.advanceTimersByTime(LAG_MS);
    expect(socket.bufferedAmount).toBe(MAX_BUFFERED_BYTES / 2);
    send(2, MAX_BUFFERED_BYTES / 2);
    expect(socket.did).toEqual([1]);
    send(3, 1);
    expect(socket.did).toEqual([1, 'cut']);
    vi.advanceTimersByTime(LAG_MS);
    link.send(Uint8Array.of(4));
    expect(socket.did).toEqual([1, 'cut']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('stops reading while as much waits to come in, and reads on then', () => {
    const { socket, got, receive } = makeLink(LAG_MS);
    for (let i = 0; i < MAX_BUFFERED_BYTES / MIB; i++) receive(i, MIB - WAITING_OVERHEAD_BYTES);
    expect(socket.isPaused).toBe(false);
    vi.advanceTimersByTime(LAG_MS / 2);
    receive(99, 1);
    expect(socket.isPaused).toBe(true);
    vi.advanceTimersByTime(LAG_MS / 2);
    expect(socket.isPaused).toBe(false);
    vi.advanceTimersByTime(LAG_MS);
    expect(got.slice(-2)).toEqual([MAX_BUFFERED_BYTES / MIB - 1, 99]);
  });

  it('is drained only when nothing much waits for the lag', () => {
    const { socket, got, send } = makeLink(LAG_MS);
    send(1, 70 * 1024);
    vi.advanceTimersByTime(LAG_MS / 2);
    send(2, 70 * 1024);
    vi.advanceTimersByTime(LAG_MS / 2);
    socket.flush();
    expect(got).toEqual([]);
    vi.advanceTimersByTime(LAG_MS / 2);
    socket.flush();
    expect(got).toEqual(['drained']);
  });

  it('that is closed sends what waits first; nothing comes in any more', () => {
    const { link, socket, got, send, receive } = makeLink(LAG_MS);
    send(1);
    send(2);
    receive(3);
    link.close('STOPPING', 'the node is stopping');
    expect(socket.did).toEqual([1, 2, 'close 4000']);
    vi.advanceTimersByTime(LAG_MS);
    socket.emit('close');
    expect(got).toEqual(['closed']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('that the other side ends leaves no timer', () => {
    const { link, socket, got, send, receive } = makeLink(LAG_MS);
    send(1);
    for (let i = 0; i <= MAX_BUFFERED_BYTES / MIB; i++) receive(i, MIB);
    socket.emit('close');
    expect([got, socket.did, socket.isPaused]).toEqual([['closed'], [], false]);
    link.lag(0);
    vi.advanceTimersByTime(LAG_MS);
    expect([got, socket.did]).toEqual([['closed'], []]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
