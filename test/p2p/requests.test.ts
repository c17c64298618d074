/** The table of requests in docs/PROTOCOL.md, section 15: what each is answered by, and when it is not. */
import { describe, expect, test } from 'vitest';
import { fromText } from '../../chain/format/bytes.ts';
import * as limits from '../../p2p/limits.ts';
import type { MessageBody } from '../../p2p/messages.ts';
import { type Made, makeBlock, makeChain, transaction, transactions } from './chain-maker.ts';
import { ScriptedPeer } from './scripted-peer.ts';
import { TestNode } from './test-node.ts';

const UNKNOWN = new Uint8Array(32).fill(0xee);

function setUp(blocks: (node: TestNode) => readonly Made[] = () => []) {
  const node = new TestNode({ seed: 1 });
  const given = blocks(node);
  node.give(given);
  const peer = new ScriptedPeer(node, 2).join();
  peer.fresh('hello');
  return { node, peer, blocks: given };
}

describe('getHeaders', () => {
  const ask = (locatorOf: (node: TestNode, blocks: readonly Made[]) => Uint8Array[]): number[] => {
    const { node, peer, blocks } = setUp(({ headers }) => makeChain(headers.genesis, 3));
    peer.say('getHeaders', { request: 7, locator: locatorOf(node, blocks) });
    const [answer] = peer.heard('headers');
    expect(answer!.request).toBe(7);
    return answer!.headers.map((header) => new DataView(header.buffer, header.byteOffset).getUint32(1));
  };

  test('with an empty locator is answered from height 1', () => {
    expect(ask(() => [])).toEqual([1, 2, 3]);
  });

  test('with no id that is known is answered from height 1', () => {
    expect(ask(() => [UNKNOWN])).toEqual([1, 2, 3]);
  });

  test('is answered after the first id that is on the active chain, and by nothing after the tip', () => {
    expect(ask(({ headers }, [first]) => [UNKNOWN, first!.context.id, headers.genesis.id])).toEqual([2, 3]);
    expect(ask((_, blocks) => [blocks[2]!.context.id])).toEqual([]);
  });
});

test('getBodies of the genesis, of a body that is not here, and of an unknown block is answered by noBody', () => {
  const { node, peer } = setUp();
  const bare = node.headers.add(makeBlock(node.headers.genesis).header, Number.MAX_SAFE_INTEGER);
  const ids = [node.headers.genesis.id, bare.id, UNKNOWN];
  peer.say('getBodies', { request: 7, ids });
  expect(peer.heard('noBody')).toEqual(ids.map((id) => ({ request: 7, id })));
  expect(peer.heard('body')).toEqual([]);
});

describe('getBlockTransactions', () => {
  const mined = () => {
    const { node, peer } = setUp();
    const blocks: Made[] = [];
    for (let i = 0; i < limits.RECENT_BLOCKS + 1; i++) {
      const parent = blocks.at(-1)?.context ?? node.headers.genesis;
      blocks.push(makeBlock(parent, { transactions: transactions(10 * i, 3) }));
      node.mine(blocks.at(-1)!);
    }
    const ask = (id: Uint8Array, indexes: number[]): MessageBody<'blockTransactions'> | null => {
      const before = peer.heard('noBody').length;
      peer.say('getBlockTransactions', { request: 9, id, indexes });
      if (peer.heard('noBody').length > before) return null;
      return peer.heard('blockTransactions').at(-1)!;
    };
    return { blocks, ask };
  };

  test('is answered for each of the last four blocks, in the order of the indexes', () => {
    const { blocks, ask } = mined();
    for (const { context, transactions: all } of blocks.slice(1)) {
      const answer = { request: 9, id: context.id, transactions: [all[0]!.bytes, all[2]!.bytes] };
      expect(ask(context.id, [0, 2])).toEqual(answer);
      expect(ask(context.id, [])).toEqual({ ...answer, transactions: [] });
    }
  });

  test('is answered by noBody for an older or unknown block, and for indexes that are not strictly ascending places', () => {
    const { blocks, ask } = mined();
    const { id } = blocks.at(-1)!.context;
    expect(ask(blocks[0]!.context.id, [0])).toBeNull();
    expect(ask(UNKNOWN, [])).toBeNull();
    for (const indexes of [[3], [0, 3], [1, 0], [1, 1]]) expect(ask(id, indexes)).toBeNull();
  });
});

test('getTransactions is answered without what is not there, by an empty list if nothing is', () => {
  const { node, peer } = setUp();
  node.submit([transaction(1)]);
  peer.say('getTransactions', { request: 3, ids: [UNKNOWN, transaction(1).id] });
  peer.say('getTransactions', { request: 4, ids: [UNKNOWN] });
  expect(peer.heard('transactions')).toEqual([
    { request: 3, transactions: [transaction(1).bytes] },
    { request: 4, transactions: [] },
  ]);
});

test('getAddresses is not answered when there is nothing to tell, nor twice in ten minutes', () => {
  const { node, peer } = setUp();
  peer.say('getAddresses', {});
  expect(peer.heard('addresses')).toEqual([]);
  new ScriptedPeer(node, 3, { hello: { listen: fromText('ws://127.0.0.1:7000') } }).join();
  peer.say('getAddresses', {});
  expect(peer.heard('addresses')).toEqual([]);
  expect(peer.closedWith).toBeNull();
  node.now = { ...node.now, monotonicMs: limits.ADDRESS_ANSWER_INTERVAL_MS };
  peer.say('getAddresses', {});
  expect(peer.heard('addresses')).toEqual([{ urls: [fromText('ws://127.0.0.1:7000')] }]);
});

test.each([true, false])('ready messages may follow the own proof at once, inbound %s', (inbound) => {
  const node = new TestNode({ seed: 1 });
  const peer = new ScriptedPeer(node, 2, { inbound });
  peer.say('hello', peer.hello);
  peer.say('proof', { signature: peer.identity.sign(peer.transcript(peer.heard('hello')[0]!)) });
  peer.say('getHeaders', { request: 1, locator: [] });
  expect(peer.heard('headers')).toEqual([{ request: 1, headers: [] }]);
});
