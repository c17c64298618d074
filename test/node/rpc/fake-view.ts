/** Owns a node that isn't there, for tests of the RPC alone: a tip at height 2, one account, one transaction a state. */
import { workOf } from '../../../chain/consensus/difficulty.ts';
import { type HeaderNode, HeaderTree } from '../../../chain/consensus/header-tree.ts';
import { appendHistory } from '../../../chain/consensus/history.ts';
import { RuleError } from '../../../chain/errors.ts';
import { fromHex, toHex } from '../../../chain/format/bytes.ts';
import { parseParams } from '../../../chain/format/params.ts';
import { recordId, type Transaction } from '../../../chain/format/transaction.ts';
import type { LedgerRecord } from '../../../chain/state/entries.ts';
import genesis from '../../../genesis.json' with { type: 'json' };
import { WELL } from '../../../node/condition.ts';
import type { NodeEvent, NodeView } from '../../../node/rpc/view.ts';
import { storyOf, tipStory } from './fake-stories.ts';

export const ALICE = new Uint8Array(20).fill(1);
export const BOB = new Uint8Array(20).fill(2);
export const MINED = new Uint8Array(32).fill(3);
export const PENDING = new Uint8Array(32).fill(4);
export const DROPPED = new Uint8Array(32).fill(5);
export const NODE_ID = toHex(new Uint8Array(32).fill(9));

export function makeTransfer(id: Uint8Array, nonce: number): Transaction {
  return {
    version: 1,
    sender: ALICE,
    scheme: 1,
    publicKey: new Uint8Array(32),
    nonce,
    fee: 178,
    validUntil: 100,
    body: {
      TAG: 'transfer',
      data: { outputs: [{ to: BOB, amount: 1_000_000 }], memo: new TextEncoder().encode('hello') },
    },
    signature: new Uint8Array(64),
    bytes: new Uint8Array(178).fill(7),
    id,
    key: toHex(id),
  };
}

const utf8 = (text: string) => new TextEncoder().encode(text);
const NOTES = { creator: ALICE, name: utf8('notes'), root: new Uint8Array(32).fill(6), size: 9_000 };
export const RECORD_ID = recordId(NOTES.creator, NOTES.name);
const RECORD: LedgerRecord = {
  ...NOTES,
  owner: ALICE,
  mediaType: utf8('text/plain'),
  inline: null,
  revision: 1,
  dropped: false,
  deposit: 2_500,
  history: new Uint8Array(32),
  historyCount: 1,
};

function makePut(id: Uint8Array): Transaction {
  const data = { ...NOTES, mediaType: RECORD.mediaType, inline: null };
  return { ...makeTransfer(id, 4), body: { TAG: 'put', data } };
}

const params = parseParams(genesis);

function makeChain(): HeaderNode[] {
  const first = new HeaderTree(params, {
    version: 1,
    height: 0,
    previous: new Uint8Array(32),
    historyRoot: new Uint8Array(32),
    txRoot: new Uint8Array(32),
    stateRoot: new Uint8Array(32).fill(8),
    time: params.time,
    elapsed: 0,
    bits: params.difficulty.bits,
    miner: new Uint8Array(20),
    nonce: 0,
  }).genesis;
  const nodes = [first];
  for (let height = 1; height <= 2; height++) {
    const id = new Uint8Array(32).fill(0xb0 + height);
    const parent = nodes[height - 1]!;
    const header = { ...first.header, height, previous: parent.id, time: params.time + height };
    const history = appendHistory(parent.history, { id, work: workOf(header.bits) });
    nodes.push({ ...first, id, key: toHex(id), height, header, parent, history, work: parent.work * 2n });
  }
  return nodes;
}

export class FakeView implements NodeView {
  readonly params = params;
  readonly chain = makeChain();
  readonly chainId = this.chain[0]!.id;
  readonly genesis = genesis;
  readonly nodeId = NODE_ID;
  readonly version = '0.1.0';
  readonly listen = null;
  readonly health = WELL;
  readonly tip = this.chain[2]!;
  readonly bestHeader = this.chain[2]!;
  syncing = false;
  readonly scrub = { height: 1, rounds: 0, mended: 0 };
  readonly mining = null;
  readonly transfer = makeTransfer(MINED, 4);
  readonly pool = { size: 1, bytes: 178, values: () => [makeTransfer(PENDING, 5)] };
  /** What admin calls were made. */
  readonly done: unknown[] = [];
  /** What was submitted, call by call. */
  readonly submitted: (readonly Uint8Array[])[] = [];
  readonly listeners = new Set<(event: NodeEvent) => void>();

  totals: NodeView['totals'] = async () => ({
    tip: this.tip,
    value: { issued: 1_000, burned: 100, deposited: 0, unclaimedFees: 0 },
  });
  findBlock: NodeView['findBlock'] = (at) =>
    this.chain.find((node) => ('id' in at ? node.key === toHex(at.id) : node.height === at.height)) ?? null;
  isActive: NodeView['isActive'] = () => true;
  transactionsOf: NodeView['transactionsOf'] = async () => [this.transfer];
  account: NodeView['account'] = async (address) => ({
    tip: this.tip,
    value:
      toHex(address) === toHex(ALICE)
        ? {
            balance: 5_000_000,
            nonce: 5,
            authKey: null,
            rotatedAt: 0,
            recovery: null,
            pendingChange: null,
            pendingRecovery: null,
            locked: false,
            deposits: 0,
            history: new Uint8Array(32),
            historyCount: 1,
          }
        : null,
  });
  queueOf: NodeView['queueOf'] = (sender) =>
    toHex(sender) === toHex(ALICE) ? [{ transaction: makeTransfer(PENDING, 5), cost: 1_000_178 }] : [];
  history: NodeView['history'] = async (_address, limit) => ({
    tip: this.tip,
    value: {
      items: [{ block: this.tip, index: 0, transaction: this.transfer }].slice(0, limit),
      older: null,
    },
  });
  record: NodeView['record'] = async () => ({ tip: this.tip, value: RECORD });
  recordsOf: NodeView['recordsOf'] = async () => ({
    tip: this.tip,
    value: { records: [{ id: RECORD_ID, record: RECORD }], complete: true },
  });
  recordHistory: NodeView['recordHistory'] = async () => ({
    tip: this.tip,
    value: {
      record: RECORD,
      events: [{ block: this.tip, index: 0, transaction: makePut(MINED), owner: ALICE }],
      older: null,
    },
  });
  proveState: NodeView['proveState'] = async (_block, refs) => ({
    tip: this.tip,
    value: refs.map(() => ({ bytes: null, proof: fromHex('000001') })),
  });
  prove: NodeView['prove'] = async () => ({ tip: this.tip, value: fromHex('00ff') });
  mined: NodeView['mined'] = async (id) => ({
    tip: this.tip,
    value: toHex(id) === toHex(MINED) ? { block: this.tip, index: 0, transaction: this.transfer } : null,
    complete: true,
  });
  unmined: NodeView['unmined'] = (id) => {
    if (toHex(id) === toHex(PENDING)) return { status: 'pending', transaction: makeTransfer(PENDING, 5) };
    if (toHex(id) === toHex(DROPPED)) return { status: 'dropped', reason: new RuleError('EXPIRED') };
    return { status: 'unknown' };
  };
  whyTransaction: NodeView['whyTransaction'] = async (id) => ({
    tip: this.tip,
    value: storyOf(toHex(id), this),
  });
  whyTip: NodeView['whyTip'] = async () => tipStory(this);
  submit: NodeView['submit'] = async (transactions) => {
    this.submitted.push(transactions);
    return transactions.map((bytes) =>
      bytes.length === 0
        ? { id: null, status: null, error: new RuleError('MALFORMED') }
        : { id: MINED, status: 'pending', error: null },
    );
  };
  fees: NodeView['fees'] = () => ({ perByte: 2, floorPerByte: 1 });
  peers: NodeView['peers'] = () => [];
  addresses: NodeView['addresses'] = () => [{ url: 'ws://127.0.0.1:1', lastSeenMs: null }];
  forkTips: NodeView['forkTips'] = () => [{ node: this.tip, status: 'active', forkHeight: 2 }];
  reorganisations: NodeView['reorganisations'] = () => [];
  onEvent: NodeView['onEvent'] = (listener) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  connect: NodeView['connect'] = (url) => this.done.push({ connect: url });
  disconnect: NodeView['disconnect'] = (node) => node === NODE_ID;
  allow: NodeView['allow'] = (nodes) => this.done.push({ allow: nodes });
  lag: NodeView['lag'] = (ms) => this.done.push({ lag: ms });
  mine: NodeView['mine'] = (address, hashrate) =>
    this.done.push({ mine: address && toHex(address), hashrate });
  stop: NodeView['stop'] = () => this.done.push('stop');

  tell(event: NodeEvent): void {
    for (const listener of this.listeners) listener(event);
  }
}
