/** Answers about records: read, compared with the question, and taken from another node when they are about another. */
import { describe, expect, test } from 'vitest';
import { toHex } from '../../chain/format/bytes.ts';
import { RpcClient } from '../../wallet/client.ts';
import { LedgerClient, recordIdOf } from '../../wallet/ledger-client.ts';
import { FakeNodes, serve } from './fake-nodes.ts';
import { alice, bob, id, tip } from './sample-answers.ts';

const notes = {
  id: recordIdOf({ creator: alice, name: 'notes' }),
  owner: bob,
  creator: alice,
  name: 'notes',
  root: id(4),
  size: 9_000,
  mediaType: 'text/plain',
  inline: null,
  revision: 2,
  dropped: false,
  deposit: '2500',
  history: { hash: id(5), count: 3 },
};
const odd = new TextEncoder().encode('a\x1bb');
const oddName = {
  ...notes,
  id: recordIdOf({ creator: alice, name: 'a\x1bb' }),
  name: undefined,
  nameHex: toHex(odd),
};
const event = {
  id: id(3),
  height: 6,
  block: id(6),
  index: 0,
  time: 1,
  kind: 'give',
  from: alice,
  owner: bob,
  revision: 2,
  fee: '190',
};
const GOOD = {
  record: { ...notes, tip },
  records: { records: [notes, oddName], next: null, tip },
  recordHistory: { items: [event], next: 'ff', tip },
};

function setUp(lie: unknown) {
  const nodes = new FakeNodes({
    'http://a:1': serve(() => lie),
    'http://b:1': serve(({ method }) => GOOD[method as keyof typeof GOOD]),
  });
  const rpc = new RpcClient({ nodes: ['http://a:1', 'http://b:1'], fetch: nodes.fetch, timer: nodes.timer });
  return { nodes, client: new LedgerClient(rpc) };
}

describe('answers about records', () => {
  test('are read, and asked for by the id that follows from creator and name', async () => {
    const { nodes, client } = setUp(GOOD.record);
    const record = await client.record({ creator: alice, name: 'notes' });
    expect(record).toMatchObject({ name: 'notes', deposit: 2_500, inline: null, tip });
    expect(nodes.messages).toMatchObject([{ method: 'record', params: { id: notes.id } }]);
    expect((await setUp(GOOD.records).client.records(bob, { limit: 2 })).records).toHaveLength(2);
    expect((await setUp(GOOD.recordHistory).client.recordHistory(notes.id)).items).toMatchObject([
      { kind: 'give', root: null, size: null, fee: 190 },
    ]);
  });

  test.each([
    ['of another id', { id: id(9) }],
    ['of another name', { name: 'other' }],
    ['of another creator', { creator: bob }],
    ['without a name', { name: undefined }],
    ['with two names', { nameHex: '00' }],
    ['with a size that is none', { size: -1 }],
    ['with a deposit that is none', { deposit: '1e3' }],
  ])('%s are taken from another node', async (_what, change) => {
    for (const [lie, ask] of [
      [{ ...GOOD.record, ...change }, (client: LedgerClient) => client.record({ id: notes.id })],
      [
        { ...GOOD.records, records: [{ ...notes, ...change }] },
        (client: LedgerClient) => client.records(bob),
      ],
    ] as const) {
      const { nodes, client } = setUp(lie);
      await ask(client);
      expect(nodes.asked).toEqual(['http://a:1/', 'http://b:1/']);
    }
  });

  test("a list with somebody else's record is taken from another node", async () => {
    const { nodes, client } = setUp({ ...GOOD.records, records: [{ ...notes, owner: alice }] });
    expect((await client.records(bob)).records.every(({ owner }) => owner === bob)).toBe(true);
    expect(nodes.asked).toHaveLength(2);
  });
});
