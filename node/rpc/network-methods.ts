/** Owns the methods about other nodes, the subscriptions, and those that change the node and so want the cookie. */
import { parsePeerUrl } from '../../p2p/addresses/peer-url.ts';
import { LAG_MS_MAX } from '../delay-line.ts';
import { badParams } from './faults.ts';
import { method } from './method.ts';
import * as sample from './samples.ts';
import * as schema from './schema.ts';
import * as shape from './shapes.ts';
import { tipJson } from './summaries.ts';

const { hash, whole, decimal, object, orNull, list, text, tip } = schema;

const url: shape.Shape<string> = {
  schema: { type: 'string', pattern: '^ws://', maxLength: 64 },
  read(value, where) {
    if (typeof value !== 'string' || parsePeerUrl(value) === null) {
      throw badParams(`${where} must be the address of a node, as ws://127.0.0.1:9471, in lower case`);
    }
    return value;
  },
};
const nodeId = shape.string(64, /^[0-9a-f]{64}$/, 'a node id: 64 lower-case hex digits');
const MAX_ALLOWED_NODES = 1000;
const HASHRATE_MAX = 1_000_000_000;
const DONE = object({ ok: { const: true } });
const done = { ok: true };

export const NETWORK_METHODS = [
  method({
    name: 'peers',
    doc: 'The nodes this one is linked to. `height` and `work` are of the best block a peer is known to have, `connectedMs` and `pingMs` durations.',
    params: {},
    result: object({
      peers: list(
        object({
          node: hash,
          address: text,
          direction: schema.oneOf('in', 'out'),
          height: whole,
          work: decimal,
          connectedMs: whole,
          pingMs: orNull(whole),
          agent: text,
          bytesIn: whole,
          bytesOut: whole,
        }),
      ),
      tip,
    }),
    example: {
      params: {},
      result: {
        peers: [
          {
            node: sample.NODE,
            address: 'ws://127.0.0.1:9102',
            direction: 'out',
            height: 128,
            work: '8388736',
            connectedMs: 60_210,
            pingMs: 1,
            agent: 'pier/0.1.0',
            bytesIn: 48_210,
            bytesOut: 51_002,
          },
        ],
        tip: sample.TIP,
      },
    },
    call: ({ view }) => ({
      peers: view.peers().map((peer) => ({
        node: peer.node,
        address: peer.address,
        direction: peer.inbound ? 'in' : 'out',
        height: peer.height,
        work: String(peer.work),
        connectedMs: Math.round(peer.connectedMs),
        pingMs: peer.pingMs === null ? null : Math.round(peer.pingMs),
        agent: peer.agent,
        bytesIn: peer.bytesIn,
        bytesOut: peer.bytesOut,
      })),
      tip: tipJson(view.tip),
    }),
  }),
  method({
    name: 'addresses',
    doc: 'The addresses of other nodes that this one has heard of, and when it last met them.',
    params: {},
    result: object({ addresses: list(object({ url: text, lastSeenMs: orNull(whole) })) }),
    example: {
      params: {},
      result: { addresses: [{ url: 'ws://127.0.0.1:9102', lastSeenMs: 1_790_000_000_000 }] },
    },
    call: ({ view }) => ({
      addresses: view.addresses().map(({ url: address, lastSeenMs }) => ({ url: address, lastSeenMs })),
    }),
  }),
  method({
    name: 'subscribe',
    doc: 'Over a WebSocket: sends a notification `event` for each new tip, reorganisation, change of a transaction, or mined transaction on a record. An event comes once, however many subscriptions want it.',
    params: {
      topics: shape.required(
        shape.list(shape.oneOf('tip', 'reorg', 'transaction', 'record'), 4),
        'what to hear of',
      ),
    },
    result: object({ subscription: whole }),
    example: { params: { topics: ['tip', 'reorg'] }, result: { subscription: 1 } },
    socketOnly: true,
    call: ({ subscriber }, { topics }) => ({ subscription: subscriber!.subscribe(topics) }),
  }),
  method({
    name: 'unsubscribe',
    doc: 'Ends a subscription of this connection.',
    params: { subscription: shape.required(shape.integer(1, 2 ** 53 - 1), 'the number subscribe gave') },
    result: DONE,
    example: { params: { subscription: 1 }, result: done },
    socketOnly: true,
    call({ subscriber }, { subscription }) {
      if (!subscriber!.unsubscribe(subscription)) throw badParams(`there is no subscription ${subscription}`);
      return done;
    },
  }),
];

export const ADMIN_METHODS = [
  method({
    name: 'connect',
    doc: 'Keeps a link to a node, whatever the address book says.',
    params: { url: shape.required(url, 'of the node') },
    result: DONE,
    example: { params: { url: 'ws://127.0.0.1:9102' }, result: done },
    admin: true,
    call({ view }, params) {
      view.connect(params.url);
      return done;
    },
  }),
  method({
    name: 'disconnect',
    doc: 'Closes the link to a node. It may come back.',
    params: { node: shape.required(nodeId, 'id of the node, see peers') },
    result: DONE,
    example: { params: { node: sample.NODE }, result: done },
    admin: true,
    call({ view }, { node }) {
      if (!view.disconnect(node)) throw badParams('no link leads to that node', 'See the method peers.');
      return done;
    },
  }),
  method({
    name: 'allow',
    doc: 'For experiments: only the nodes listed may be linked, others are dropped at once and refused; null lets everyone in again.',
    params: {
      nodes: shape.required(shape.orNull(shape.list(nodeId, MAX_ALLOWED_NODES, 0)), 'node ids, or null'),
    },
    result: DONE,
    example: { params: { nodes: [sample.NODE] }, result: done },
    admin: true,
    call({ view }, { nodes }) {
      view.allow(nodes);
      return done;
    },
  }),
  method({
    name: 'lag',
    doc: 'For experiments: whatever this node sends to other nodes, and gets from them, takes so much longer, on links that are open and on those to come; handshakes pass at once. 0 ends it. The most is what two nodes that both lag can bear without a time-out between them.',
    params: { ms: shape.required(shape.integer(0, LAG_MS_MAX), 'milliseconds, each way') },
    result: DONE,
    example: { params: { ms: 3_000 }, result: done },
    admin: true,
    call({ view }, { ms }) {
      view.lag(ms);
      return done;
    },
  }),
  method({
    name: 'mine',
    doc: 'Mines to an address, or stops mining with null. `hashrate` is the most hashes a second; left out, it stays as it is.',
    params: {
      address: shape.required(shape.orNull(shape.address), 'that earns the rewards, or null'),
      hashrate: shape.optional(shape.integer(1, HASHRATE_MAX), 'hashes a second'),
    },
    result: DONE,
    example: { params: { address: sample.ALICE, hashrate: 20_000 }, result: done },
    admin: true,
    call({ view }, { address, hashrate }) {
      if (address === null && hashrate !== undefined)
        throw badParams('hashrate says nothing when mining stops');
      view.mine(address, hashrate);
      return done;
    },
  }),
  method({
    name: 'stop',
    doc: 'Stops the node in an orderly way. The answer comes before it does.',
    params: {},
    result: DONE,
    example: { params: {}, result: done },
    admin: true,
    call({ view }) {
      view.stop();
      return done;
    },
  }),
];
