/** The letter of HTTP (RFC 9110, RFC 9112) and of JSON-RPC 2.0, over sockets that hide nothing. */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Logger } from '../../../node/ports.ts';
import { RpcServer } from '../../../node/rpc/server.ts';
import { FakeView } from './fake-view.ts';

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const view = new FakeView();
let server: RpcServer;
let port = 0;

beforeAll(async () => {
  server = new RpcServer({
    view,
    logger: silent,
    cookie: 'c0ffee',
    hosts: [],
    metrics: async () => 'pier_height 2\n',
    onCall() {},
  });
  ({ port } = await server.listen('127.0.0.1', 0));
});
afterAll(() => server.stop());

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends the bytes and gives all that comes until the server closes. */
function exchange(...parts: (string | Buffer)[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('error', reject);
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('end', () => resolve(Buffer.concat(chunks).toString('latin1')));
    for (const part of parts) socket.write(part);
  });
}

/** The answers of a stream, by their lengths. `heads` are answers without a body whatever their length. */
function split(stream: string, heads = 0): Answer[] {
  const answers: Answer[] = [];
  let rest = stream;
  while (rest !== '') {
    const end = rest.indexOf('\r\n\r\n');
    const [first, ...lines] = rest.slice(0, end).split('\r\n');
    const headers = Object.fromEntries(
      lines.map((line) => [
        line.slice(0, line.indexOf(':')).toLowerCase(),
        line.slice(line.indexOf(':') + 1).trim(),
      ]),
    );
    rest = rest.slice(end + 4);
    const status = Number(first!.split(' ')[1]);
    const bodyless = status === 204 || status < 200 || answers.length < heads;
    let length = bodyless ? 0 : Number(headers['content-length'] ?? rest.length);
    let body = rest.slice(0, length);
    if (headers['transfer-encoding'] === 'chunked') {
      length = rest.indexOf('\r\n0\r\n\r\n') + 7;
      body = unchunk(rest.slice(0, length));
    }
    answers.push({ status, headers, body });
    rest = rest.slice(length);
  }
  return answers;
}

function unchunk(text: string): string {
  const size = parseInt(text, 16);
  const begin = text.indexOf('\r\n') + 2;
  return size === 0 ? '' : text.slice(begin, begin + size) + unchunk(text.slice(begin + size + 2));
}

const FEE = '{"jsonrpc":"2.0","id":1,"method":"fee"}';
const JSON_HEADERS = 'Host: localhost\r\nContent-Type: application/json\r\n';
const post = (body: string, headers = `${JSON_HEADERS}Connection: close\r\n`): string =>
  `POST / HTTP/1.1\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const bare = (line: string, headers = 'Host: localhost\r\n'): string =>
  `${line}\r\n${headers}Connection: close\r\n\r\n`;

describe('HTTP', () => {
  it.each<[string, string, number, Record<string, string>]>([
    // RFC 9110, 15.5.6: a 405 names what is allowed.
    ['GET of the calls', bare('GET / HTTP/1.1'), 405, { allow: 'POST, OPTIONS' }],
    ['HEAD of the calls', bare('HEAD / HTTP/1.1'), 405, { allow: 'POST, OPTIONS' }],
    ['PUT', bare('PUT / HTTP/1.1'), 405, { allow: 'POST, OPTIONS' }],
    ['DELETE of health', bare('DELETE /health HTTP/1.1'), 405, { allow: 'GET, HEAD, OPTIONS' }],
    [
      'POST to metrics',
      post('', 'Host: localhost\r\nConnection: close\r\n').replace('/', '/metrics'),
      405,
      { allow: 'GET, HEAD, OPTIONS' },
    ],
    ['OPTIONS', bare('OPTIONS / HTTP/1.1'), 204, { allow: 'POST, OPTIONS' }],
    ['OPTIONS of all', bare('OPTIONS * HTTP/1.1'), 204, { allow: 'GET, HEAD, POST, OPTIONS' }],
    ['a path that leads nowhere', bare('GET /nothing HTTP/1.1'), 404, {}],
    ['a name of a prototype', bare('GET constructor HTTP/1.1'), 400, {}],
    ['a query', bare('GET /health?x=1 HTTP/1.1'), 200, { 'content-type': 'application/json' }],
    ['health', bare('GET /health HTTP/1.1'), 200, { 'content-type': 'application/json' }],
    ['HEAD of health', bare('HEAD /health HTTP/1.1'), 200, { 'content-type': 'application/json' }],
    [
      'metrics',
      bare('GET /metrics HTTP/1.1'),
      200,
      { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
    ],
    ['the socket without an upgrade', bare('GET /ws HTTP/1.1'), 426, { upgrade: 'websocket' }],
    // RFC 9112, 3.2.2: a proxy names the host in the target.
    ['the absolute form', bare('GET http://127.0.0.1/health HTTP/1.1'), 200, {}],
    ['the absolute form of another', bare('GET http://evil.example/health HTTP/1.1'), 403, {}],
    // RFC 9112, 3.2.
    ['no host', bare('GET /health HTTP/1.1', ''), 400, {}],
    ['two hosts', bare('GET /health HTTP/1.1', 'Host: localhost\r\nHost: evil.example\r\n'), 400, {}],
    ['another host', bare('GET /health HTTP/1.1', 'Host: evil.example\r\n'), 403, {}],
    ['HTTP/1.0 needs no host', bare('GET /health HTTP/1.0', ''), 200, {}],
    ['a call by HTTP/1.0', post(FEE, 'Content-Type: application/json\r\n').replace('1.1', '1.0'), 200, {}],
    ['a call', post(FEE), 200, { 'content-type': 'application/json', connection: 'close' }],
    ['a notification', post('{"jsonrpc":"2.0","method":"fee"}'), 204, {}],
    // RFC 9110, 15.5.12.
    ['no length', bare('POST / HTTP/1.1', JSON_HEADERS), 411, { 'content-type': 'application/json' }],
    ['no type', post(FEE, 'Host: localhost\r\nConnection: close\r\n'), 415, {}],
    ['a form', post(FEE, 'Host: localhost\r\nContent-Type: text/plain\r\nConnection: close\r\n'), 415, {}],
    [
      'a type that begins alike',
      post(FEE, 'Host: localhost\r\nContent-Type: application/jsonx\r\nConnection: close\r\n'),
      415,
      {},
    ],
    [
      'a charset',
      post(
        FEE,
        'Host: localhost\r\nContent-Type: Application/JSON ; charset="UTF-8"\r\nConnection: close\r\n',
      ),
      200,
      {},
    ],
    [
      'another charset',
      post(
        FEE,
        'Host: localhost\r\nContent-Type: application/json; charset=iso-8859-1\r\nConnection: close\r\n',
      ),
      415,
      {},
    ],
    [
      'a coding',
      post(FEE, `${JSON_HEADERS}Content-Encoding: gzip\r\nConnection: close\r\n`),
      415,
      { 'accept-encoding': 'identity' },
    ],
    [
      'no coding at all',
      post(FEE, `${JSON_HEADERS}Content-Encoding: identity\r\nConnection: close\r\n`),
      200,
      {},
    ],
    ['too large', post(' '.repeat(1024 * 1024 + 1)), 413, { 'content-type': 'application/json' }],
    ['a length that is no number', `POST / HTTP/1.1\r\n${JSON_HEADERS}Content-Length: 1x\r\n\r\n1`, 400, {}],
    [
      'two lengths',
      `POST / HTTP/1.1\r\n${JSON_HEADERS}Content-Length: 1\r\nContent-Length: 2\r\n\r\n12`,
      400,
      {},
    ],
    [
      'a length and chunks',
      `POST / HTTP/1.1\r\n${JSON_HEADERS}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
      {},
    ],
    [
      'an expectation that nobody knows',
      post(FEE, `${JSON_HEADERS}Expect: magic\r\nConnection: close\r\n`),
      417,
      {},
    ],
    ['a tunnel', bare('CONNECT localhost:80 HTTP/1.1'), 501, {}],
    [
      'an upgrade to something else',
      bare('GET /health HTTP/1.1', 'Host: localhost\r\nUpgrade: h2c\r\n').replace('close', 'upgrade'),
      200,
      {},
    ],
    [
      'heads without end',
      bare('GET /health HTTP/1.1', `Host: localhost\r\nX: ${'x'.repeat(9_000)}\r\n`),
      431,
      {},
    ],
    [
      'a wrong cookie',
      post(FEE, `${JSON_HEADERS}Authorization: Bearer x\r\nConnection: close\r\n`),
      401,
      { 'www-authenticate': 'Bearer' },
    ],
  ])('%s', async (_, bytes, status, headers) => {
    const isHead = bytes.startsWith('HEAD');
    const answers = split(await exchange(bytes), isHead ? 1 : 0);
    expect(answers).toHaveLength(1);
    expect(answers[0]!.status).toBe(status);
    expect(answers[0]!.headers).toMatchObject(headers);
    if (isHead) expect(Number(answers[0]!.headers['content-length'])).toBeGreaterThan(0);
  });

  it('answers on one connection in the order of the questions, also those that came at once', async () => {
    const calls = [3, 1, 2].map((id) => `{"jsonrpc":"2.0","id":${id},"method":"fee"}`);
    const notification = '{"jsonrpc":"2.0","method":"fee"}';
    const stream = await exchange(
      post(calls[0]!, JSON_HEADERS) +
        bare('GET /health HTTP/1.1').replace('Connection: close\r\n', '') +
        post(notification, JSON_HEADERS) +
        post(calls[1]!, JSON_HEADERS) +
        post(calls[2]!),
    );
    const answers = split(stream);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 204, 200, 200]);
    const ids = answers.map(({ body }) => (body === '' ? null : JSON.parse(body).id));
    expect(ids).toEqual([3, undefined, null, 1, 2]);
  });

  it('takes a body in chunks, and in pieces of a byte', async () => {
    const chunked = `POST / HTTP/1.1\r\n${JSON_HEADERS}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\n${FEE.slice(0, 5)}\r\n${(FEE.length - 5).toString(16)};x=y\r\n${FEE.slice(5)}\r\n0\r\n\r\n`;
    expect(JSON.parse(split(await exchange(chunked))[0]!.body).id).toBe(1);
    expect(JSON.parse(split(await exchange(...post(FEE)))[0]!.body).id).toBe(1);
  });

  it('closes after an answer by HTTP/1.0, unless it is asked to keep the connection', async () => {
    const old = (headers: string): string =>
      post(FEE, `Content-Type: application/json\r\n${headers}`).replace('1.1', '1.0');
    const answers = split(await exchange(old('Connection: keep-alive\r\n') + old('')));
    expect(answers.map(({ headers }) => headers.connection)).toEqual(['keep-alive', 'close']);
  });

  it('lets a client that asks go on with its body, and not one whose body it would not read', async () => {
    const expecting = `${JSON_HEADERS}Expect: 100-continue\r\nConnection: close\r\n`;
    const [proceed, answer] = split(await exchange(post(FEE, expecting)));
    expect([proceed!.status, answer!.status]).toEqual([100, 200]);
    const large = `POST / HTTP/1.1\r\n${expecting}Content-Length: 99999999\r\n\r\n`;
    expect(split(await exchange(large)).map(({ status }) => status)).toEqual([413]);
    // RFC 9110, 10.1.1: of HTTP/1.0 it is ignored.
    const old = post(FEE, expecting).replace('1.1', '1.0');
    expect(split(await exchange(old)).map(({ status }) => status)).toEqual([200]);
  });

  it('says what to do about a host that is not allowed, and takes the address that was dialled', async () => {
    const [call] = split(
      await exchange(post(FEE, `${JSON_HEADERS.replace('localhost', 'evil.example')}Connection: close\r\n`)),
    );
    expect(JSON.parse(call!.body).error).toMatchObject({
      code: -32001,
      data: { code: 'FORBIDDEN', hint: expect.stringContaining('--allow-host') },
    });
    const [page] = split(await exchange(bare('GET /health HTTP/1.1', 'Host: evil.example\r\n')));
    expect(page!.body).toContain('--allow-host');
  });

  it('gives a large answer in parts, and by HTTP/1.0 until it closes', async () => {
    const batch = `[${Array.from({ length: 100 }, (_, id) => `{"jsonrpc":"2.0","id":${id},"method":"rpc.discover"}`).join()}]`;
    const [chunked] = split(await exchange(post(batch)));
    expect(chunked!.headers['transfer-encoding']).toBe('chunked');
    expect(JSON.parse(chunked!.body).map(({ id }: { id: number }) => id)).toEqual(
      Array.from({ length: 100 }, (_, i) => i),
    );
    const [plain] = split(
      await exchange(post(batch, 'Content-Type: application/json\r\n').replace('1.1', '1.0')),
    );
    expect(plain!.headers['transfer-encoding']).toBe(undefined);
    expect(plain!.body).toBe(chunked!.body);
  });
});

describe('JSON-RPC 2.0', () => {
  const none = Symbol('no answer');
  const error = (id: string, code: number): object => ({
    jsonrpc: '2.0',
    id: JSON.parse(id),
    error: { code },
  });
  it.each<[string, string | Buffer, object | typeof none, string?]>([
    ['a string as id', '{"jsonrpc":"2.0","id":"a\\u0000\\ud800","method":"fee"}', { id: 'a\0\ud800' }],
    ['an empty one', '{"jsonrpc":"2.0","id":"","method":"fee"}', { id: '' }],
    ['a long one', `{"jsonrpc":"2.0","id":"${'x'.repeat(5_000)}","method":"fee"}`, { id: 'x'.repeat(5_000) }],
    ['null', '{"jsonrpc":"2.0","id":null,"method":"fee"}', { id: null, result: {} }],
    ['zero', '{"jsonrpc":"2.0","id":0,"method":"fee"}', { id: 0 }],
    ['a fraction', '{"jsonrpc":"2.0","id":1.50,"method":"fee"}', {}, '"id":1.50,'],
    [
      'more digits than a double has',
      '{"jsonrpc":"2.0","id":9007199254740993,"method":"fee"}',
      {},
      '"id":9007199254740993,',
    ],
    ['a number without end', '{"jsonrpc":"2.0","id":1e400,"method":"x"}', {}, '"id":1e400,'],
    ['minus zero', '{"jsonrpc":"2.0","id":-0,"method":"fee"}', {}, '"id":-0,'],
    [
      'such an id of a wrong call',
      '{"jsonrpc":"2.0","id":1e400}',
      { error: { code: -32600 } },
      '"id":1e400,',
    ],
    ['true as id', '{"jsonrpc":"2.0","id":true,"method":"fee"}', error('null', -32600)],
    ['a list as id', '{"jsonrpc":"2.0","id":[],"method":"fee"}', error('null', -32600)],
    ['a notification', '{"jsonrpc":"2.0","method":"fee"}', none],
    ['one of no method', '{"jsonrpc":"2.0","method":"foobar"}', none],
    ['one with wrong parameters', '{"jsonrpc":"2.0","method":"history","params":{"x":1}}', none],
    // The examples of the specification, section 7.
    ['a method that is not there', '{"jsonrpc": "2.0", "method": "foobar", "id": "1"}', error('"1"', -32601)],
    [
      'JSON that is cut',
      '{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]',
      error('null', -32700),
    ],
    ['a call that is none', '{"jsonrpc": "2.0", "method": 1, "params": "bar"}', error('null', -32600)],
    [
      'a batch that is cut',
      '[{"jsonrpc": "2.0", "method": "sum", "id": "1"},{"jsonrpc": "2.0", "method"',
      error('null', -32700),
    ],
    ['an empty batch', '[]', error('null', -32600)],
    ['a batch of one that is none', '[1]', [error('null', -32600)]],
    ['of three', '[1,2,3]', [1, 2, 3].map(() => error('null', -32600))],
    ['a list in a batch', '[[]]', [error('null', -32600)]],
    [
      'a mixed batch',
      `[${FEE},{"jsonrpc":"2.0","method":"fee"},{"foo":"boo"},{"jsonrpc":"2.0","method":"foo.get","params":{},"id":"5"}]`,
      [{ id: 1, result: {} }, error('null', -32600), error('"5"', -32601)],
    ],
    ['a batch of notifications', '[{"jsonrpc":"2.0","method":"fee"},{"jsonrpc":"2.0","method":"x"}]', none],
    [
      'parameters that are wrong',
      '{"jsonrpc":"2.0","id":2,"method":"history","params":{}}',
      error('2', -32602),
    ],
    [
      'parameters by position',
      '{"jsonrpc":"2.0","id":2,"method":"history","params":["x"]}',
      error('2', -32602),
    ],
    ['another version', '{"jsonrpc":"1.0","id":2,"method":"fee"}', error('2', -32600)],
    ['no version', '{"id":2,"method":"fee"}', error('2', -32600)],
    ['nothing', '', error('null', -32700)],
    [
      'bytes that are no UTF-8',
      Buffer.from('{"jsonrpc":"2.0","id":"\xff","method":"fee"}', 'latin1'),
      error('null', -32700),
    ],
    ['a mark of the byte order', '\ufeff{"jsonrpc":"2.0","id":1,"method":"fee"}', error('null', -32700)],
  ])('%s', async (_, body, expected, text = '') => {
    const bytes = Buffer.from(body);
    const head = `POST / HTTP/1.1\r\n${JSON_HEADERS}Connection: close\r\nContent-Length: ${bytes.length}\r\n\r\n`;
    const [answer] = split(await exchange(head, bytes));
    if (expected === none) expect([answer!.status, answer!.body]).toEqual([204, '']);
    else {
      expect(JSON.parse(answer!.body)).toMatchObject(expected as object);
      expect(answer!.body).toContain(text);
    }
  });
});
