import { describe, expect, test } from 'vitest';
import { toHex } from '../../chain/format/bytes.ts';
import { DOMAIN, hash } from '../../chain/format/hash.ts';
import { RpcClient } from '../../wallet/client.ts';
import { LedgerClient, SUBMIT_MAX } from '../../wallet/ledger-client.ts';
import { FakeNodes, type Message, serve } from './fake-nodes.ts';
import { walletFault } from './faults.ts';
import { alice, bob, id, RESULTS, tip } from './sample-answers.ts';

const honest = serve(({ method }) => RESULTS[method]);

function setUp(liar?: (message: Message) => unknown) {
  const nodes = new FakeNodes({
    ...(liar === undefined ? {} : { 'http://a:1': serve(liar) }),
    'http://b:1': honest,
  });
  const rpc = new RpcClient({ nodes: [...nodes.behaviours.keys()], fetch: nodes.fetch, timer: nodes.timer });
  return { nodes, client: new LedgerClient(rpc) };
}

const ASK: Record<string, (client: LedgerClient) => Promise<unknown>> = {
  status: (client) => client.status(),
  account: (client) => client.account(alice),
  history: (client) => client.history(alice, { limit: 5, before: 'x' }),
  block: (client) => client.block({ height: 6 }),
  transaction: (client) => client.transaction(id(3)),
  mempool: (client) => client.mempool({ limit: 3 }),
  fee: (client) => client.fee(),
  peers: (client) => client.peers(),
  forks: (client) => client.forks(),
  params: (client) => client.params(),
};

describe('answers', () => {
  test('are read, amounts as numbers', async () => {
    const { client } = setUp();
    expect(await client.status()).toMatchObject({
      supply: 9007199254740991,
      work: RESULTS.status!.work,
      listen: null,
    });
    expect(await client.account(alice.toUpperCase())).toMatchObject({
      address: alice,
      balance: 100,
      nextNonce: 5,
    });
    const { items, next } = await client.history(alice);
    expect(items[0]).toMatchObject({ amount: -1_000_250, fee: 250, to: bob });
    expect(next).toBe('cursor');
    expect((await client.block('tip')).transactions[0]).toMatchObject({
      outputs: [{ to: bob, amount: 1_000_000 }],
    });
    expect(await client.transaction(id(3))).toMatchObject({ status: 'mined', reason: null });
    expect(await client.fee()).toEqual({ perByte: 1, floorPerByte: 2, tip });
    expect(await client.params()).toEqual(RESULTS.params);
  });

  test('the question carries its parameters by name', async () => {
    const { nodes, client } = setUp();
    for (const ask of Object.values(ASK)) await ask(client);
    await client.block({ id: id(6) });
    await client.block('tip');
    const asked = nodes.messages.map((message) => [(message as Message).method, (message as Message).params]);
    expect(asked).toEqual([
      ['status', {}],
      ['account', { address: alice }],
      ['history', { address: alice, limit: 5, before: 'x' }],
      ['block', { height: 6 }],
      ['transaction', { id: id(3) }],
      ['mempool', { limit: 3 }],
      ['fee', {}],
      ['peers', {}],
      ['forks', {}],
      ['params', {}],
      ['block', { id: id(6) }],
      ['block', {}],
    ]);
  });

  test.each(Object.keys(ASK))(
    'of %s with any field that is used missing or odd are taken from another node',
    async (method) => {
      const result = RESULTS[method]!;
      // Fields a node may leave out, or that nobody reads.
      const free = new Set([
        'mining',
        'listen',
        'authKey',
        'recovery',
        'next',
        'block',
        'transaction',
        'raw',
        'nonce',
      ]);
      const required = Object.keys(result).filter((field) => !free.has(field));
      expect(required.length).toBeGreaterThan(0);
      for (const field of required) {
        for (const odd of [undefined, -1, { odd: true }]) {
          if (field === 'genesis' && typeof odd === 'object') continue;
          const { nodes, client } = setUp(() => ({ ...result, [field]: odd }));
          await ASK[method]!(client);
          expect(nodes.asked, `${method}.${field}`).toEqual(['http://a:1/', 'http://b:1/']);
        }
      }
      for (const odd of [null, [], 'x', 1]) {
        const { nodes, client } = setUp(() => odd);
        await ASK[method]!(client);
        expect(nodes.asked).toHaveLength(2);
      }
    },
  );

  test('about something else are taken from another node', async () => {
    const other: [string, object, (client: LedgerClient) => Promise<unknown>][] = [
      ['account', { address: bob }, ASK.account!],
      ['block', { height: 5 }, ASK.block!],
      ['block', { id: id(9) }, (client) => client.block({ id: id(6) })],
      ['transaction', { id: id(9) }, ASK.transaction!],
    ];
    for (const [method, change, ask] of other) {
      const { nodes, client } = setUp(() => ({ ...RESULTS[method], ...change }));
      await ask(client);
      expect(nodes.asked).toHaveLength(2);
    }
  });

  test('odd amounts are none', async () => {
    for (const balance of ['-1', '1e3', '0x10', '01', '1.0000001', '9007199254740993', 100, null]) {
      const { nodes, client } = setUp(() => ({ ...RESULTS.account, balance }));
      expect((await client.account(alice)).balance).toBe(100);
      expect(nodes.asked).toHaveLength(2);
    }
    const item = (RESULTS.history!.items as object[])[0];
    for (const amount of ['-0', '--1', '-', '-1e3', '-9007199254740993']) {
      const { nodes, client } = setUp(() => ({ ...RESULTS.history, items: [{ ...item, amount }] }));
      await client.history(alice);
      expect(nodes.asked).toHaveLength(2);
    }
  });

  test('when no node answers well, the error says what was wrong', async () => {
    const nodes = new FakeNodes({ 'http://a:1': serve(() => ({ ...RESULTS.fee, perByte: '1.5' })) });
    const rpc = new RpcClient({ nodes: ['http://a:1'], fetch: nodes.fetch, timer: nodes.timer });
    const fault = await walletFault(() => new LedgerClient(rpc).fee());
    expect(fault.message).toContain('fee.perByte must be planks as a decimal string');
  });
});

describe('submit', () => {
  const idOf = (text: string): string =>
    toHex(
      hash(
        DOMAIN.transaction,
        Uint8Array.from(text.match(/../g)!, (byte) => parseInt(byte, 16)),
      ),
    );
  const accept = ({ params }: Message) => ({
    results: (params.transactions as string[]).map((text) => ({ id: idOf(text), status: 'pending' })),
  });

  function submitting(...behaviours: ((message: Message) => unknown)[]) {
    const urls = behaviours.map((_, i) => `http://n${i}:1/`);
    const nodes = new FakeNodes(
      Object.fromEntries(behaviours.map((behaviour, i) => [urls[i], serve(behaviour)])),
    );
    const rpc = new RpcClient({ nodes: urls, fetch: nodes.fetch, timer: nodes.timer });
    return { nodes, client: new LedgerClient(rpc) };
  }

  test('splits into calls a node will take, and keeps the order', async () => {
    const { nodes, client } = submitting(accept);
    const small = Array.from({ length: SUBMIT_MAX + 1 }, (_, i) => Uint8Array.of(i >> 8, i));
    const results = await client.submit(small);
    expect(nodes.messages).toHaveLength(2);
    expect(results.map((result) => result.id)).toEqual(small.map((bytes) => idOf(toHex(bytes))));

    nodes.messages.length = 0;
    await client.submit(Array.from({ length: 200 }, (_, i) => new Uint8Array(8192).fill(i)));
    expect(nodes.messages.length).toBeGreaterThan(1);
    for (const message of nodes.messages) expect(JSON.stringify(message).length).toBeLessThan(1024 * 1024);
    nodes.messages.length = 0;
    expect(await client.submit([])).toEqual([]);
    expect(nodes.messages).toHaveLength(0);
  });

  test('tells what was refused from what was taken', async () => {
    const error = { code: 'OVERSPEND', message: 'the balance does not cover it' };
    const { client } = submitting((message) => {
      const { results } = accept(message);
      return { results: [{ ...results[0], status: 'mined' }, { error }, { id: results[2]!.id, error }] };
    });
    const results = await client.submit([1, 2, 3].map((byte) => Uint8Array.of(byte)));
    expect(results[0]).toMatchObject({ status: 'mined', error: null });
    expect(results[1]).toMatchObject({ id: null, error: { ...error, hint: null } });
    expect(results[2]).toMatchObject({ error: { code: 'OVERSPEND' } });
  });

  test.each<[string, (message: Message) => unknown]>([
    ['too few results', () => ({ results: [] })],
    ['another id', () => ({ results: [{ id: id(1), status: 'pending' }] })],
    ['an error for another', () => ({ results: [{ id: id(1), error: { code: 'X', message: '' } }] })],
    ['no status', (message) => ({ results: [{ id: accept(message).results[0]!.id }] })],
    ['an odd status', (message) => ({ results: [{ ...accept(message).results[0], status: 'great' }] })],
  ])('%s: another node is asked', async (_, behaviour) => {
    const { nodes, client } = submitting(behaviour, accept);
    expect((await client.submit([Uint8Array.of(1)]))[0]).toMatchObject({ status: 'pending' });
    expect(nodes.asked).toHaveLength(2);
  });
});
