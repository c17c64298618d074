/**
 * The grammar of a node's address in docs/PROTOCOL.md, section 15, against frozen examples: what is read, as what, and
 * what becomes of a link or an address that breaks it.
 */
import { describe, expect, test } from 'vitest';
import { parsePeerUrl } from '../../../p2p/addresses/peer-url.ts';
import { ScriptedPeer } from '../scripted-peer.ts';
import { TestNode } from '../test-node.ts';
import vectors from './vectors/peer-urls.json' with { type: 'json' };

const LONGEST = 64;
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const fits = (text: string): boolean => utf8(text).length <= LONGEST;

test.each(vectors.good)('$url is read as $canonical', ({ url, canonical }) => {
  expect(parsePeerUrl(url)?.url).toBe(canonical);
  expect(parsePeerUrl(canonical)?.url).toBe(canonical);
});

test.each(vectors.bad)('%j is no address', (url) => {
  expect(parsePeerUrl(url)).toBeNull();
});

describe('in a hello', () => {
  const join = (url: string): [TestNode, ScriptedPeer] => {
    const node = new TestNode({ seed: 1 });
    const peer = new ScriptedPeer(node, 2, { hello: { listen: utf8(url) } });
    peer.say('hello', peer.hello);
    return [node, peer];
  };

  test.each(vectors.good)('$url is taken', ({ url, canonical }) => {
    const [node, peer] = join(url);
    peer.say('proof', { signature: peer.identity.sign(peer.transcript(peer.heard('hello')[0]!)) });
    expect(peer.closedWith).toBeNull();
    expect(node.machine.addresses().map((entry) => entry.url)).toEqual([canonical]);
  });

  test.each(vectors.bad.filter(fits))('%j closes the link', (url) => {
    expect(join(url)[1].closedWith).toBe('MALFORMED');
  });
});

test('in addresses, what is no address is passed over, and two spellings are one', () => {
  const node = new TestNode({ seed: 1 });
  const peer = new ScriptedPeer(node, 2, { inbound: false }).join();
  const told = [...vectors.bad.filter(fits), 'ws://[::1]:7', 'ws://[0:0::1]:7', 'ws://[0:0:0:0:0:0:0:1]:7'];
  for (let i = 0; i < told.length; i += LONGEST)
    peer.say('addresses', { urls: told.slice(i, i + LONGEST).map(utf8) });
  expect(peer.closedWith).toBeNull();
  expect(node.machine.addresses().map(({ url }) => url)).toEqual(['ws://[::1]:7']);
});
