/** Owns the model's state rules: what a block and a transaction do, step by step as the specification says it. */
import type { Params } from '../../../chain/format/params.ts';
import type { Transaction } from '../../../chain/format/transaction.ts';
import { type Hex, hash, hexOf } from './hex.ts';
import {
  planClaim,
  planOwnVeto,
  planRecover,
  planRevoke,
  planRotate,
  planSetRecovery,
  planVeto,
} from './keys.ts';
import { planRecord, planTransfer } from './money.ts';
import { copyState, type ModelAccount, type ModelRecord, type ModelState, newAccount } from './state.ts';
import { authKeyOf, type Context, Refusal, refuseIf, type Step, use } from './step.ts';

export interface ModelBlockInput {
  height: number;
  miner: Hex;
  transactions: readonly Transaction[];
}

export function genesisState(params: Params): ModelState {
  const accounts = params.allocations.map(({ address, amount }): [Hex, ModelAccount] => [
    hexOf(address),
    { ...newAccount(0), balance: BigInt(amount) },
  ]);
  const issued = accounts.reduce((sum, [, account]) => sum + account.balance, 0n);
  return {
    accounts: new Map(accounts),
    records: new Map(),
    rewards: new Map(),
    totals: { issued, burned: 0n, deposited: 0n, unclaimedFees: 0n },
  };
}

/** Initial reward, halved as often as `halvingBlocks` went by; nothing after 53 halvings. */
export function rewardOf(params: Params, height: number): bigint {
  const halvings = BigInt(height - 1) / BigInt(params.reward.halvingBlocks);
  return halvings >= 53n ? 0n : BigInt(params.reward.initial) / 2n ** halvings;
}

/** The state after a block. Throws `Refusal`; the state before it is left as it was. */
export function executeBlock(params: Params, before: ModelState, block: ModelBlockInput): ModelState {
  const state = copyState(before);
  openBlock(params, state, block.height);
  for (const tx of block.transactions) applyTransaction(params, state, block.height, tx);
  closeBlock(params, state, block);
  return state;
}

/** What happens before the first transaction: the reward of `maturity` blocks ago is credited. */
export function openBlock(params: Params, state: ModelState, height: number): void {
  const { maturity } = params.reward;
  if (height <= maturity) return;
  const due = state.rewards.get(height % maturity)!;
  if (due.height !== height - maturity) throw new Error('model: the wrong reward is due');
  const account = state.accounts.get(due.miner) ?? newAccount(height);
  account.balance += due.reward + due.fees;
  state.accounts.set(due.miner, account);
  state.totals.issued += due.reward;
  state.totals.unclaimedFees -= due.fees;
}

function closeBlock(
  params: Params,
  state: ModelState,
  { height, miner, transactions }: ModelBlockInput,
): void {
  const fees = transactions.reduce((sum, tx) => sum + BigInt(tx.fee), 0n);
  state.rewards.set(height % params.reward.maturity, {
    height,
    miner,
    reward: rewardOf(params, height),
    fees,
  });
  state.totals.unclaimedFees += fees;
}

/** Changes `state`; when it throws `Refusal` the state may be half changed, so callers that go on pass a copy. */
export function applyTransaction(params: Params, state: ModelState, height: number, tx: Transaction): void {
  refuseIf(tx.validUntil < height, 'EXPIRED');
  refuseIf(BigInt(tx.fee) < BigInt(params.prices.feePerByte) * BigInt(tx.bytes.length), 'FEE_TOO_LOW');
  const from = hexOf(tx.sender);
  const sender = use(state, from, height);
  if (sender === undefined) throw new Refusal('NO_ACCOUNT');
  const authKey = authKeyOf(tx.scheme, tx.publicKey);
  refuseIf(sender.authKey === null ? authKey.slice(0, 40) !== from : authKey !== sender.authKey, 'WRONG_KEY');
  refuseIf(sender.locked, 'LOCKED');
  refuseIf(tx.nonce < sender.nonce, 'NONCE_USED');
  refuseIf(tx.nonce > sender.nonce, 'NONCE_GAP');
  const step = planOf({ params, state, height, tx, from, sender, authKey });
  const cost = BigInt(tx.fee) + step.cost;
  refuseIf(cost > sender.balance, 'OVERSPEND');
  sender.authKey = authKey;
  sender.nonce += 1;
  sender.balance -= cost;
  step.run();
  const id = hash('txi', hexOf(tx.bytes));
  for (const address of new Set([from, ...step.touched])) touch(state.accounts.get(address)!, id);
  if (step.record !== undefined) touch(state.records.get(step.record)!, id);
}

function touch(entry: ModelAccount | ModelRecord, id: Hex): void {
  entry.history = hash('his', entry.history, id);
  entry.historyCount += 1;
}

function planOf(context: Context): Step {
  const { tx, from } = context;
  switch (tx.body.TAG) {
    case 'transfer':
      return planTransfer(context, tx.body.data.outputs);
    case 'put':
    case 'give':
    case 'drop':
      return planRecord(context);
    case 'rotate':
      return planRotate(context, tx.body.data);
    case 'setRecovery':
      return planSetRecovery(context, tx.body.data.recovery);
    case 'recover':
      return planRecover(context, hexOf(tx.body.data.target), tx.body.data);
    case 'veto':
      return hexOf(tx.body.data.target) === from
        ? planOwnVeto(context)
        : planVeto(context, hexOf(tx.body.data.target));
    case 'claim':
      return planClaim(context, hexOf(tx.body.data.target));
    case 'revoke':
      return planRevoke(context);
  }
}
