import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatAddress } from '../../../chain/format/address.ts';
import { toHex } from '../../../chain/format/bytes.ts';
import type { Logger } from '../../../node/ports.ts';
import { Dispatcher } from '../../../node/rpc/dispatcher.ts';
import { isDeeperThan } from '../../../node/rpc/nesting.ts';
import { ALICE, BOB, DROPPED, FakeView, MINED, NODE_ID, PENDING } from './fake-view.ts';

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

function makeRpc({ admin = false } = {}) {
  const view = new FakeView();
  const calls: [string, boolean][] = [];
  const logged: string[] = [];
  const logger = { ...silent, warn: (event: string) => logged.push(event) };
  const dispatcher = new Dispatcher({ logger, onCall: (...call) => calls.push(call) });
  const send = async (text: string) => {
    const answer = await dispatcher.handle(text, { view, admin, subscriber: null });
    return answer === null ? null : JSON.parse(answer);
  };
  const call = (method: string, params?: unknown) =>
    send(JSON.stringify({ jsonrpc: '2.0', id: 1, method, ...(params !== undefined && { params }) }));
  return { view, send, call, calls, logged };
}

describe('a message', () => {
  it.each([
    ['', -32700],
    ['{', -32700],
    ['nonsense', -32700],
    ['{"jsonrpc":"2.0","id":1,"method":"mine","params":{"address":null,"hashrate":01}}', -32700],
    ['{"jsonrpc":"2.0","id":1,"method":"mine","params":{"address":null,"hashrate":0x10}}', -32700],
    ['[]', -32600],
    ['1', -32600],
    ['null', -32600],
    ['{}', -32600],
    ['{"jsonrpc":"1.0","id":1,"method":"status"}', -32600],
    ['{"jsonrpc":"2.0","id":1,"method":7}', -32600],
    ['{"jsonrpc":"2.0","id":{},"method":"status"}', -32600],
    ['{"jsonrpc":"2.0","id":1,"method":"status","extra":1}', -32600],
    ['{"jsonrpc":"2.0","id":1,"method":"no.such"}', -32601],
    ['{"jsonrpc":"2.0","id":1,"method":"constructor"}', -32601],
    ['{"jsonrpc":"2.0","id":1,"method":"subscribe","params":{"topics":["tip"]}}', -32601],
    ['{"jsonrpc":"2.0","id":1,"method":"stop"}', -32001],
    [`${'['.repeat(33)}${']'.repeat(33)}`, -32002],
    ['['.repeat(1_000_000), -32002],
    [`[${'1,'.repeat(100)}1]`, -32002],
  ])('that is wrong is refused with its code: %.60s', async (text, code) => {
    expect(await makeRpc().send(text)).toMatchObject({ jsonrpc: '2.0', error: { code } });
  });

  it('of many calls lets the node do other work between them', async () => {
    const { send, view } = makeRpc();
    let turns = 0;
    const seen: number[] = [];
    view.peers = () => {
      seen.push(turns);
      return [];
    };
    const count = (): void => {
      turns++;
      if (seen.length < 3) setImmediate(count);
    };
    setImmediate(count);
    await send(`[${Array(3).fill('{"jsonrpc":"2.0","id":1,"method":"peers"}').join()}]`);
    expect(new Set(seen).size).toBe(3);
  });

  it('is answered under its id, whatever it is', async () => {
    const { send } = makeRpc();
    for (const id of [0, 1.5, 'a"b', null, '']) {
      expect(await send(JSON.stringify({ jsonrpc: '2.0', id, method: 'fee' }))).toMatchObject({ id });
    }
    expect(await send('{"jsonrpc":"2.0","id":7}')).toMatchObject({ id: 7, error: { code: -32600 } });
  });

  it('without an id is carried out and not answered', async () => {
    const { send, view } = makeRpc({ admin: true });
    expect(await send('{"jsonrpc":"2.0","method":"stop"}')).toBe(null);
    expect(await send('[{"jsonrpc":"2.0","method":"stop"}]')).toBe(null);
    expect(view.done).toEqual(['stop', 'stop']);
  });

  it('with several calls is answered in order, each by itself', async () => {
    const { send } = makeRpc();
    const answer = await send(
      '[{"jsonrpc":"2.0","id":1,"method":"fee"},1,{"jsonrpc":"2.0","method":"fee"},{"jsonrpc":"2.0","id":2,"method":"x"}]',
    );
    expect(answer).toMatchObject([
      { id: 1, result: { perByte: '2' } },
      { id: null, error: { code: -32600 } },
      { id: 2, error: { code: -32601 } },
    ]);
  });

  it('whose answers together are too large gets what fits', async () => {
    const { send, view } = makeRpc();
    const many = Array.from({ length: 2_500 }, () => view.transfer);
    view.transactionsOf = async () => many;
    const calls = Array.from({ length: 10 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'block' }));
    const answers = (await send(JSON.stringify(calls))) as { result?: object; error?: { code: number } }[];
    expect(answers).toHaveLength(10);
    expect(JSON.stringify(answers).length).toBeLessThan(5 * 1024 * 1024 + 10_000);
    expect(answers.filter(({ result }) => result !== undefined).length).toBeGreaterThan(3);
    expect(answers.at(-1)).toMatchObject({ error: { code: -32002, data: { code: 'LIMIT' } } });
  });

  it('never throws and always answers in JSON, whatever it holds', async () => {
    const { send } = makeRpc();
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.anything().map((value) => JSON.stringify(value) ?? ''),
        ),
        async (text) => {
          const answer = await send(text);
          expect(answer === null || typeof answer === 'object').toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('that fails inside the node tells the caller nothing and the log everything', async () => {
    const { call, view, logged } = makeRpc();
    view.totals = () => Promise.reject(new Error('secret path'));
    expect(await call('status')).toEqual({
      jsonrpc: '2.0',
      id: 1,
      error: { code: -32603, message: 'the node failed at this', data: { code: 'INTERNAL' } },
    });
    expect(logged).toEqual(['rpcFailed']);
  });
});

describe('parameters', () => {
  const address = formatAddress(ALICE);
  it.each([
    ['account', undefined],
    ['account', {}],
    ['account', [address]],
    ['account', { address, extra: 1 }],
    ['account', { address: 1 }],
    ['account', { address: null }],
    ['account', { address: `${address.slice(0, -1)}x` }],
    ['status', { x: 1 }],
    ['status', 'x'],
    ['history', { address, limit: 0 }],
    ['history', { address, limit: 101 }],
    ['history', { address, before: 'xyz' }],
    ['block', { id: 'B1'.repeat(32) }],
    ['block', { id: 'b1' }],
    ['block', { height: 1, id: 'b1'.repeat(32) }],
    ['submit', {}],
    ['submit', { transactions: [] }],
    ['submit', { transactions: 'aa' }],
    ['submit', { transactions: ['aa', 'a'] }],
    ['submit', { transactions: ['AA'] }],
    ['submit', { transactions: ['zz'] }],
    ['submit', { transactions: ['aa'.repeat(8193)] }],
    ['submit', { transactions: Array.from({ length: 1001 }, () => 'aa') }],
    ['record', {}],
    ['record', { creator: address }],
    ['record', { id: 'b1'.repeat(32), name: 'x' }],
  ])('of %s that are wrong are refused: %j', async (method, params) => {
    expect(await makeRpc().call(method, params)).toMatchObject({
      error: { code: -32602, data: { code: 'BAD_PARAMS' } },
    });
  });

  it('that a prototype would know are still unknown', async () => {
    const { send } = makeRpc();
    const text = `{"jsonrpc":"2.0","id":1,"method":"account","params":{"address":"${address}","__proto__":{"x":1}}}`;
    expect(await send(text)).toMatchObject({ error: { code: -32602 } });
  });

  it.each([
    '-1',
    '1e400',
    '1.0000001',
    '9007199254740993',
    '"01"',
    '"0x10"',
    '"1e3"',
    '"1"',
    'true',
    'null',
    '1e16',
  ])('that are numbers are whole, in range and no strings: %s', async (number) => {
    const { send } = makeRpc({ admin: true });
    const text = `{"jsonrpc":"2.0","id":1,"method":"mine","params":{"address":"${address}","hashrate":${number}}}`;
    expect(await send(text)).toMatchObject({
      error: { code: -32602, message: expect.stringContaining('hashrate') },
    });
  });

  it('that are missing are named, with what there is', async () => {
    const { error } = await makeRpc().call('history', {});
    expect(error).toEqual({
      code: -32602,
      message: 'address is missing',
      data: { code: 'BAD_PARAMS', hint: 'It takes: address, limit, before.' },
    });
  });
});

describe('answers', () => {
  const tip = { height: 2, id: 'b2'.repeat(32) };

  it('name amounts in planks, and the tip they belong to', async () => {
    const { call } = makeRpc();
    expect((await call('status')).result).toMatchObject({
      height: 2,
      supply: '900',
      mempool: 1,
      syncing: false,
    });
    const alice = await call('account', { address: formatAddress(ALICE) });
    expect(alice.result).toMatchObject({
      exists: true,
      balance: '5000000',
      nonce: 5,
      nextNonce: 6,
      pendingOut: '1000178',
      tip,
    });
    const bob = await call('account', { address: formatAddress(BOB) });
    expect(bob.result).toMatchObject({ exists: false, balance: '0', nextNonce: 0, tip });
  });

  it('tell in a history what an account gained or lost', async () => {
    const { call } = makeRpc();
    const [lost] = (await call('history', { address: formatAddress(ALICE) })).result.items;
    expect(lost).toMatchObject({ kind: 'transfer', to: formatAddress(BOB), amount: '-1000178', fee: '178' });
    const [gained] = (await call('history', { address: formatAddress(BOB) })).result.items;
    expect(gained).toMatchObject({ from: formatAddress(ALICE), to: formatAddress(BOB), amount: '1000000' });
  });

  it('follow a transaction through its states', async () => {
    const { call } = makeRpc();
    const ask = async (id: Uint8Array) => (await call('transaction', { id: toHex(id) })).result;
    expect(await ask(MINED)).toMatchObject({
      status: 'mined',
      confirmations: 1,
      block: { height: 2, index: 0 },
    });
    expect(await ask(PENDING)).toMatchObject({
      status: 'pending',
      confirmations: 0,
      transaction: { nonce: 5 },
    });
    expect(await ask(DROPPED)).toMatchObject({ status: 'dropped', reason: { code: 'EXPIRED' } });
    expect(await ask(new Uint8Array(32))).toEqual({
      id: '00'.repeat(32),
      tip,
      status: 'unknown',
      complete: true,
      confirmations: 0,
    });
  });

  it('look again for a transaction that was mined between two looks', async () => {
    const { call, view } = makeRpc();
    const earlier = view.chain[1]!;
    let looks = 0;
    const { mined } = view;
    view.mined = async (id) => (++looks === 1 ? { tip: earlier, value: null, complete: true } : mined(id));
    view.unmined = () => ({ status: 'unknown' });
    expect((await call('transaction', { id: toHex(MINED) })).result.status).toBe('mined');
    expect(looks).toBe(2);
  });

  it('find blocks by height, by id, and the tip by neither', async () => {
    const { call } = makeRpc();
    expect((await call('block')).result).toMatchObject({ height: 2, confirmations: 1, size: 365, tip });
    expect((await call('block', { height: 1 })).result).toMatchObject({ height: 1, confirmations: 2 });
    expect((await call('header', { id: 'b1'.repeat(32) })).result).toMatchObject({
      height: 1,
      previous: expect.any(String),
    });
    expect((await call('block', { height: 3 })).error).toMatchObject({
      code: -32000,
      data: { code: 'UNKNOWN_BLOCK' },
    });
  });

  it('give one outcome for each submitted transaction', async () => {
    const { call, view } = makeRpc();
    const { result } = await call('submit', { transactions: ['aa', '', '00ff'] });
    expect(result.results).toEqual([
      { id: toHex(MINED), status: 'pending' },
      { error: { code: 'MALFORMED', message: expect.any(String) } },
      { id: toHex(MINED), status: 'pending' },
    ]);
    expect(view.submitted).toEqual([[Uint8Array.of(0xaa), new Uint8Array(), Uint8Array.of(0, 0xff)]]);
    for (const bytes of view.submitted[0]!) expect(bytes.buffer.byteLength).toBe(bytes.length);
  });

  it('show memos that terminals can bear, and hex for the others', async () => {
    const { call, view } = makeRpc();
    const memos: [string, object][] = [
      ['zwölf 12', { memo: 'zwölf 12' }],
      ['\u001b[2J', { memoHex: '1b5b324a' }],
      ['a\u202eb', { memoHex: '61e280ae62' }],
    ];
    for (const [memo, expected] of memos) {
      const transfer = view.transfer as { body: unknown };
      transfer.body = { TAG: 'transfer', data: { outputs: [], memo: new TextEncoder().encode(memo) } };
      const [shown] = (await call('block')).result.transactions;
      expect(shown).toMatchObject(expected);
    }
  });
});

describe('methods that change the node', () => {
  it('do so with the cookie', async () => {
    const { call, view } = makeRpc({ admin: true });
    await call('connect', { url: 'ws://127.0.0.1:9000' });
    await call('allow', { nodes: [NODE_ID] });
    await call('allow', { nodes: [] });
    await call('allow', { nodes: null });
    await call('lag', { ms: 3_000 });
    await call('lag', { ms: 0 });
    await call('mine', { address: formatAddress(ALICE), hashrate: 5 });
    await call('mine', { address: null });
    await call('stop');
    expect(view.done).toEqual([
      { connect: 'ws://127.0.0.1:9000' },
      { allow: [NODE_ID] },
      { allow: [] },
      { allow: null },
      { lag: 3_000 },
      { lag: 0 },
      { mine: toHex(ALICE), hashrate: 5 },
      { mine: null, hashrate: undefined },
      'stop',
    ]);
    expect((await call('disconnect', { node: NODE_ID })).result).toEqual({ ok: true });
    expect((await call('disconnect', { node: '00'.repeat(32) })).error.code).toBe(-32602);
    for (const ms of [-1, 3_001, 1.5, '3000', null]) {
      expect((await call('lag', { ms })).error.code).toBe(-32602);
    }
    for (const url of ['http://127.0.0.1:1', 'ws://x', 'ws://127.0.0.1:0', 'ws://127.0.0.1:1/x', 5]) {
      expect((await call('connect', { url })).error.code).toBe(-32602);
    }
  });

  it('do nothing without', async () => {
    const { call, view, calls } = makeRpc();
    for (const method of ['connect', 'disconnect', 'allow', 'lag', 'mine', 'stop']) {
      expect((await call(method, {})).error).toMatchObject({ code: -32001, data: { code: 'UNAUTHORISED' } });
    }
    expect(view.done).toEqual([]);
    expect(calls.every(([, ok]) => !ok)).toBe(true);
  });
});

describe('nesting', () => {
  it('is counted outside strings only', () => {
    expect(isDeeperThan('[[1]]', 2)).toBe(false);
    expect(isDeeperThan('[[{}]]', 2)).toBe(true);
    expect(isDeeperThan('["[[[[", {"[": "\\"[[["}]', 2)).toBe(false);
    expect(isDeeperThan('["\\\\", [[]]]', 2)).toBe(true);
    expect(isDeeperThan('"[[[[', 0)).toBe(false);
    expect(isDeeperThan('[],[],[],[]', 1)).toBe(false);
  });

  it('agrees with the parser', () => {
    const depthOf = (value: unknown): number =>
      typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        const depth = depthOf(JSON.parse(text));
        expect(isDeeperThan(text, depth)).toBe(false);
        if (depth > 0) expect(isDeeperThan(text, depth - 1)).toBe(true);
      }),
    );
  });
});
