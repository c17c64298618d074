/** Owns the methods that tell why: the story of a transaction, and what made the tip the tip. */
import { toHex } from '../../chain/format/bytes.ts';
import type { Answer } from '../../chain/ledger/tip-view.ts';
import {
  arrivalJson,
  arrivalSchema,
  causeJson,
  causeSchema,
  reasonJson,
  reasonSchema,
  reorgJson,
  reorgSchema,
} from './cause-schema.ts';
import { method } from './method.ts';
import * as sample from './samples.ts';
import { address, decimal, hash, list, object, oneOf, orNull, planks, tip, whole } from './schema.ts';
import * as shape from './shapes.ts';
import { headerJson, tipJson } from './summaries.ts';
import type { NodeView, TipStory, TransactionStory } from './view.ts';

const sampleReorg = {
  at: 1_790_000_004_000,
  from: sample.PARENT,
  to: sample.BLOCK,
  depth: 1,
  connected: 2,
  forkHeight: 126,
  lostWork: '65536',
  wonWork: '131072',
  moreWork: '65536',
};
const sampleOrphan = { height: 127, id: sample.PARENT, miner: sample.BOB };

function storyJson(view: NodeView, id: Uint8Array, { tip, value: story }: Answer<TransactionStory>) {
  const { mined, standing, transaction, nextNonce } = story;
  const height = mined?.block.height;
  return {
    id: toHex(id),
    status: story.status,
    confirmations: height === undefined ? 0 : tip.height - height + 1,
    causes: story.causes.map(causeJson),
    left: story.left,
    since: story.since,
    ...(standing !== null && {
      standing: { ...standing, rate: String(standing.rate), floor: String(view.fees().floorPerByte) },
    }),
    ...(transaction !== null && nextNonce !== null && { nonce: { own: transaction.nonce, next: nextNonce } }),
  };
}

function rivalJson(best: TipStory['tip'], rival: TipStory['rivals'][number]) {
  const { node, status, forkHeight, arrival, reason } = rival;
  const ahead = node.work > best.work;
  return {
    height: node.height,
    id: node.key,
    work: String(node.work),
    lessWork: ahead ? '0' : String(best.work - node.work),
    moreWork: ahead ? String(node.work - best.work) : '0',
    status,
    forkHeight,
    arrival: arrivalJson(arrival),
    ...(reason !== null && { reason: reasonJson(reason) }),
  };
}

export const CAUSE_METHODS = [
  method({
    name: 'whyTransaction',
    doc: 'The story of a transaction as this node saw it, oldest first, and how it stands. `what` happened: it came into the mempool (`pending`; `way` says if it was `new`, had `waited`, was `displaced` by a reorganisation or kept over a `restart`), was set aside (`waiting`), `mined`, `orphaned` by the reorganisation given, `dropped`, or `refused`. Memory ends: `left` counts steps after the first that were forgotten, and of what was before `since` all may be. While it is pending, `standing` says what goes before it; while it waits, `nonce` which one is missing.',
    params: { id: shape.required(shape.hexOf(32), 'of the transaction') },
    result: object({
      id: hash,
      status: oneOf('mined', 'pending', 'waiting', 'dropped', 'refused', 'unknown'),
      confirmations: whole,
      causes: list(causeSchema),
      left: whole,
      since: whole,
      'standing?': object({
        earlier: whole,
        ahead: whole,
        bytesAhead: whole,
        blocks: whole,
        rate: decimal,
        floor: planks,
      }),
      'nonce?': object({ own: whole, next: whole }),
      tip,
    }),
    example: {
      params: { id: sample.TRANSACTION },
      result: {
        id: sample.TRANSACTION,
        status: 'mined',
        confirmations: 1,
        causes: [
          { at: 1_790_000_000_000, what: 'pending', way: 'new', from: { kind: 'user' } },
          { at: 1_790_000_002_000, what: 'mined', block: sampleOrphan },
          { at: 1_790_000_004_000, what: 'orphaned', block: sampleOrphan, reorg: sampleReorg },
          { at: 1_790_000_004_000, what: 'pending', way: 'displaced' },
          {
            at: 1_790_000_006_000,
            what: 'mined',
            block: { height: 128, id: sample.BLOCK, miner: sample.ALICE },
          },
        ],
        left: 0,
        since: 1_789_990_000_000,
        tip: sample.TIP,
      },
    },
    async call({ view }, { id }) {
      const answer = await view.whyTransaction(id);
      return { ...storyJson(view, id, answer), tip: tipJson(answer.tip) };
    },
  }),
  method({
    name: 'whyTip',
    doc: 'Why the tip is the tip: its work, when it came and from whom, the other branches with the most work and by how much they have less (or more, if they are invalid or their bodies are missing), and the last reorganisation with what became of the transactions it displaced. An `arrival` is null if it is forgotten.',
    params: {},
    result: object({
      block: object({ work: decimal, ownWork: decimal, time: whole, miner: address }),
      arrival: arrivalSchema,
      rivals: list(
        object({
          height: whole,
          id: hash,
          work: decimal,
          lessWork: decimal,
          moreWork: decimal,
          status: oneOf('valid', 'headers', 'invalid'),
          forkHeight: whole,
          arrival: arrivalSchema,
          'reason?': reasonSchema,
        }),
      ),
      reorganisation: orNull(
        object({
          reorg: reorgSchema,
          count: whole,
          displaced: list(
            object({
              id: hash,
              status: oneOf('mined', 'pending', 'waiting', 'dropped'),
              'height?': whole,
              'reason?': reasonSchema,
            }),
          ),
        }),
      ),
      since: whole,
      tip,
    }),
    example: {
      params: {},
      result: {
        block: { work: '8388736', ownWork: '65536', time: 1_790_000_006_000, miner: sample.ALICE },
        arrival: {
          at: 1_790_000_006_100,
          from: { kind: 'peer', node: sample.NODE, address: 'ws://127.0.0.1:9102' },
        },
        rivals: [
          {
            height: 127,
            id: sample.PARENT,
            work: '8323200',
            lessWork: '65536',
            moreWork: '0',
            status: 'valid',
            forkHeight: 126,
            arrival: { at: 1_790_000_002_000, from: { kind: 'self' } },
          },
        ],
        reorganisation: {
          reorg: sampleReorg,
          count: 1,
          displaced: [{ id: sample.TRANSACTION, status: 'mined', height: 128 }],
        },
        since: 1_789_990_000_000,
        tip: sample.TIP,
      },
    },
    async call({ view }) {
      const { tip: best, arrival, rivals, displacement, since } = await view.whyTip();
      const { work, time, miner } = headerJson(best);
      return {
        block: { work, ownWork: String(best.work - (best.parent?.work ?? 0n)), time, miner },
        arrival: arrivalJson(arrival),
        rivals: rivals.map((rival) => rivalJson(best, rival)),
        reorganisation: displacement === null ? null : displacementJson(displacement),
        since,
        tip: tipJson(best),
      };
    },
  }),
];

function displacementJson({ reorg, count, transactions }: NonNullable<TipStory['displacement']>) {
  const displaced = transactions.map(({ id, status, height, reason }) => ({
    id,
    status,
    ...(height !== null && { height }),
    ...(reason !== null && { reason: reasonJson(reason) }),
  }));
  return { reorg: reorgJson(reorg), count, displaced };
}
