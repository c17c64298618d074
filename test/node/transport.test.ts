import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { equalBytes } from '../../chain/format/bytes.ts';
import { MAX_BUFFERED_BYTES } from '../../node/link.ts';
import type { TransportInput } from '../../node/ports.ts';
import { type TransportConfig, WebSocketTransport } from '../../node/transport.ts';

const MAX_FRAME = 1024 * 1024;

/** A transport whose inputs can be awaited. */
class Probe {
  readonly transport: WebSocketTransport;
  readonly inputs: TransportInput[] = [];
  #wake: (() => void)[] = [];
  constructor(config: Partial<TransportConfig> = {}) {
    this.transport = new WebSocketTransport({
      maxFrameBytes: MAX_FRAME,
      allowedOrigins: [],
      ...config,
    });
    this.transport.onInput((input) => {
      this.inputs.push(input);
      for (const wake of this.#wake.splice(0)) wake();
    });
  }

  /** The first input of the type from position `from` on, once it is there. */
  async next<T extends TransportInput['type']>(
    type: T,
    from = 0,
  ): Promise<Extract<TransportInput, { type: T }>> {
    for (;;) {
      const found = this.inputs.slice(from).find((input) => input.type === type);
      if (found !== undefined) return found as Extract<TransportInput, { type: T }>;
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  count(type: TransportInput['type']): number {
    return this.inputs.filter((input) => input.type === type).length;
  }
}

const open: Probe[] = [];
const sockets: WebSocket[] = [];
function makeProbe(config: Partial<TransportConfig> = {}): Probe {
  const probe = new Probe(config);
  open.push(probe);
  return probe;
}
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  await Promise.all(open.splice(0).map((probe) => probe.transport.stop()));
});

async function listen(
  config: Partial<TransportConfig> = {},
): Promise<{ server: Probe; url: string; port: number }> {
  const server = makeProbe(config);
  const { host, port } = await server.transport.listen('127.0.0.1', 0);
  return { server, url: `ws://${host}:${port}`, port };
}

/** A client that is no transport of ours; `answer` is 'open', or the status it was refused with, or the error. */
function dialRaw(url: string, protocols: string[], origin?: string) {
  const socket = new WebSocket(url, protocols, { perMessageDeflate: true, ...(origin && { origin }) });
  sockets.push(socket);
  const answer = new Promise<string | number>((resolve) => {
    socket.once('open', () => resolve('open'));
    socket.once('unexpected-response', (_request, response) => {
      response.resume();
      resolve(response.statusCode!);
    });
    socket.on('error', (error) => resolve(error.message));
  });
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  return { socket, answer, closed };
}

describe('two transports', () => {
  it('open a link, keep the order of frames, and close once', async () => {
    const { server, url } = await listen();
    const client = makeProbe();
    client.transport.dial(url);
    const here = await client.next('opened');
    const there = await server.next('opened');
    expect(here).toMatchObject({ inbound: false, address: url, loopback: true });
    expect(there).toMatchObject({ inbound: true, loopback: true });
    expect(there.address).toMatch(/^127\.0\.0\.1:[0-9]+$/);
    for (let i = 0; i < 300; i++) client.transport.send(here.link, Uint8Array.of(i >> 8, i));
    client.transport.send(here.link, new Uint8Array(MAX_FRAME).fill(7));
    client.transport.close(here.link, 'TEST', 'done');
    await Promise.all([server.next('closed'), client.next('closed')]);
    const frames = server.inputs.flatMap((input) => (input.type === 'frame' ? [input.bytes] : []));
    expect(frames).toHaveLength(301);
    frames.slice(0, 300).forEach((bytes, i) => {
      expect(bytes).toEqual(Uint8Array.of(i >> 8, i));
      expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
      expect(bytes.buffer.byteLength).toBe(2);
    });
    expect(equalBytes(frames[300]!, new Uint8Array(MAX_FRAME).fill(7))).toBe(true);
    client.transport.send(here.link, Uint8Array.of(1));
    client.transport.close(here.link, 'TEST', 'again');
    await Promise.all([server.transport.stop(), client.transport.stop()]);
    expect([server.count('closed'), client.count('closed')]).toEqual([1, 1]);
  });

  it('report a dial that fails, and one that is no address', async () => {
    const { server, url } = await listen();
    await server.transport.stop();
    const client = makeProbe();
    client.transport.dial(url);
    expect(await client.next('dialFailed')).toEqual({ type: 'dialFailed', address: url });
    client.transport.dial('nonsense');
    expect(client.count('dialFailed')).toBe(1);
    expect(await client.next('dialFailed', 1)).toEqual({ type: 'dialFailed', address: 'nonsense' });
  });

  it('give up a dial whose answer never ends, though every byte of it comes in time', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const dripping = createServer((socket) => {
      socket.on('error', () => {});
      socket.write('HTTP/1.1 101 Switching Protocols\r\nX-Slow: ');
      const drip = setInterval(() => socket.write('x'), 10);
      socket.on('close', () => clearInterval(drip));
    });
    try {
      await new Promise<void>((resolve) => dripping.listen(0, '127.0.0.1', resolve));
      const asked = new Promise((resolve) =>
        dripping.once('connection', (socket) => socket.once('data', resolve)),
      );
      const url = `ws://127.0.0.1:${(dripping.address() as AddressInfo).port}`;
      const client = makeProbe();
      client.transport.dial(url);
      await asked;
      vi.advanceTimersByTime(6_000);
      // The time-out of a silent socket isn't ours to turn on: without the dial's own this waits for ever.
      expect(await client.next('dialFailed')).toEqual({ type: 'dialFailed', address: url });
    } finally {
      vi.useRealTimers();
      dripping.close();
    }
  });

  it('say when what was sent has gone', async () => {
    const { server, url } = await listen();
    const client = makeProbe();
    client.transport.dial(url);
    const { link } = await client.next('opened');
    for (let i = 0; i < 40; i++) client.transport.send(link, new Uint8Array(4096));
    await client.next('drained');
    await server.next('opened');
  });

  it('close their links when one of them stops', async () => {
    const { server, url } = await listen();
    const client = makeProbe();
    client.transport.dial(url);
    await Promise.all([client.next('opened'), server.next('opened')]);
    await server.transport.stop();
    await client.next('closed');
    expect(server.count('closed')).toBe(1);
  });
});

describe('a stranger', () => {
  it('gets in with the subprotocol, and no compression', async () => {
    const { url } = await listen();
    const { socket, answer } = dialRaw(url, ['other', 'pier.1']);
    expect(await answer).toBe('open');
    expect(socket.protocol).toBe('pier.1');
    expect(socket.extensions).toBe('');
  });

  it('is refused without the subprotocol', async () => {
    const { server, url } = await listen();
    expect(await dialRaw(url, []).answer).toBe(400);
    expect(await dialRaw(url, ['pier.2']).answer).toBe(400);
    expect(server.inputs).toEqual([]);
  });

  it('is refused if it is a web page, unless that page is allowed', async () => {
    const { url } = await listen({ allowedOrigins: ['http://good.example'] });
    expect(await dialRaw(url, ['pier.1'], 'http://evil.example').answer).toBe(403);
    expect(await dialRaw(url, ['pier.1'], 'null').answer).toBe(403);
    expect(await dialRaw(url, ['pier.1'], 'http://good.example').answer).toBe('open');
  });

  it('is told what this is when it speaks plain HTTP', async () => {
    const { port } = await listen();
    const response = await fetch(`http://127.0.0.1:${port}/`);
    expect(response.status).toBe(426);
  });

  it('is closed for a text frame', async () => {
    const { server, url } = await listen();
    const { socket, answer, closed } = dialRaw(url, ['pier.1']);
    await answer;
    socket.send('hello');
    expect(await closed).toBe(1003);
    await server.next('closed');
    expect(server.count('frame')).toBe(0);
  });

  it('is closed for a frame that is too large, in one piece or in many', async () => {
    const { server, url } = await listen();
    const whole = dialRaw(url, ['pier.1']);
    await whole.answer;
    whole.socket.send(new Uint8Array(MAX_FRAME + 1));
    expect(await whole.closed).toBe(1009);
    const pieces = dialRaw(url, ['pier.1']);
    await pieces.answer;
    for (let i = 0; i < 2; i++) pieces.socket.send(new Uint8Array(MAX_FRAME / 2 + 1), { fin: false });
    expect(await pieces.closed).toBe(1009);
    await server.next('closed', server.inputs.findIndex((input) => input.type === 'closed') + 1);
    expect(server.count('frame')).toBe(0);
  });

  it('gets no answer to pings', async () => {
    const { server, url } = await listen();
    const { socket, answer } = dialRaw(url, ['pier.1']);
    await answer;
    let pongs = 0;
    socket.on('pong', () => pongs++);
    for (let i = 0; i < 100; i++) socket.ping();
    socket.send(Uint8Array.of(1));
    const { link } = await server.next('opened');
    await server.next('frame');
    const echoed = new Promise((resolve) => socket.once('message', resolve));
    server.transport.send(link, Uint8Array.of(2));
    await echoed;
    expect(pongs).toBe(0);
  });

  it('whose frames come all at once gets a turn for each', async () => {
    const { server, url } = await listen();
    const { socket, answer } = dialRaw(url, ['pier.1']);
    expect(await answer).toBe('open');
    const frames = 50;
    let turn = 0;
    const turns: number[] = [];
    const all = new Promise<void>((resolve) => {
      server.transport.onInput(({ type }) => {
        if (type === 'frame' && turns.push(turn) === frames) resolve();
      });
    });
    const count = (): void => {
      turn++;
      if (turns.length < frames) setImmediate(count);
    };
    setImmediate(count);
    for (let i = 0; i < frames; i++) socket.send(Uint8Array.of(i));
    await all;
    expect(new Set(turns).size).toBe(frames);
  });

  it('that never reads is cut before it costs more than the bound', async () => {
    const { server, url } = await listen();
    const { socket, answer } = dialRaw(url, ['pier.1']);
    await answer;
    socket.pause();
    const { link } = await server.next('opened');
    // Everything goes out in one turn of the loop: the kernel takes some, the rest is buffered.
    for (let sent = 0; sent < 4 * MAX_BUFFERED_BYTES; sent += MAX_FRAME) {
      server.transport.send(link, new Uint8Array(MAX_FRAME));
    }
    await server.next('closed');
    expect(server.count('closed')).toBe(1);
  });

  it('finds a place whatever number of silent connections there is, and these are ended', async () => {
    const { server, url, port } = await listen();
    let left = 0;
    let dialled = 0;
    const silent: Socket[] = [];
    const ended = new Promise<void>((resolve) => {
      const dial = (): void => {
        const socket = connect(port, '127.0.0.1');
        silent.push(socket);
        if (++dialled < 700) socket.once('connect', dial);
        socket.on('error', () => {});
        socket.resume();
        socket.once('close', () => {
          left++;
          if (left >= 700 - 64) resolve();
        });
      };
      dial();
    });
    try {
      while (dialled < 700) await dialRaw(url, ['pier.1']).answer.then((said) => expect(said).toBe('open'));
      await ended;
      expect(await dialRaw(url, ['pier.1']).answer).toBe('open');
      await server.transport.stop();
    } finally {
      for (const socket of silent) socket.destroy();
    }
  });

  it('that drips the head of its question is ended like one that says nothing', async () => {
    const { port } = await listen();
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    const drip = setInterval(() => socket.write('x'), 100);
    try {
      await new Promise((resolve) => socket.once('close', resolve).resume());
    } finally {
      clearInterval(drip);
    }
  });

  it('that is refused and keeps its half open holds neither a place nor the stop', async () => {
    const { server, url, port } = await listen();
    const lingering = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    lingering.on('error', () => {});
    lingering.write(
      'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n',
    );
    await new Promise((resolve) => lingering.on('end', resolve).resume());
    try {
      expect(await dialRaw(url, ['pier.1']).answer).toBe('open');
      await server.transport.stop();
    } finally {
      lingering.destroy();
    }
  });
});
