import { describe, expect, test } from 'vitest';
import { encodeBody } from '../../chain/format/block.ts';
import { toHex } from '../../chain/format/bytes.ts';
import { encodeHeader } from '../../chain/format/header.ts';
import * as limits from '../../p2p/limits.ts';
import { makeBlock, makeChain, PARAMS, transactions } from './chain-maker.ts';
import { ScriptedPeer } from './scripted-peer.ts';
import { TestNode } from './test-node.ts';

describe('branches that lost', () => {
  test('do not count against who told of them once the tree has forgotten them', () => {
    const node = new TestNode({ seed: 1 });
    const peer = new ScriptedPeer(node, 2).join();
    const rounds = 5;
    const each = Math.ceil((limits.UNPROVEN_HEADERS_MAX + 1) / rounds);
    const chain = makeChain(node.headers.genesis, rounds * limits.SWEEP_BLOCKS);
    for (let round = 0; round < rounds; round++) {
      const { tip } = node.chain;
      const size = node.headers.size;
      for (let salt = 1; salt <= each; salt++) {
        peer.say('tip', { header: encodeHeader(makeBlock(tip, { salt }).header) });
      }
      expect(node.headers.size).toBe(size + each);
      const next = node.give(chain.slice(tip.height, tip.height + limits.SWEEP_BLOCKS));
      expect(node.headers.prune(next, 1)).toBe(each);
      node.input({ type: 'tipChanged', tip: next });
    }
    expect(peer.closedWith).toBeNull();
  });

  test('that the tree forgets while they are walked are walked once more', () => {
    const node = new TestNode({ seed: 1 });
    const peer = new ScriptedPeer(node, 2).join();
    const branch = makeChain(node.headers.genesis, limits.HEADERS_MAX + 1, { salt: 1 });
    const headers = branch.map(({ header }) => encodeHeader(header));
    const [first] = peer.fresh('getHeaders');
    peer.say('headers', { request: first!.request, headers: headers.slice(0, limits.HEADERS_MAX) });
    const [second] = peer.fresh('getHeaders');
    const tip = node.give(makeChain(node.headers.genesis, limits.HEADERS_MAX + 2));
    expect(node.headers.prune(tip, 1)).toBe(limits.HEADERS_MAX);
    peer.say('headers', { request: second!.request, headers: headers.slice(limits.HEADERS_MAX) });
    expect(peer.closedWith).toBeNull();
    expect(peer.fresh('getHeaders')).toHaveLength(1);
  });
});

describe('bodies', () => {
  test('that break a limit count as come', () => {
    const node = new TestNode({ seed: 1 });
    const body = transactions(0, PARAMS.limits.blockSignatures + 1);
    const { header, context } = makeBlock(node.headers.genesis, { transactions: body });
    const peer = new ScriptedPeer(node, 2).join();
    peer.say('tip', { header: encodeHeader(header) });
    const [asked] = peer.fresh('getBodies');
    peer.say('body', { request: asked!.request, id: context.id, body: encodeBody(body) });
    expect(node.events('bodyInvalid')).toHaveLength(1);
    expect(node.machine.syncState()).toMatchObject({ missing: 0, inFlight: 0 });
  });

  test('that the store has lost since are asked for again', () => {
    const node = new TestNode({ seed: 1 });
    const blocks = makeChain(node.headers.genesis, 3);
    const peer = new ScriptedPeer(node, 2).join();
    const [ask] = peer.fresh('getHeaders');
    peer.say('headers', { request: ask!.request, headers: blocks.map(({ header }) => encodeHeader(header)) });
    const nodes = blocks.map(({ context }) => node.headers.get(toHex(context.id))!);
    const { request } = peer.heard('getBodies')[0]!;
    peer.fresh('getBodies');
    // Taken, as side branches are, without moving the tip; then the first is found to be damaged.
    for (const each of nodes) each.hasBody = true;
    for (const { id } of nodes) peer.say('noBody', { request, id });
    peer.say('tip', { header: encodeHeader(blocks[2]!.header) });
    nodes[0]!.hasBody = false;
    peer.say('pong', { nonce: new Uint8Array(8) });
    expect(peer.fresh('getBodies').flatMap(({ ids }) => ids.map(String))).toEqual([String(nodes[0]!.id)]);
  });
});
