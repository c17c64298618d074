import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { RpcClient } from '../../wallet/client.ts';
import { RESPONSE_BYTES_MAX } from '../../wallet/http.ts';
import { NoNodeError, RpcError } from '../../wallet/rpc-errors.ts';
import { type Behaviour, down, FakeNodes, json, raw, refuse, serve, silent } from './fake-nodes.ts';
import { walletFault } from './faults.ts';

const A = 'http://127.0.0.1:1001/';
const B = 'http://127.0.0.1:1002/';
const C = 'http://127.0.0.1:1003/';
const good = (name: string): Behaviour => serve(({ method, params }) => ({ name, method, params }));

function setUp(behaviours: Record<string, Behaviour>) {
  const nodes = new FakeNodes(behaviours);
  const client = new RpcClient({ nodes: Object.keys(behaviours), fetch: nodes.fetch, timer: nodes.timer });
  return { nodes, client };
}

async function noNode(action: Promise<unknown>): Promise<NoNodeError> {
  const fault = await walletFault(() => action);
  expect(fault).toBeInstanceOf(NoNodeError);
  return fault as NoNodeError;
}

describe('one node', () => {
  test('is asked in JSON-RPC 2.0 and its result comes back', async () => {
    const { nodes, client } = setUp({ [A]: good('a') });
    expect(await client.call('account', { address: 'x' })).toEqual({
      name: 'a',
      method: 'account',
      params: { address: 'x' },
    });
    expect(nodes.messages[0]).toEqual({ jsonrpc: '2.0', id: 1, method: 'account', params: { address: 'x' } });
    expect(nodes.pendingTimers).toBe(0);
  });

  test('an answer may come in pieces that split a letter', async () => {
    const bytes = new TextEncoder().encode('{"jsonrpc":"2.0","id":1,"result":"Grüße"}');
    const { client } = setUp({
      [A]: () => ({ status: 200, chunks: [...bytes].map((byte) => Uint8Array.of(byte)) }),
    });
    expect(await client.call('status', {})).toBe('Grüße');
  });

  test('its refusal is thrown as it is, whatever the HTTP status', async () => {
    for (const status of [200, 400, 403]) {
      const { client } = setUp({
        [A]: (message) => ({
          ...refuse(-32000, 'the balance', { code: 'OVERSPEND', hint: 'send less' })(message)!,
          status,
        }),
      });
      const error = await client.call('submit', {}).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(RpcError);
      expect(error).toMatchObject({
        code: -32000,
        message: 'the balance',
        ledgerCode: 'OVERSPEND',
        hint: 'send less',
        node: A,
      });
    }
  });

  test('a refusal without data has no ledger code', () => {
    for (const data of [undefined, null, 'x', { code: 5 }]) {
      expect(new RpcError(A, -32601, 'no such method', data).ledgerCode).toBeUndefined();
    }
  });

  test.each<[string, Behaviour, string]>([
    ['nothing listens', down, 'nothing listens there'],
    ['no answer', silent, 'no answer in 5000 ms'],
    ['a body that never ends', () => ({ ...raw('{'), open: true }), 'no answer in 5000 ms'],
    ['not JSON', () => raw('<html>'), 'not JSON'],
    ['nothing', () => raw(''), 'not JSON'],
    ['HTTP 503 in text', () => raw('busy', 503), 'HTTP 503'],
    ['HTTP 500 in JSON', () => json({ jsonrpc: '2.0', id: 1, result: 1 }, 500), 'HTTP 500'],
    ['other JSON', () => json([1]), 'not JSON-RPC'],
    ['null', () => json(null), 'not JSON-RPC'],
    ['another version', () => json({ id: 1, result: 1 }), 'not JSON-RPC'],
    ['another id', () => json({ jsonrpc: '2.0', id: 99, result: 1 }), 'another question'],
    [
      'an error of another id',
      () => json({ jsonrpc: '2.0', id: 99, error: { code: 1, message: '' } }),
      'another question',
    ],
    ['no result', () => json({ jsonrpc: '2.0', id: 1 }), 'no result'],
    ['an error of no shape', () => json({ jsonrpc: '2.0', id: 1, error: 'bad' }), 'no result'],
    ['an internal error', refuse(-32603, 'oops'), 'oops'],
    [
      'too much',
      () => ({ status: 200, chunks: Array(9).fill(new Uint8Array(RESPONSE_BYTES_MAX / 8)), open: true }),
      'larger than',
    ],
  ])('%s is its failure', async (_, behaviour, reason) => {
    const { nodes, client } = setUp({ [A]: behaviour });
    const fault = await noNode(client.call('status', {}));
    expect(fault.failures).toEqual([{ node: A, reason: expect.stringContaining(reason) }]);
    expect(fault.message).toContain(A);
    expect(fault.hint).toContain('pier testnet start');
    expect(nodes.pendingTimers).toBe(0);
  });

  test('an answer that is too large is not read to its end', async () => {
    const { nodes, client } = setUp({
      [A]: () => ({ status: 200, chunks: Array(100).fill(new Uint8Array(RESPONSE_BYTES_MAX / 8)) }),
    });
    await noNode(client.call('status', {}));
    expect(nodes.cancelled).toBe(1);
  });
});

describe('several nodes', () => {
  test.each<[string, Behaviour]>([
    ['down', down],
    ['silent', silent],
    ['babbling', () => raw('x')],
    ['broken inside', refuse(-32603, 'oops')],
  ])('the first %s, the second answers and stays the first to be asked', async (_, behaviour) => {
    const { nodes, client } = setUp({ [A]: behaviour, [B]: good('b'), [C]: good('c') });
    expect(await client.call('status', {})).toMatchObject({ name: 'b' });
    expect(client.node).toBe(B);
    expect(await client.call('status', {})).toMatchObject({ name: 'b' });
    expect(nodes.asked).toEqual([A, B, B]);
  });

  test('each is asked once, round from the last good one, and all are named if none answers', async () => {
    const { nodes, client } = setUp({ [A]: down, [B]: good('b'), [C]: silent });
    await client.call('status', {});
    nodes.behaviours.set(B, down);
    nodes.asked.length = 0;
    const fault = await noNode(client.call('status', {}));
    expect(nodes.asked).toEqual([B, C, A]);
    expect(fault.failures.map(({ node }) => node)).toEqual([B, C, A]);
    expect(fault.message).toBe(
      `no node answered: ${B} (nothing listens there), ${C} (no answer in 5000 ms), ${A} (nothing listens there)`,
    );
    nodes.behaviours.set(C, good('c'));
    expect(await client.call('status', {})).toMatchObject({ name: 'c' });
  });

  test('a refusal is not taken to another node', async () => {
    const { nodes, client } = setUp({ [A]: down, [B]: refuse(-32602, 'params'), [C]: good('c') });
    await expect(client.call('x', {})).rejects.toThrow(RpcError);
    expect(nodes.asked).toEqual([A, B]);
    expect(client.node).toBe(B);
  });

  test('a result that does not pass the check is a failure', async () => {
    const { client } = setUp({ [A]: good('liar'), [B]: good('b') });
    const check = (result: unknown) => {
      if ((result as { name: string }).name === 'liar') throw new Error('a lie');
      return 'checked';
    };
    expect(await client.call('status', {}, { check })).toBe('checked');
    expect(client.node).toBe(B);
    const all = setUp({ [A]: good('liar') });
    expect((await noNode(all.client.call('status', {}, { check }))).failures[0]!.reason).toBe('a lie');
  });

  test('one can be asked alone', async () => {
    const { nodes, client } = setUp({ [A]: good('a'), [B]: down });
    expect((await noNode(client.callOn(B, 'status', {}))).failures).toHaveLength(1);
    expect(await client.callOn(A, 'status', {})).toMatchObject({ name: 'a' });
    nodes.behaviours.set(C, refuse(-32601, 'no such method'));
    await expect(client.callOn(C, 'status', {})).rejects.toThrow(RpcError);
    expect(nodes.asked).toEqual([B, A, C]);
    expect(client.node).toBe(A);
  });

  test('the caller can stop it, and no other node is asked then', async () => {
    const reason = new Error('stopped by the user');
    const controller = new AbortController();
    const stopping: Behaviour = () => {
      controller.abort(reason);
      return { status: 200, chunks: [], open: true };
    };
    const { nodes, client } = setUp({ [A]: stopping, [B]: good('b') });
    await expect(client.call('status', {}, { signal: controller.signal })).rejects.toBe(reason);
    expect(nodes.asked).toEqual([A]);
    await expect(client.call('status', {}, { signal: controller.signal })).rejects.toBe(reason);
    await expect(client.callOn(B, 'status', {}, { signal: controller.signal })).rejects.toBe(reason);
    expect(nodes.asked).toEqual([A]);
    expect(nodes.pendingTimers).toBe(0);
  });
});

describe('a batch', () => {
  const calls = [
    { method: 'one', params: {} },
    { method: 'two', params: { x: 1 } },
  ];

  test('comes back in the order it was asked, whatever the order it was answered', async () => {
    const { nodes, client } = setUp({ [A]: down, [B]: serve(({ method }) => method) });
    expect(await client.callMany(calls)).toEqual(['one', 'two']);
    expect(await client.callMany([])).toEqual([]);
    expect(nodes.asked).toEqual([A, B]);
  });

  test('holds refusals beside results', async () => {
    const mixed: Behaviour = (message) => {
      const [one, two] = message as { id: number }[];
      return json([
        { jsonrpc: '2.0', id: two!.id, error: { code: -32602, message: 'params' } },
        { jsonrpc: '2.0', id: one!.id, result: 7 },
      ]);
    };
    const { client } = setUp({ [A]: mixed });
    const [first, second] = await client.callMany(calls);
    expect(first).toBe(7);
    expect(second).toBeInstanceOf(RpcError);
  });

  test('that is answered in part fails, one that is refused as a whole is refused', async () => {
    const { client } = setUp({
      [A]: () => json([{ jsonrpc: '2.0', id: 1, result: 7 }]),
      [B]: serve(() => 8),
    });
    expect(await client.callMany(calls)).toEqual([8, 8]);
    const refusing = setUp({
      [A]: () => json({ jsonrpc: '2.0', id: null, error: { code: -32600, message: 'too many' } }),
    });
    await expect(refusing.client.callMany(calls)).rejects.toThrow('too many');
    const odd = setUp({ [A]: () => json({ jsonrpc: '2.0', id: null, result: 1 }) });
    expect((await noNode(odd.client.callMany(calls))).message).toContain('not a list');
  });
});

test('only URLs of http nodes are taken, each once', async () => {
  const ports = { fetch: new FakeNodes({}).fetch, timer: new FakeNodes({}).timer };
  for (const node of [
    '127.0.0.1:80',
    'ws://a:1',
    'file:///x',
    '',
    'http://',
    'http://user@a:1',
    'http://:pw@a:1',
  ]) {
    const fault = await walletFault(() => new RpcClient({ nodes: [node], ...ports }));
    expect(fault.code).toBe('BAD_NODE');
  }
  expect((await walletFault(() => new RpcClient({ nodes: [], ...ports }))).code).toBe('NO_NODE');
  expect(new RpcClient({ nodes: ['http://a:1', 'http://a:1/', 'http://b:1'], ...ports }).nodes).toHaveLength(
    2,
  );
});

test("works with the platform's fetch", async () => {
  const server = createServer((request, response) => {
    if (request.url === '/move') {
      response.writeHead(307, { location: '/' }).end();
      return;
    }
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ jsonrpc: '2.0', id: request.url === '/' ? 1 : 2, result: request.method }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const timer = new FakeNodes({}).timer;
  const client = new RpcClient({ nodes: [`http://127.0.0.1:${port}`], fetch: globalThis.fetch, timer });
  try {
    expect(await client.call('status', {})).toBe('POST');
    // A redirect could lead anywhere: it is a failure.
    await noNode(client.callOn(`http://127.0.0.1:${port}/move`, 'status', {}));
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  // By another name, so that no connection is left to it.
  const gone = await noNode(client.callOn(`http://localhost:${port}`, 'status', {}));
  expect(gone.message).toContain('nothing listens there');
});
