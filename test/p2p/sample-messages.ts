/** Owns one made-up message of every type, for vectors and for breaking. */
import type { MessageBody, MessageName } from '../../p2p/messages.ts';

const run = (length: number, from: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (from + i) & 0xff);
const ascii = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));

export const SAMPLES: { readonly [K in MessageName]: MessageBody<K> } = {
  hello: {
    version: 1,
    chainId: run(32, 0x10),
    nodeId: run(32, 0x30),
    nonce: run(32, 0x50),
    work: 0x0102_0304n,
    height: 7,
    capabilities: 0,
    listen: ascii('ws://127.0.0.1:9001'),
    agent: ascii('pier/0.1.0'),
  },
  proof: { signature: run(64, 0x01) },
  ping: { nonce: run(8, 0x01) },
  pong: { nonce: run(8, 0x01) },
  getAddresses: {},
  addresses: { urls: [ascii('ws://10.0.0.1:1'), ascii('ws://node.example:65535')] },
  announce: { ids: [run(32, 0x10), run(32, 0x30)] },
  getTransactions: { request: 5, ids: [run(32, 0x10)] },
  transactions: { request: 5, transactions: [run(3, 0xa0), new Uint8Array()] },
  getHeaders: { request: 6, locator: [run(32, 0x10), run(32, 0x30)] },
  headers: { request: 6, headers: [run(181, 0x00)] },
  getBodies: { request: 7, ids: [run(32, 0x10)] },
  body: { request: 7, id: run(32, 0x10), body: run(4, 0x00) },
  noBody: { request: 7, id: run(32, 0x10) },
  tip: { header: run(181, 0x00) },
  block: { header: run(181, 0x00), shortIds: [0x010203040506, 0x111213141516] },
  getBlockTransactions: { request: 8, id: run(32, 0x10), indexes: [0, 258] },
  blockTransactions: { request: 8, id: run(32, 0x10), transactions: [run(3, 0xa0)] },
};

export const NAMES = Object.keys(SAMPLES) as MessageName[];
