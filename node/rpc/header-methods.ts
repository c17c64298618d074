/**
 * Owns what a client that keeps no blocks needs: headers in a row, headers picked out of a long chain with their place in
 * it, and proofs of the state a few blocks below the tip. Every list is bounded, and what it costs with it: a sample takes
 * O(log² n) hashes, about half a millisecond on a chain of 100,000.
 */
import { workOf } from '../../chain/consensus/difficulty.ts';
import { encodeSample } from '../../chain/consensus/header-sample.ts';
import type { HeaderNode } from '../../chain/consensus/header-tree.ts';
import { encodePeaks } from '../../chain/consensus/history-peaks.ts';
import { type HistoryNodes, nodesFromPeaks, proveHistory } from '../../chain/consensus/history-proof.ts';
import { RuleError } from '../../chain/errors.ts';
import { parseAddress } from '../../chain/format/address.ts';
import { encodeBody } from '../../chain/format/block.ts';
import { concat, fromHex, toHex } from '../../chain/format/bytes.ts';
import { encodeHeader } from '../../chain/format/header.ts';
import { accountRef, type EntryRef, recordRef, TOTALS } from '../../chain/state/entries.ts';
import { badParams } from './faults.ts';
import { method } from './method.ts';
import * as sample from './samples.ts';
import { hex, list, object, orNull, tip } from './schema.ts';
import * as shape from './shapes.ts';
import { tipJson } from './summaries.ts';
import type { NodeView } from './view.ts';

const HEADERS_MAX = 500;
const SAMPLES_MAX = 64;
const ENTRIES_MAX = 16;
const HEIGHT_MAX = 2 ** 32 - 1;

const blockId = shape.hexOf(32);
const decimal = shape.string(78, /^(?:0|[1-9][0-9]*)$/, 'a whole number in a string');
const entryName = shape.string(
  64,
  /^(?:supply|[0-9a-f]{64}|pier1[0-9a-z]{38})$/,
  'an address, a record id or "supply"',
);

/** The block with the id, if it is of the active chain. */
function activeBlock(view: NodeView, id: Uint8Array): HeaderNode {
  const node = view.findBlock({ id });
  if (node === null || !view.isActive(node)) throw new RuleError('UNKNOWN_BLOCK', toHex(id));
  return node;
}

function blockAt(view: NodeView, height: number): HeaderNode {
  const node = view.findBlock({ height });
  if (node === null) throw new RuleError('UNKNOWN_BLOCK', `height ${height}`);
  return node;
}

/** Height below `end` of the header that the chain's work passes `work` at. */
function heightOfWork(view: NodeView, end: HeaderNode, work: bigint): number {
  let low = 0;
  let high = end.height - 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (blockAt(view, middle).work > work) high = middle;
    else low = middle + 1;
  }
  if (end.height === 0 || blockAt(view, low).work <= work)
    throw badParams('works must be below that of the block');
  return low;
}

function nodesOf(view: NodeView): HistoryNodes {
  const leafAt = (height: number) => {
    const { id, header } = blockAt(view, height);
    return { id, work: workOf(header.bits) };
  };
  return nodesFromPeaks(leafAt, (count) => blockAt(view, count - 1).history);
}

function refOf(name: string): EntryRef {
  if (name === 'supply') return TOTALS;
  if (!name.startsWith('pier1')) return recordRef(fromHex(name, 32));
  try {
    return accountRef(parseAddress(name));
  } catch (error) {
    throw error instanceof RuleError ? badParams(error.message) : error;
  }
}

export const HEADER_METHODS = [
  method({
    name: 'headers',
    doc: 'Headers of the active chain from a height on, 181 bytes each, one after the other; none above the tip.',
    params: {
      height: shape.required(shape.integer(0, HEIGHT_MAX), 'of the first'),
      count: shape.required(shape.integer(1, HEADERS_MAX), 'at most so many'),
    },
    result: object({ headers: hex, tip }),
    example: {
      params: { height: 128, count: 1 },
      result: { headers: `0100000080${sample.PARENT}${'00'.repeat(144)}`, tip: sample.TIP },
    },
    call({ view }, { height, count }) {
      const found: Uint8Array[] = [];
      const end = Math.min(view.tip.height + 1, height + count);
      for (let at = height; at < end; at++) found.push(encodeHeader(blockAt(view, at).header));
      return { headers: toHex(concat(...found)), tip: tipJson(view.tip) };
    },
  }),
  method({
    name: 'historyPeaks',
    doc: 'The peaks of the history below a block, which its history root commits to: a client goes on from there without the headers below. docs/LIGHT-CLIENT.md has the bytes of these and of samples.',
    params: { id: shape.required(blockId, 'of a block of the active chain') },
    result: object({ peaks: hex, tip }),
    example: { params: { id: sample.BLOCK }, result: { peaks: `01${sample.HASH}020200`, tip: sample.TIP } },
    call({ view }, { id }) {
      const { parent } = activeBlock(view, id);
      return { peaks: toHex(encodePeaks(parent === null ? null : parent.history)), tip: tipJson(view.tip) };
    },
  }),
  method({
    name: 'headerSamples',
    doc: "Headers below a block, each with its parent and its place in that block's history: those at the given heights, or those at which the chain's work passes the given works. Give one of both.",
    params: {
      id: shape.required(blockId, 'of a block of the active chain'),
      heights: shape.optional(shape.list(shape.integer(0, HEIGHT_MAX), SAMPLES_MAX), 'below the block'),
      works: shape.optional(
        shape.list(decimal, SAMPLES_MAX),
        'expected hashes, below those before the block',
      ),
    },
    result: object({ samples: list(hex), tip }),
    example: {
      params: { id: sample.BLOCK, works: ['4194368'] },
      result: { samples: [`01${'00'.repeat(180)}0000`], tip: sample.TIP },
    },
    call({ view }, { id, heights, works }) {
      if ((heights === undefined) === (works === undefined)) throw badParams('give either heights or works');
      const end = activeBlock(view, id);
      const wanted = heights ?? works!.map((work) => heightOfWork(view, end, BigInt(work)));
      const nodes = nodesOf(view);
      const samples = wanted.map((height) => {
        if (height >= end.height) throw badParams('heights must be below that of the block');
        const { header, parent } = blockAt(view, height);
        const place = [...proveHistory(nodes, end.height, height).siblings];
        return toHex(encodeSample({ header, parent: parent?.header ?? null, place }));
      });
      return { samples, tip: tipJson(view.tip) };
    },
  }),
  method({
    name: 'proveState',
    doc: "Entries of the state as of a block of the active chain, at most 16 below the tip: the bytes of each, null if there is none, and its path under the block's state root.",
    params: {
      block: shape.required(blockId, 'the tip, or at most 16 blocks below'),
      entries: shape.required(
        shape.list(entryName, ENTRIES_MAX),
        'an address, the id of a record, or "supply"',
      ),
    },
    result: object({ entries: list(object({ entry: orNull(hex), path: hex })), tip }),
    example: {
      params: { block: sample.BLOCK, entries: [sample.ALICE] },
      result: { entries: [{ entry: null, path: '000001' }], tip: sample.TIP },
    },
    async call({ view }, { block, entries }) {
      const refs = entries.map(refOf);
      const { tip: node, value } = await view.proveState(activeBlock(view, block), refs);
      return {
        entries: value.map(({ bytes, proof }) => ({
          entry: bytes === null ? null : toHex(bytes),
          path: toHex(proof),
        })),
        tip: tipJson(node),
      };
    },
  }),
  method({
    name: 'body',
    doc: "The transactions of a block as the protocol writes them, so that a client can hold them against the header's root.",
    params: { id: shape.required(blockId, 'of any block this node knows') },
    result: object({ body: hex, tip }),
    example: { params: { id: sample.BLOCK }, result: { body: '00000000', tip: sample.TIP } },
    async call({ view }, { id }) {
      const node = view.findBlock({ id });
      const transactions = node === null ? null : await view.transactionsOf(node);
      if (transactions === null) throw new RuleError('UNKNOWN_BLOCK', toHex(id));
      return { body: toHex(encodeBody(transactions)), tip: tipJson(view.tip) };
    },
  }),
];
