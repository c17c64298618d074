/** Owns the answers to "why": the causes that a reactor remembers, joined with how things stand now. */
import type { HeaderNode } from '../chain/consensus/header-tree.ts';
import { fromHex, toHex } from '../chain/format/bytes.ts';
import type { Transaction } from '../chain/format/transaction.ts';
import { getMined, getMinedHeights } from '../chain/ledger/mined.ts';
import { getAccounts } from '../chain/ledger/queries.ts';
import type { Answer } from '../chain/ledger/tip-view.ts';
import { branchesOf } from './branches.ts';
import type { CauseLog } from './reactor/cause-log.ts';
import { blockName, type Cause, type Displacement, reasonOf } from './reactor/causes.ts';
import type { Reactor } from './reactor/reactor.ts';
import { standingOf } from './reactor/standing.ts';
import type { Displaced, TipStory, TransactionStory } from './rpc/view.ts';

/** Branches that are told of beside the tip's: those with the most work. */
const RIVALS_MAX = 5;
/** Transactions of the last reorganisation whose fate is told. */
const DISPLACED_MAX = 100;

/** Looks again if a block came between asking the chain and asking the mempool. */
const LOOKS = 4;

/** What became of a transaction, and why. */
export async function whyTransaction(reactor: Reactor, id: Uint8Array): Promise<Answer<TransactionStory>> {
  const { ledger, causes } = reactor;
  const key = toHex(id);
  for (let look = 1; ; look++) {
    const { tip, value: mined } = await getMined(ledger, id);
    if (mined === null && ledger.tip !== tip && look < LOOKS) continue;
    const { causes: told = [], left = 0 } = causes.storyOf(id) ?? {};
    const base = { transaction: null, mined, standing: null, nextNonce: null, left, since: causes.since };
    if (mined !== null)
      return { tip, value: { ...base, status: 'mined', causes: endingIn(mined.block, told, causes) } };
    return { tip, value: { ...base, causes: told, ...(await unminedStory(reactor, key, told)) } };
  }
}

/** A story whose last step is the block it is in: that came with the transaction, or after the log ended. */
function endingIn(node: HeaderNode, told: readonly Cause[], log: CauseLog): readonly Cause[] {
  const last = told.at(-1);
  if (last?.what === 'mined' && last.block.id === node.key) return told;
  const at = log.arrivalOf(node.key)?.at ?? node.header.time;
  return [...told, { at, what: 'mined', block: blockName(node) }];
}

async function unminedStory(
  reactor: Reactor,
  key: string,
  told: readonly Cause[],
): Promise<Pick<TransactionStory, 'status'> & Partial<TransactionStory>> {
  const { ledger, pool, admissions } = reactor;
  const pending = pool.get(key);
  if (pending !== undefined) {
    const standing = standingOf(pool, ledger.params, pending);
    return { status: 'pending', transaction: pending, standing };
  }
  const held = admissions.held(key);
  if (held !== undefined) {
    return { status: 'waiting', transaction: held, nextNonce: await nextNonceOf(reactor, held) };
  }
  const last = told.at(-1);
  if (last === undefined) return { status: 'unknown' };
  return { status: last.what === 'refused' ? 'refused' : 'dropped' };
}

/** Why the tip is the tip. */
export async function whyTip(reactor: Reactor): Promise<TipStory> {
  const { ledger, causes } = reactor;
  const { tip } = ledger;
  const rivals = branchesOf(ledger)
    .filter(({ node }) => node !== tip)
    .sort((a, b) => (a.node.work === b.node.work ? 0 : a.node.work > b.node.work ? -1 : 1))
    .slice(0, RIVALS_MAX)
    .map((branch) => ({
      ...branch,
      arrival: causes.arrivalOf(branch.node.key) ?? null,
      reason: rejectionOn(reactor, branch.node),
    }));
  const arrival = causes.arrivalOf(tip.key) ?? null;
  const displacement = await describeDisplacement(reactor);
  return { tip, arrival, rivals, displacement, since: causes.since };
}

async function describeDisplacement(reactor: Reactor): Promise<TipStory['displacement']> {
  const { displacement } = reactor.causes;
  if (displacement === null) return null;
  const { reorg, count } = displacement;
  return { reorg, count, transactions: await fatesOf(reactor, displacement) };
}

/** Why a branch is invalid, if it is remembered: the fault is in one of its blocks. */
function rejectionOn(reactor: Reactor, end: HeaderNode): TipStory['rivals'][number]['reason'] {
  for (let node: HeaderNode | null = end; node?.invalid; node = node.parent) {
    const reason = reactor.causes.rejectionOf(node.key);
    if (reason !== undefined) return reason;
  }
  return null;
}

async function fatesOf(reactor: Reactor, { transactions }: Displacement): Promise<Displaced[]> {
  const { ledger, pool, admissions } = reactor;
  const ids = transactions.slice(0, DISPLACED_MAX);
  const heights = await getMinedHeights(
    ledger,
    ids.map((id) => fromHex(id)),
  );
  return ids.map((id, i): Displaced => {
    const height = heights[i] ?? null;
    if (height !== null) return { id, status: 'mined', height, reason: null };
    const fate = { id, height: null, reason: null };
    if (pool.has(id)) return { ...fate, status: 'pending' };
    if (admissions.held(id) !== undefined) return { ...fate, status: 'waiting' };
    const error = pool.droppedBecause(id);
    return { ...fate, status: 'dropped', reason: error === undefined ? null : reasonOf(error) };
  });
}

/** The nonce that its sender's next transaction must have. */
async function nextNonceOf({ ledger, pool }: Reactor, { sender }: Transaction): Promise<number> {
  const { value } = await getAccounts(ledger, [sender]);
  return (value[0]?.nonce ?? 0) + pool.queueOf(sender).length;
}
