/** What is queued for peers that don't read: bounded for each, and for all of them together. */
import { expect, test } from 'vitest';
import * as limits from '../../p2p/limits.ts';
import { Peer } from '../../p2p/peer.ts';
import { Wire } from '../../p2p/wire.ts';

const MIB = 1024 * 1024;
const BODY = { request: 0, id: new Uint8Array(32), body: new Uint8Array(4 * MIB - 64) };

function setUp(count: number) {
  const closed: number[] = [];
  const wire = new Wire(({ link }) => closed.push(link));
  const peers = Array.from({ length: count }, (_, i) => {
    const peer = new Peer(i, true, `10.0.0.${i}:1`, false, 0);
    wire.peers.set(i, peer);
    return peer;
  });
  return { wire, closed, peers };
}

test('on all links together: of equals the one that holds most is given up', () => {
  const { wire, closed, peers } = setUp(9);
  for (const peer of peers.slice(0, 6)) wire.send(peer, 'body', BODY);
  // One of them holds nearly twice as much.
  wire.send(peers[3]!, 'body', { ...BODY, body: new Uint8Array(3 * MIB) });
  wire.take();
  expect([closed, wire.queuedBytes < limits.SEND_QUEUES_BYTES_MAX]).toEqual([[], true]);
  for (const peer of peers.slice(6, 8)) wire.send(peer, 'body', BODY);
  expect(closed).toEqual([3]);
  expect(wire.take().map((effect) => ('code' in effect ? effect.code : effect.type))).toEqual([
    'send',
    'send',
    'SLOW_READER',
    'event',
  ]);
  // What it held counts no more, and what has left neither.
  expect(wire.queuedBytes).toBe(peers.reduce((sum, { queuedBytes }) => sum + queuedBytes, 0));
  for (const peer of peers) wire.drained(peer);
  expect(wire.queuedBytes).toBe(0);
});

test('and not one that reads, for those who just keep below its queue', () => {
  const { wire, closed, peers } = setUp(14);
  const [reader, ...others] = peers as [Peer, ...Peer[]];
  for (const peer of others)
    wire.send(peer, 'body', { ...BODY, body: new Uint8Array(limits.SEND_HIGH_BYTES + 1) });
  wire.now = { monotonicMs: 1_000, wallMs: 0 };
  for (let i = 0; i < 3; i++) {
    wire.send(reader, 'body', BODY);
    wire.drained(reader);
  }
  wire.send(reader, 'body', BODY);
  wire.send(reader, 'body', { ...BODY, body: new Uint8Array(3 * MIB) });
  expect(reader.queuedBytes).toBe(Math.max(...peers.map(({ queuedBytes }) => queuedBytes)));
  expect(closed).toEqual([others[0]!.link]);
});
