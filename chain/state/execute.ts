/**
 * Owns the state transition: what a block does to accounts, records, totals and pending rewards (stage *execution*).
 * Pure: it reads and changes a `WorkingState` that holds all the block can touch, and it can be paused between slices.
 */
import { RuleError } from '../errors.ts';
import { authKeyOf } from '../format/address.ts';
import { equalBytes } from '../format/bytes.ts';
import type { Params } from '../format/params.ts';
import { type Kind, recordId, type Transaction } from '../format/transaction.ts';
import { eachWeighed } from '../slices.ts';
import { type ExecutionContext, type KindRule, recoveryAt } from './effect.ts';
import {
  type Account,
  accountRef,
  type EntryRef,
  pendingName,
  pendingRef,
  recordName,
  recordRefNamed,
  TOTALS,
} from './entries.ts';
import { claim, recover, revoke, rotate, setRecovery, veto } from './key-rules.ts';
import { drop, give, put } from './records.ts';
import { transfer } from './transfer.ts';
import type { AccountPlace, WorkingState } from './working-state.ts';

const RULES: Record<Kind, KindRule> = {
  transfer,
  put,
  give,
  drop,
  rotate,
  setRecovery,
  recover,
  veto,
  claim,
  revoke,
};

/** Entries touched between two pauses: about 2 ms of work. */
const ENTRIES_PER_SLICE = 250;

/** Planks that the block at `height` brings into being. */
export function rewardAt(params: Params, height: number): number {
  const halvings = Math.floor((height - 1) / params.reward.halvingBlocks);
  return halvings >= 53 ? 0 : Math.floor(params.reward.initial / 2 ** halvings);
}

/** The accounts a transaction may read or change, sender first. */
export function accountsOf(tx: Transaction): Uint8Array[] {
  const { body } = tx;
  switch (body.TAG) {
    case 'transfer': {
      const accounts = [tx.sender];
      for (const { to } of body.data.outputs) accounts.push(to);
      return accounts;
    }
    case 'give':
      return [tx.sender, body.data.to];
    case 'recover':
    case 'veto':
    case 'claim':
      return [tx.sender, body.data.target];
    default:
      return [tx.sender];
  }
}

/** Entries that a transaction touches, give or take one: what its execution costs. */
export function weightOf({ body }: Transaction): number {
  return body.TAG === 'transfer' ? 1 + body.data.outputs.length : 2;
}

/** Id of the record a transaction may read or change. */
export function recordOf(tx: Transaction): Uint8Array | null {
  const { body } = tx;
  if (body.TAG === 'put') return recordId(body.data.creator, body.data.name);
  return body.TAG === 'give' || body.TAG === 'drop' ? body.data.record : null;
}

/** Everything the transactions may read or change, each entry once. It is known from their bytes alone. */
export function accessList(transactions: Iterable<Transaction>): EntryRef[] {
  const refs = new Map<string, EntryRef>();
  addAccess(refs, transactions);
  return [...refs.values()];
}

/** Adds to entries by name what is neither there nor known already. */
export function addAccess(
  refs: Map<string, EntryRef>,
  transactions: Iterable<Transaction>,
  known: { has(name: string): boolean } = refs,
): void {
  for (const tx of transactions) {
    for (const address of accountsOf(tx)) {
      const ref = accountRef(address);
      if (!known.has(ref.name) && !refs.has(ref.name)) refs.set(ref.name, ref);
    }
    const record = recordOf(tx);
    if (record === null) continue;
    const name = recordName(record);
    if (!known.has(name) && !refs.has(name)) refs.set(name, recordRefNamed(name, record));
  }
}

/** What every block touches besides its transactions' entries, given who earned the reward that matures in it. */
export function blockEntries(params: Params, height: number, maturing: Uint8Array | null): EntryRef[] {
  const refs = [TOTALS, pendingRef(height, params.reward.maturity)];
  return maturing === null ? refs : [...refs, accountRef(maturing)];
}

/** Credits the reward that matures at this height. First thing in a block. */
export function creditMatured({ params, height, state }: ExecutionContext): void {
  const pending = state.pending(pendingName(height, params.reward.maturity));
  if (pending === null) return;
  state.changeAccount(pending.miner, height).balance += pending.reward + pending.fees;
  const totals = state.totals();
  totals.issued += pending.reward;
  totals.unclaimedFees -= pending.fees;
}

/** Keeps what this block earned until it matures. Last thing in a block. */
export function keepReward(
  { params, height, state }: ExecutionContext,
  miner: Uint8Array,
  fees: number,
): void {
  const reward = rewardAt(params, height);
  state.setPending(pendingName(height, params.reward.maturity), { height, miner, reward, fees });
  state.totals().unclaimedFees += fees;
}

/**
 * Executes a whole block. Yields between slices; throws the `RuleError` of the first transaction that breaks a rule,
 * after which the working state is worth nothing.
 */
export function* executeBlock(
  context: ExecutionContext,
  miner: Uint8Array,
  transactions: readonly Transaction[],
): Generator<void, void> {
  creditMatured(context);
  let fees = 0;
  const execute = (tx: Transaction, index: number): void => {
    executeTransaction(context, tx, index);
    fees += tx.fee;
  };
  yield* eachWeighed(transactions, weightOf, execute, ENTRIES_PER_SLICE);
  keepReward(context, miner, fees);
}

/**
 * Executes the transaction at `index` of a block: either all of it, or it throws a `RuleError` and has changed nothing.
 * Returns what it took from its sender, in planks, fee included.
 */
export function executeTransaction(context: ExecutionContext, tx: Transaction, index: number): number {
  const { cost, places, record } = carryOut(context, tx);
  for (const place of places) context.state.touchAccount(place, tx.id, index);
  if (record !== null) context.state.touchRecord(record, tx.id, index);
  return cost;
}

/**
 * The same without the chains of touches, which decide nothing and are most of the hashing: to find out whether
 * transactions can be executed and what they cost. Such a state can't be stored.
 */
export function tryTransaction(context: ExecutionContext, tx: Transaction): number {
  return carryOut(context, tx).cost;
}

/** What a transaction did: planks it took from its sender, and what it touched. */
interface Deed {
  readonly cost: number;
  /** Of accounts, each once. */
  readonly places: readonly AccountPlace[];
  /** Id of a record. */
  readonly record: Uint8Array | null;
}

function carryOut(context: ExecutionContext, tx: Transaction): Deed {
  const { state, height } = context;
  const place = state.placeOf(tx.sender);
  const known = checkSender(context, tx, place.account());
  const effect = RULES[tx.body.TAG](tx, known, context);
  if (effect.cost > known.balance) {
    throw new RuleError('OVERSPEND', `it costs ${effect.cost} planks, the account has ${known.balance}`);
  }
  const sender = place.changeAccount(height);
  const places = effect.touched.includes(place) ? effect.touched : [place, ...effect.touched];
  for (const touched of places) settle(touched.changeAccount(height), height);
  sender.authKey ??= authKeyOf(tx.scheme, tx.publicKey);
  sender.nonce += 1;
  sender.balance -= effect.cost;
  if (effect.burned > 0) state.totals().burned += effect.burned;
  effect.apply(sender);
  return { cost: effect.cost, places, record: effect.record };
}

/** Checks all that holds for every kind: expiry, fee, and that the sender's current key signs its next nonce. */
function checkSender({ params, height }: ExecutionContext, tx: Transaction, sender: Account | null): Account {
  if (tx.validUntil < height)
    throw new RuleError('EXPIRED', `valid until ${tx.validUntil}, height ${height}`);
  checkFee(params, tx);
  if (sender === null) throw new RuleError('NO_ACCOUNT');
  checkAuthority(sender, tx);
  if (tx.nonce < sender.nonce)
    throw new RuleError('NONCE_USED', `found ${tx.nonce}, next is ${sender.nonce}`);
  if (tx.nonce > sender.nonce) throw new RuleError('NONCE_GAP', `found ${tx.nonce}, next is ${sender.nonce}`);
  return sender;
}

export function checkFee(params: Params, tx: Transaction): void {
  const { feePerByte } = params.prices;
  const { length } = tx.bytes;
  // A product that a number doesn't hold is rounded, but stays above every fee.
  if (tx.fee >= feePerByte * length) return;
  throw new RuleError('FEE_TOO_LOW', `${tx.fee} of ${BigInt(feePerByte) * BigInt(length)} planks`);
}

/** Checks that the key is the one that may sign for the account, and that the account may send. */
export function checkAuthority(sender: Account, tx: Transaction): void {
  const key = authKeyOf(tx.scheme, tx.publicKey);
  const held = sender.authKey;
  const holds = held === null ? equalBytes(key.subarray(0, 20), tx.sender) : equalBytes(key, held);
  if (!holds) throw new RuleError('WRONG_KEY');
  if (sender.locked) throw new RuleError('LOCKED');
}

/** Writes down a change of the recovery account whose time has come. */
function settle(account: Account, height: number): void {
  if (account.pendingChange === null) return;
  const { recovery, pendingChange } = recoveryAt(account, height);
  account.recovery = recovery;
  account.pendingChange = pendingChange;
}

/** The accounts a genesis funds, and the totals. */
export function applyGenesis(state: WorkingState, params: Params): void {
  for (const { address, amount } of params.allocations) {
    state.changeAccount(address, 0).balance += amount;
    state.totals().issued += amount;
  }
  state.totals();
}
