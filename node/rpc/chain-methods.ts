/** Owns the methods that ask for the ledger, its blocks and its branches. */
import type { HeaderNode } from '../../chain/consensus/header-tree.ts';
import { RuleError } from '../../chain/errors.ts';
import { formatAddress } from '../../chain/format/address.ts';
import { formatPlanks } from '../../chain/format/amount.ts';
import { toHex } from '../../chain/format/bytes.ts';
import { SOUND, warningsOf } from '../condition.ts';
import { badParams } from './faults.ts';
import { method } from './method.ts';
import * as sample from './samples.ts';
import * as schema from './schema.ts';
import * as shape from './shapes.ts';
import { headerJson, reorganisationJson, sizeOf, tipJson, transactionJson } from './summaries.ts';
import { transactionSchema } from './transaction-schema.ts';
import type { NodeView } from './view.ts';

const { hash, whole, decimal, planks, address, flag, object, orNull, list, tip } = schema;

const at = {
  height: shape.optional(shape.integer(0, 2 ** 32 - 1), 'a block of the active chain'),
  id: shape.optional(shape.hexOf(32), 'any block this node knows'),
};

const headerFields = {
  id: hash,
  height: whole,
  previous: hash,
  time: whole,
  elapsed: whole,
  bits: { type: 'string', pattern: '^[0-9a-f]{8}$' },
  work: decimal,
  miner: address,
  historyRoot: hash,
  txRoot: hash,
  stateRoot: hash,
  nonce: whole,
  active: flag,
  confirmations: whole,
};

const sampleHeader = {
  id: sample.BLOCK,
  height: 128,
  previous: sample.PARENT,
  time: 1_790_000_000_000,
  elapsed: 256_000,
  bits: '1f00ffff',
  work: '8388736',
  miner: sample.ALICE,
  historyRoot: sample.HASH,
  txRoot: sample.HASH,
  stateRoot: sample.HASH,
  nonce: 51_022,
  active: true,
  confirmations: 1,
};

function findBlock(
  view: NodeView,
  { height, id }: { height?: number | undefined; id?: Uint8Array | undefined },
): HeaderNode {
  if (height !== undefined && id !== undefined)
    throw badParams('height and id are both given', 'Leave one of them out.');
  if (id === undefined && height === undefined) return view.tip;
  const node = view.findBlock(id !== undefined ? { id } : { height: height! });
  if (node === null) throw new RuleError('UNKNOWN_BLOCK', id !== undefined ? toHex(id) : `height ${height}`);
  return node;
}

/** The header with its standing, as of now. */
function describeHeader(view: NodeView, node: HeaderNode) {
  const active = view.isActive(node);
  return { ...headerJson(node), active, confirmations: active ? view.tip.height - node.height + 1 : 0 };
}

export const CHAIN_METHODS = [
  method({
    name: 'status',
    doc: 'Where the node stands: its ledger, tip, peers and mempool. `work` is that of the whole chain, `supply` is all that was issued and not burned, `headers` the height of the best header. `storage` says whether blocks that the node had are missing and where they come from; `warnings` says that and whatever else is wrong, a sentence each.',
    params: {},
    result: object({
      chainId: hash,
      name: schema.text,
      version: schema.text,
      node: hash,
      height: whole,
      tip: hash,
      stateRoot: hash,
      work: decimal,
      time: whole,
      peers: whole,
      mempool: whole,
      supply: planks,
      headers: whole,
      syncing: flag,
      scrub: object({ height: whole, rounds: whole, mended: whole }),
      mining: orNull(object({ address, hashrate: whole })),
      listen: orNull(schema.text),
      storage: object({
        state: schema.oneOf('sound', 'rebuilding', 'fetching', 'lost'),
        done: orNull(whole),
        of: orNull(whole),
        reason: orNull(schema.text),
        kept: orNull(schema.text),
      }),
      warnings: list(schema.text),
    }),
    example: {
      params: {},
      result: {
        chainId: sample.CHAIN,
        name: 'testnet',
        version: '0.1.0',
        node: sample.NODE,
        height: 128,
        tip: sample.BLOCK,
        stateRoot: sample.HASH,
        work: '8388736',
        time: 1_790_000_000_000,
        peers: 4,
        mempool: 0,
        supply: '1000006400000000',
        headers: 128,
        syncing: false,
        scrub: { height: 97, rounds: 2, mended: 0 },
        mining: { address: sample.ALICE, hashrate: 20_000 },
        listen: 'ws://127.0.0.1:9101',
        storage: { ...SOUND },
        warnings: [],
      },
    },
    async call({ view }) {
      const { tip: node, value: totals } = await view.totals();
      const { mining } = view;
      return {
        chainId: toHex(view.chainId),
        name: view.params.name,
        version: view.version,
        node: view.nodeId,
        height: node.height,
        tip: node.key,
        stateRoot: toHex(node.header.stateRoot),
        work: String(node.work),
        time: node.header.time,
        peers: view.peers().length,
        mempool: view.pool.size,
        supply: formatPlanks(totals.issued - totals.burned),
        headers: view.bestHeader.height,
        syncing: view.syncing,
        scrub: view.scrub,
        mining: mining && { address: formatAddress(mining.address), hashrate: mining.hashrate },
        listen: view.listen,
        storage: { ...view.health.storage },
        warnings: warningsOf(view.health),
      };
    },
  }),
  method({
    name: 'params',
    doc: 'The `genesis.json` of the ledger, and the chain id that follows from it.',
    params: {},
    result: object({ chainId: hash, genesis: { type: 'object' } }),
    example: {
      params: {},
      result: { chainId: sample.CHAIN, genesis: { name: 'testnet', salt: sample.HASH } },
    },
    call: ({ view }) => ({ chainId: toHex(view.chainId), genesis: view.genesis }),
  }),
  method({
    name: 'block',
    doc: 'A block with its transactions: of the active chain by `height`, any by `id`, or the tip without either. `work` is that of its whole branch, `size` its bytes, `confirmations` 0 outside the active chain.',
    params: at,
    result: object({ ...headerFields, transactions: list(transactionSchema), size: whole, tip }),
    example: {
      params: { height: 128 },
      result: { ...sampleHeader, transactions: [sample.TRANSFER], size: 365, tip: sample.TIP },
    },
    async call({ view }, params) {
      const node = findBlock(view, params);
      const described = describeHeader(view, node);
      const now = tipJson(view.tip);
      const transactions = await view.transactionsOf(node);
      if (transactions === null) throw new RuleError('UNKNOWN_BLOCK', 'only its header is here');
      return {
        ...described,
        transactions: transactions.map(transactionJson),
        size: sizeOf(transactions),
        tip: now,
      };
    },
  }),
  method({
    name: 'header',
    doc: 'The same without the transactions; known before they are.',
    params: at,
    result: object({ ...headerFields, tip }),
    example: { params: { id: sample.BLOCK }, result: { ...sampleHeader, tip: sample.TIP } },
    call: ({ view }, params) => ({
      ...describeHeader(view, findBlock(view, params)),
      tip: tipJson(view.tip),
    }),
  }),
  method({
    name: 'forks',
    doc: 'The ends of all branches this node knows, and its last reorganisations. A branch leaves the active chain above `forkHeight` and is `length` blocks long from there; `headers` means that bodies are missing.',
    params: {},
    result: object({
      tips: list(
        object({
          height: whole,
          id: hash,
          work: decimal,
          status: schema.oneOf('active', 'valid', 'headers', 'invalid'),
          forkHeight: whole,
          length: whole,
        }),
      ),
      reorgs: list(
        object({ at: whole, from: hash, to: hash, depth: whole, connected: whole, forkHeight: whole }),
      ),
      tip,
    }),
    example: {
      params: {},
      result: {
        tips: [
          { height: 128, id: sample.BLOCK, work: '8388736', status: 'active', forkHeight: 128, length: 0 },
          { height: 121, id: sample.PARENT, work: '7929856', status: 'valid', forkHeight: 120, length: 1 },
        ],
        reorgs: [
          {
            at: 1_789_999_990_000,
            from: sample.PARENT,
            to: sample.BLOCK,
            depth: 1,
            connected: 2,
            forkHeight: 120,
          },
        ],
        tip: sample.TIP,
      },
    },
    call: ({ view }) => ({
      tips: view.forkTips().map(({ node, status, forkHeight }) => ({
        height: node.height,
        id: node.key,
        work: String(node.work),
        status,
        forkHeight,
        length: node.height - forkHeight,
      })),
      reorgs: view.reorganisations().map(reorganisationJson),
      tip: tipJson(view.tip),
    }),
  }),
];
