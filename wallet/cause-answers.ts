/** Owns the shape of the answers that tell why: what `docs/RPC.md` says of `whyTransaction` and `whyTip`, as readers. */
import {
  address,
  decimal,
  id,
  list,
  maybe,
  object,
  oneOf,
  planks,
  type Read,
  text,
  whole,
} from './answers.ts';

const tip = object({ height: whole, id });
const reason = object({ code: text, message: text });

/** Who brought it; a peer without a node had gone by then. */
const origin = object({ kind: oneOf('user', 'self', 'peer'), node: maybe(id), address: maybe(text) });
export type Origin = Read<typeof origin>;

const arrival = maybe(object({ at: whole, from: origin }));

const reorg = object({
  at: whole,
  from: id,
  to: id,
  /** Blocks undone and blocks done. */
  depth: whole,
  connected: whole,
  forkHeight: whole,
  lostWork: decimal,
  wonWork: decimal,
  moreWork: decimal,
});
export type ReorgAnswer = Read<typeof reorg>;

const cause = object({
  at: whole,
  what: oneOf('pending', 'waiting', 'mined', 'orphaned', 'dropped', 'refused'),
  way: maybe(oneOf('new', 'waited', 'displaced', 'restart')),
  from: maybe(origin),
  block: maybe(object({ height: whole, id, miner: address })),
  reorg: maybe(reorg),
  reason: maybe(reason),
  by: maybe(id),
});
export type CauseAnswer = Read<typeof cause>;

export const transactionStory = object({
  id,
  status: oneOf('mined', 'pending', 'waiting', 'dropped', 'refused', 'unknown'),
  confirmations: whole,
  causes: list(cause),
  left: whole,
  since: whole,
  standing: maybe(
    object({
      earlier: whole,
      ahead: whole,
      bytesAhead: whole,
      blocks: whole,
      rate: decimal,
      floor: planks,
    }),
  ),
  nonce: maybe(object({ own: whole, next: whole })),
  tip,
});
export type TransactionStory = Read<typeof transactionStory>;

export const tipStory = object({
  block: object({ work: decimal, ownWork: decimal, time: whole, miner: address }),
  arrival,
  rivals: list(
    object({
      height: whole,
      id,
      work: decimal,
      lessWork: decimal,
      moreWork: decimal,
      status: oneOf('valid', 'headers', 'invalid'),
      forkHeight: whole,
      arrival,
      reason: maybe(reason),
    }),
  ),
  reorganisation: maybe(
    object({
      reorg,
      count: whole,
      displaced: list(
        object({
          id,
          status: oneOf('mined', 'pending', 'waiting', 'dropped'),
          height: maybe(whole),
          reason: maybe(reason),
        }),
      ),
    }),
  ),
  since: whole,
  tip,
});
export type TipStory = Read<typeof tipStory>;
