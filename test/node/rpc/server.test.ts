import { request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { RuleError } from '../../../chain/errors.ts';
import type { Logger } from '../../../node/ports.ts';
import { RpcServer } from '../../../node/rpc/server.ts';
import { FakeView, makeTransfer, PENDING } from './fake-view.ts';

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const COOKIE = 'c0ffee'.repeat(10);
const STATUS = '{"jsonrpc":"2.0","id":1,"method":"status"}';
const SUBMIT = '{"jsonrpc":"2.0","id":1,"method":"submit","params":{"transactions":["01"]}}';
const STOP = '{"jsonrpc":"2.0","id":1,"method":"stop"}';

let view: FakeView;
let server: RpcServer;
let port: number;
const sockets: WebSocket[] = [];

beforeEach(async () => {
  view = new FakeView();
  server = new RpcServer({
    view,
    logger: silent,
    cookie: COOKIE,
    hosts: ['pier.example'],
    metrics: async () => 'pier_height 2\n',
    onCall() {},
  });
  ({ port } = await server.listen('127.0.0.1', 0));
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  await server.stop();
});

interface Reply {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly text: string;
}

/** Like fetch, but with any Host and Origin. */
function ask(options: {
  method?: string;
  path?: string;
  headers?: object;
  body?: string | Buffer;
}): Promise<Reply> {
  const { method = 'POST', path = '/', headers = {}, body } = options;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { port, host: '127.0.0.1', method, path, headers: { 'content-type': 'application/json', ...headers } },
      (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }));
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Sends calls over a connection of its own, the next without waiting for the answer to the one before. */
function post(body: string, times = 1) {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  const head = `POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  socket.write(`${head}${body}`.repeat(times));
  return socket;
}

describe('over HTTP', () => {
  it('calls are answered', async () => {
    const { status, text, headers } = await ask({ body: STATUS });
    expect([status, JSON.parse(text).result.height]).toEqual([200, 2]);
    expect(headers['access-control-allow-origin']).toBe(undefined);
    expect((await ask({ body: '{' })).text).toContain('-32700');
    expect((await ask({ body: '{"jsonrpc":"2.0","method":"status"}' })).status).toBe(204);
  });

  it.each(['evil.example', 'evil.example:80', '127.0.0.1.evil.example', 'localhost.', '[::2]', '0.0.0.0'])(
    'another host name is refused: %j',
    async (host) => {
      for (const path of ['/', '/health', '/metrics']) {
        expect((await ask({ path, headers: { host }, body: STATUS })).status).toBe(403);
      }
    },
  );

  it.each(['localhost', 'LOCALHOST:1', '127.0.0.1:9460', '[::1]', '[::1]:5', 'pier.example:80'])(
    'a host name of ours is taken: %s',
    async (host) => {
      expect((await ask({ headers: { host }, body: STATUS })).status).toBe(200);
    },
  );

  it('web pages of other origins are refused, whatever they want', async () => {
    for (const origin of ['http://evil.example', 'null', 'http://127.0.0.1:1', `https://127.0.0.1:${port}`]) {
      for (const method of ['POST', 'GET', 'OPTIONS']) {
        expect((await ask({ method, headers: { origin } })).status).toBe(403);
      }
    }
    const origin = `http://127.0.0.1:${port}`;
    expect((await ask({ headers: { origin }, body: STATUS })).status).toBe(200);
  });

  it('the cookie opens what changes the node, and a wrong one opens nothing', async () => {
    const withCookie = (authorization: string) => ask({ headers: { authorization }, body: STOP });
    expect((await ask({ body: STOP })).text).toContain('-32001');
    for (const wrong of [`Bearer ${COOKIE}0`, 'Bearer ', `Basic ${COOKIE}`, COOKIE]) {
      expect((await withCookie(wrong)).status).toBe(401);
    }
    expect(view.done).toEqual([]);
    expect((await withCookie(`Bearer ${COOKIE}`)).text).toContain('"ok":true');
    expect(view.done).toEqual(['stop']);
  });

  it('a body that is too large is refused, announced or not', async () => {
    const body = Buffer.alloc(1024 * 1024 + 1, 0x20);
    expect((await ask({ body })).status).toBe(413);
    const chunked = await ask({ headers: { 'transfer-encoding': 'chunked' }, body });
    expect([chunked.status, JSON.parse(chunked.text).error.code]).toEqual([413, -32002]);
    const padded = Buffer.concat([Buffer.from(STATUS), Buffer.alloc(1024 * 1024 - STATUS.length, 0x20)]);
    expect((await ask({ body: padded })).status).toBe(200);
  });

  it('only JSON is taken, by POST, at the root', async () => {
    expect((await ask({ headers: { 'content-type': 'text/plain' }, body: STATUS })).status).toBe(415);
    expect((await ask({ method: 'GET' })).status).toBe(405);
    expect((await ask({ method: 'DELETE' })).status).toBe(405);
    expect((await ask({ path: '/other', body: STATUS })).status).toBe(404);
  });

  it('a thousand transactions are one submission', async () => {
    const transactions = Array.from({ length: 1000 }, () => 'ab'.repeat(180));
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'submit', params: { transactions } });
    const { text } = await ask({ body });
    expect(JSON.parse(text).result.results).toHaveLength(1000);
    expect(view.submitted.map((batch) => batch.length)).toEqual([1000]);
  });

  it('health says whether the node has caught up', async () => {
    const healthy = await ask({ method: 'GET', path: '/health' });
    expect([healthy.status, JSON.parse(healthy.text)]).toEqual([200, { ok: true, height: 2, peers: 0 }]);
    view.syncing = true;
    expect((await ask({ method: 'GET', path: '/health' })).status).toBe(503);
  });

  it('metrics are plain text', async () => {
    const { headers, text } = await ask({ method: 'GET', path: '/metrics' });
    expect(headers['content-type']).toContain('text/plain');
    expect(text).toBe('pier_height 2\n');
  });

  it('clients that go away before their answers leave no room taken', async () => {
    const error = new RuleError('MALFORMED', 'x'.repeat(4_500));
    const waiting: (() => void)[] = [];
    let noted = (): void => {};
    view.submit = () =>
      new Promise((resolve) => {
        waiting.push(() => resolve(new Array(1_000).fill({ id: null, status: null, error })));
        noted();
      });
    const clients = Array.from({ length: 16 }, () => post(SUBMIT));
    while (waiting.length < clients.length) {
      await new Promise<void>((resolve) => {
        noted = resolve;
      });
    }
    for (const client of clients) client.destroy();
    // The server has seen them go once it answers whoever comes after them.
    await ask({ body: STATUS });
    for (const answer of waiting) answer();
    await ask({ body: STATUS });
    expect((await ask({ body: STATUS })).status).toBe(200);
  });

  it('one that asks on and on without waiting has its turn like all others', async () => {
    let under = 0;
    let noted = (): void => {};
    const begun = new Promise<void>((resolve) => {
      noted = resolve;
    });
    view.submit = () => {
      under++;
      noted();
      return new Promise(() => {});
    };
    const eager = post(SUBMIT, 60);
    await begun;
    expect((await ask({ body: STATUS })).status).toBe(200);
    expect(under).toBe(1);
    // Small questions come in one read: so many of them are no client.
    const greedy = post(STATUS, 5_000);
    await new Promise((resolve) => greedy.once('close', resolve).resume());
    expect((await ask({ body: STATUS })).status).toBe(200);
    eager.destroy();
  });

  it('those that ask for much and read nothing leave the port to others, and what they made wait with them', async () => {
    const many = Array.from({ length: 9_000 }, () => view.transfer);
    view.transactionsOf = async () => many;
    const large = '{"jsonrpc":"2.0","id":1,"method":"block"}';
    let cut = 0;
    const idle = Array.from({ length: 8 }, () => post(large, 20).pause());
    for (const socket of idle) socket.once('close', () => cut++);
    // Of all together too much waits: some are cut, and everybody else is answered meanwhile.
    while (cut === 0) {
      expect((await ask({ body: STATUS })).status).toBe(200);
      // Whoever doesn't read learns of it when writing.
      for (const socket of idle) socket.write('\r\n');
    }
    expect((await ask({ body: large })).text.length).toBeGreaterThan(2_000_000);
    for (const socket of idle) socket.destroy();
  });

  it('silent connections keep nobody out', async () => {
    const silentOnes = Array.from({ length: 300 }, () => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      return socket;
    });
    await Promise.all(silentOnes.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
    const ended = Promise.all(
      silentOnes
        .slice(0, 200)
        .map((socket) => new Promise((resolve) => socket.resume().once('close', resolve))),
    );
    expect((await ask({ body: STATUS })).status).toBe(200);
    await ended;
    expect((await ask({ body: STATUS })).status).toBe(200);
    for (const socket of silentOnes) socket.destroy();
  });

  it('bytes that are no HTTP close the connection, and the server goes on', async () => {
    const socket = connect(port, '127.0.0.1');
    socket.end('\0\0\0 nonsense\r\n\r\n');
    await new Promise((resolve) => socket.on('close', resolve).resume());
    expect((await ask({ body: STATUS })).status).toBe(200);
  });
});

/** A client of the WebSocket whose messages can be awaited in order. */
function open(headers: Record<string, string> = {}, path = '/ws') {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers, maxPayload: 64 * 1024 * 1024 });
  sockets.push(socket);
  const messages: string[] = [];
  let wake = (): void => {};
  socket.on('message', (data) => {
    messages.push(String(data));
    wake();
  });
  const refused = new Promise<number>((resolve) => {
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode!));
  });
  socket.on('error', () => {});
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  const ready = new Promise<void>((resolve) => socket.on('open', () => resolve()));
  const next = async () => {
    while (messages.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return JSON.parse(messages.shift()!);
  };
  const call = async (method: string, params: object = {}) => {
    socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
    return next();
  };
  return { socket, refused, closed, ready, next, call };
}

describe('over a WebSocket', () => {
  it('the same calls are answered, in order', async () => {
    const { socket, ready, next, call } = open();
    await ready;
    expect((await call('status')).result.height).toBe(2);
    for (let id = 1; id <= 30; id++) socket.send(JSON.stringify({ jsonrpc: '2.0', id, method: 'status' }));
    for (let id = 1; id <= 30; id++) expect((await next()).id).toBe(id);
    socket.send('{');
    expect((await next()).error.code).toBe(-32700);
  });

  it('the cookie counts as over HTTP', async () => {
    const stranger = open();
    await stranger.ready;
    expect((await stranger.call('stop')).error.code).toBe(-32001);
    expect(await open({ authorization: 'Bearer x' }).refused).toBe(401);
    const owner = open({ authorization: `Bearer ${COOKIE}` });
    await owner.ready;
    expect((await owner.call('stop')).result).toEqual({ ok: true });
  });

  it('foreign origins, hosts and paths are refused', async () => {
    expect(await open({ origin: 'http://evil.example' }).refused).toBe(403);
    expect(await open({ host: 'evil.example' }).refused).toBe(403);
    expect(await open({}, '/other').refused).toBe(404);
  });

  it('subscribers hear what they asked for, once, until they have had enough', async () => {
    const { ready, next, call } = open();
    await ready;
    expect((await call('subscribe', { topics: ['tip', 'reorg'] })).result).toEqual({ subscription: 1 });
    expect((await call('subscribe', { topics: ['tip'] })).result).toEqual({ subscription: 2 });
    const transfer = makeTransfer(PENDING, 5);
    view.tell({ topic: 'transaction', status: 'pending', transaction: transfer });
    view.tell({ topic: 'tip', node: view.tip, transactions: 3 });
    expect(await next()).toMatchObject({
      jsonrpc: '2.0',
      method: 'event',
      params: { topic: 'tip', height: 2, id: view.tip.key, transactions: 3 },
    });
    expect((await call('unsubscribe', { subscription: 1 })).result).toEqual({ ok: true });
    expect((await call('unsubscribe', { subscription: 1 })).error.code).toBe(-32602);
    expect((await call('unsubscribe', { subscription: 2 })).result).toEqual({ ok: true });
    view.tell({ topic: 'tip', node: view.tip, transactions: 4 });
    expect((await call('subscribe', { topics: ['transaction', 'record'] })).result).toEqual({
      subscription: 3,
    });
    view.tell({ topic: 'transaction', status: 'mined', transaction: transfer, block: view.tip, index: 1 });
    expect((await next()).params).toMatchObject({
      topic: 'transaction',
      id: transfer.key,
      status: 'mined',
      block: { height: 2, index: 1 },
      summary: { kind: 'transfer' },
    });
    view.tell({ topic: 'record', record: PENDING, transaction: transfer, block: view.tip });
    expect((await next()).params).toMatchObject({
      topic: 'record',
      record: transfer.key,
      block: { height: 2 },
    });
  });

  it('one more than there is room for gets the place of the one that was heard of least lately', async () => {
    const first = open();
    await first.ready;
    const others = Array.from({ length: 63 }, () => open());
    await Promise.all(others.map(({ ready }) => ready));
    const [quiet] = others;
    expect((await first.call('status')).result.height).toBe(2);
    for (const other of others.slice(1)) await other.call('fee');
    const late = open();
    await late.ready;
    expect(await quiet!.closed).toBe(1006);
    expect((await late.call('status')).result.height).toBe(2);
    expect((await first.call('status')).result.height).toBe(2);
  });

  it('subscriptions of one client are bounded', async () => {
    const { ready, call } = open();
    await ready;
    for (let i = 0; i < 16; i++) await call('subscribe', { topics: ['tip'] });
    expect((await call('subscribe', { topics: ['tip'] })).error.code).toBe(-32002);
  });

  it('a client that sends too many calls at once is closed', async () => {
    const { socket, ready, closed } = open();
    let go = (): void => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    const { totals } = view;
    view.totals = async () => {
      await held;
      return totals();
    };
    await ready;
    for (let i = 0; i < 65; i++) socket.send(STATUS);
    expect(await closed).toBe(1008);
    go();
  });

  it('binary and oversize frames close it', async () => {
    const binary = open();
    await binary.ready;
    binary.socket.send(Buffer.from(STATUS));
    expect(await binary.closed).toBe(1003);
    const large = open();
    await large.ready;
    large.socket.send(' '.repeat(1024 * 1024 + 1));
    expect(await large.closed).toBe(1009);
  });

  it('a subscriber that never reads is cut', async () => {
    const { socket, ready, call, closed } = open();
    await ready;
    await call('subscribe', { topics: ['transaction'] });
    socket.pause();
    const transfer = makeTransfer(PENDING, 5);
    const outputs = Array.from({ length: 255 }, () => ({ to: transfer.sender, amount: 1 }));
    const large = {
      ...transfer,
      body: { TAG: 'transfer' as const, data: { outputs, memo: new Uint8Array() } },
    };
    // Some 20 kB each: 40 MB in one turn of the loop, while 8 MB may wait.
    for (let i = 0; i < 2_000; i++)
      view.tell({ topic: 'transaction', status: 'pending', transaction: large });
    socket.resume();
    expect(await closed).toBe(1006);
  });

  it('all are closed when the server stops, which can be said twice', async () => {
    const { ready, closed } = open();
    await ready;
    await server.stop();
    expect(await closed).toBe(1001);
    expect(view.listeners.size).toBe(0);
  });
});
