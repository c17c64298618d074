/** Owns the stories that the node that isn't there tells: one for each status, every kind of step in them. */
import type { HeaderNode } from '../../../chain/consensus/header-tree.ts';
import { RuleError } from '../../../chain/errors.ts';
import { toHex } from '../../../chain/format/bytes.ts';
import type { Transaction } from '../../../chain/format/transaction.ts';
import { blockName, type Cause, type Origin, reasonOf } from '../../../node/reactor/causes.ts';
import type { TipStory, TransactionStory } from '../../../node/rpc/view.ts';

export const WAITING = new Uint8Array(32).fill(0x21);
export const REFUSED = new Uint8Array(32).fill(0x22);
const MINED = toHex(new Uint8Array(32).fill(3));
const PENDING = toHex(new Uint8Array(32).fill(4));
const DROPPED = toHex(new Uint8Array(32).fill(5));

interface Scene {
  readonly tip: HeaderNode;
  readonly transfer: Transaction;
}

const peer: Origin = { kind: 'peer', node: '09'.repeat(32), address: '10.0.0.1:49152' };
const gone: Origin = { kind: 'peer', node: null, address: null };
const gap = reasonOf(new RuleError('NONCE_GAP', 'found 4, next is 3'));
const expired = reasonOf(new RuleError('EXPIRED'));

function reorg({ tip }: Scene) {
  const ids = { from: 'aa'.repeat(32), to: tip.key };
  return { at: 3_000, ...ids, depth: 1, connected: 2, forkHeight: 0, lostWork: '7', wonWork: '12' };
}

export function storyOf(key: string, scene: Scene): TransactionStory {
  const { tip, transfer } = scene;
  const base = { left: 0, since: 500, transaction: null, mined: null, standing: null, nextNonce: null };
  const came: Cause = { at: 1_000, what: 'pending', way: 'new', from: { kind: 'user' } };
  const block = blockName(tip);
  switch (key) {
    case MINED: {
      const causes: Cause[] = [
        { at: 900, what: 'waiting', way: 'new', from: peer, reason: gap },
        { at: 1_000, what: 'pending', way: 'waited', from: null },
        { at: 2_000, what: 'mined', block },
        { at: 3_000, what: 'orphaned', block, reorg: reorg(scene) },
        { at: 3_000, what: 'waiting', way: 'displaced', from: null, reason: null },
        { at: 4_000, what: 'mined', block },
      ];
      return { ...base, status: 'mined', mined: { block: tip, index: 0, transaction: transfer }, causes };
    }
    case PENDING: {
      const standing = { earlier: 1, ahead: 3, bytesAhead: 700, blocks: 0, rate: 1_000n };
      return { ...base, status: 'pending', transaction: transfer, standing, causes: [came] };
    }
    case toHex(WAITING): {
      const waits: Cause = { at: 900, what: 'waiting', way: 'new', from: gone, reason: gap };
      return { ...base, status: 'waiting', transaction: transfer, nextNonce: 3, causes: [waits] };
    }
    case DROPPED: {
      const dropped: Cause = { at: 2_000, what: 'dropped', reason: expired, by: MINED };
      return { ...base, status: 'dropped', left: 2, causes: [came, dropped] };
    }
    case toHex(REFUSED): {
      const refused: Cause = { at: 1_000, what: 'refused', reason: expired, from: { kind: 'user' } };
      return { ...base, status: 'refused', causes: [refused] };
    }
    default:
      return { ...base, status: 'unknown', causes: [] };
  }
}

export function tipStory(scene: Scene): TipStory {
  const { tip } = scene;
  const parent = tip.parent!;
  return {
    tip,
    arrival: { at: 2_000, from: peer },
    rivals: [
      { node: parent, status: 'valid', forkHeight: 0, arrival: null, reason: null },
      {
        node: parent,
        status: 'invalid',
        forkHeight: 0,
        arrival: { at: 1, from: { kind: 'self' } },
        reason: expired,
      },
    ],
    displacement: {
      reorg: reorg(scene),
      count: 4,
      transactions: [
        { id: MINED, status: 'mined', height: 2, reason: null },
        { id: PENDING, status: 'pending', height: null, reason: null },
        { id: toHex(WAITING), status: 'waiting', height: null, reason: null },
        { id: DROPPED, status: 'dropped', height: null, reason: expired },
      ],
    },
    since: 500,
  };
}
