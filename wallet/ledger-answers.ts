/** Owns the shape of each answer a node gives about the ledger: what `docs/RPC.md` says, as readers. */
import {
  address,
  chosenBytes,
  decimal,
  exactText,
  flag,
  hex,
  id,
  list,
  maybe,
  measure,
  object,
  oneOf,
  planks,
  type Read,
  signedPlanks,
  text,
  whole,
} from './answers.ts';

/** The block whose state an answer describes. */
const tip = object({ height: whole, id });

export const status = object({
  chainId: id,
  name: text,
  version: text,
  node: id,
  height: whole,
  tip: id,
  stateRoot: id,
  work: decimal,
  time: whole,
  peers: whole,
  mempool: whole,
  supply: planks,
  headers: whole,
  syncing: flag,
  mining: maybe(object({ address, hashrate: measure })),
  listen: maybe(text),
  /** Nodes of earlier versions give none. */
  warnings: maybe(list(text)),
});
export type Status = Read<typeof status>;

export const params = object({ chainId: id, genesis: object({}) });

const recovery = object({ account: address, delay: whole });
const history = object({ hash: id, count: whole });

export const account = object({
  address,
  exists: flag,
  balance: planks,
  nonce: whole,
  /** Counting what waits in the mempool. */
  nextNonce: whole,
  deposits: planks,
  authKey: maybe(id),
  locked: flag,
  /** Height since which the key is current. */
  rotatedAt: whole,
  recovery: maybe(recovery),
  pendingChange: maybe(object({ recovery: maybe(recovery), at: whole })),
  pendingRecovery: maybe(object({ authKey: id, at: whole })),
  history,
  tip,
});
export type AccountAnswer = Read<typeof account>;

export const accountHistory = object({
  items: list(
    object({
      id,
      height: whole,
      block: id,
      index: whole,
      time: whole,
      kind: text,
      from: address,
      to: maybe(address),
      /** What the account gained, or lost if negative. */
      amount: maybe(signedPlanks),
      fee: planks,
    }),
  ),
  next: maybe(text),
  tip,
});
export type HistoryAnswer = Read<typeof accountHistory>;

const recordFields = {
  id,
  owner: address,
  creator: address,
  /** As it is shown, and its bytes. */
  name: maybe(exactText),
  nameHex: maybe(hex),
  root: id,
  size: whole,
  mediaType: maybe(exactText),
  mediaTypeHex: maybe(hex),
  inline: maybe(hex),
  revision: whole,
  dropped: flag,
  deposit: planks,
  history,
};
const recordAlone = chosenBytes(object(recordFields), 'name', 'mediaType');
export type RecordSummary = Read<typeof recordAlone>;

export const record = chosenBytes(object({ ...recordFields, tip }), 'name', 'mediaType');
export type RecordAnswer = Read<typeof record>;

export const records = object({ records: list(recordAlone), next: maybe(id), tip });
export type RecordsAnswer = Read<typeof records>;

export const recordHistory = object({
  items: list(
    object({
      id,
      height: whole,
      block: id,
      index: whole,
      time: whole,
      kind: oneOf('put', 'give', 'drop'),
      from: address,
      /** Who owned it afterwards. */
      owner: address,
      revision: whole,
      /** Of a put. */
      root: maybe(id),
      size: maybe(whole),
      fee: planks,
    }),
  ),
  next: maybe(text),
  tip,
});
export type RecordHistoryAnswer = Read<typeof recordHistory>;

export const summary = chosenBytes(
  object({
    id,
    kind: text,
    sender: address,
    nonce: whole,
    fee: planks,
    validUntil: whole,
    bytes: whole,
    outputs: maybe(list(object({ to: address, amount: planks }))),
    /** As it is shown, and its bytes. */
    memo: maybe(exactText),
    memoHex: maybe(hex),
  }),
  'memo',
);
export type TransactionSummary = Read<typeof summary>;

export const block = object({
  id,
  height: whole,
  previous: id,
  time: whole,
  elapsed: whole,
  bits: hex,
  work: decimal,
  miner: address,
  historyRoot: id,
  txRoot: id,
  stateRoot: id,
  active: flag,
  confirmations: whole,
  transactions: list(summary),
  size: whole,
  tip,
});
export type BlockAnswer = Read<typeof block>;

const reason = object({ code: text, message: text });

export const transaction = object({
  id,
  status: oneOf('pending', 'mined', 'unknown', 'dropped'),
  reason: maybe(reason),
  confirmations: whole,
  block: maybe(object({ height: whole, id, index: whole })),
  transaction: maybe(summary),
  raw: maybe(hex),
  tip,
});
export type TransactionAnswer = Read<typeof transaction>;

const refusal = object({ code: text, message: text, hint: maybe(text) });

/** One of `submit`: the transaction is held (`error` null), or it isn't and why. */
const submission = object({
  id: maybe(id),
  status: maybe(oneOf('pending', 'mined')),
  error: maybe(refusal),
});
export const submit = object({ results: list(submission) });
export type Submission = Read<typeof submission>;

export const mempool = object({
  count: whole,
  bytes: whole,
  /** Planks a byte below which nothing is admitted now. */
  minFeePerByte: planks,
  transactions: list(summary),
  tip,
});
export type MempoolAnswer = Read<typeof mempool>;

export const fee = object({ perByte: planks, floorPerByte: planks, tip });
export type FeeAnswer = Read<typeof fee>;

export const peers = object({
  peers: list(
    object({
      node: id,
      address: text,
      direction: oneOf('in', 'out'),
      height: whole,
      work: decimal,
      connectedMs: measure,
      pingMs: maybe(measure),
      agent: maybe(text),
      bytesIn: whole,
      bytesOut: whole,
    }),
  ),
  tip,
});
export type PeersAnswer = Read<typeof peers>;

export const forks = object({
  tips: list(
    object({
      height: whole,
      id,
      work: decimal,
      status: oneOf('active', 'valid', 'headers', 'invalid'),
      forkHeight: whole,
      length: whole,
    }),
  ),
  reorgs: list(object({ at: whole, from: id, to: id, depth: whole, connected: whole, forkHeight: whole })),
  tip,
});
export type ForksAnswer = Read<typeof forks>;
