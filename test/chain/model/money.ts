/** Owns the model's rules for what moves money: transfers and records. */
import type { Params } from '../../../chain/format/params.ts';
import type { Output, Put } from '../../../chain/format/transaction.ts';
import { type Hex, hexOf, ZEROS } from './hex.ts';
import { encodeRecord, type ModelAccount, type ModelRecord, newAccount } from './state.ts';
import { type Context, Refusal, recordIdOf, refuseIf, type Step, use } from './step.ts';

/** Makes the account if there is none; who makes it burns the surcharge, which is in the plan's cost already. */
function receive({ params, state, height }: Context, address: Hex): ModelAccount {
  const known = use(state, address, height);
  if (known !== undefined) return known;
  const account = newAccount(height);
  state.accounts.set(address, account);
  state.totals.burned += BigInt(params.prices.accountSurcharge);
  return account;
}

export function planTransfer(context: Context, outputs: readonly Output[]): Step {
  const { params, state } = context;
  const recipients = new Set(outputs.map(({ to }) => hexOf(to)));
  const created = [...recipients].filter((address) => !state.accounts.has(address));
  const sum = outputs.reduce((total, { amount }) => total + BigInt(amount), 0n);
  return {
    cost: sum + BigInt(params.prices.accountSurcharge) * BigInt(created.length),
    touched: [...recipients],
    run() {
      for (const { to, amount } of outputs) receive(context, hexOf(to)).balance += BigInt(amount);
    },
  };
}

function depositOf(params: Params, record: ModelRecord): bigint {
  const bytes = encodeRecord(record).length / 2;
  return BigInt(params.prices.depositPerEntry) + BigInt(params.prices.depositPerByte) * BigInt(bytes);
}

export function planRecord(context: Context): Step {
  const { body } = context.tx;
  if (body.TAG === 'put') return planPut(context, body.data);
  if (body.TAG !== 'give' && body.TAG !== 'drop') throw new Error('model: not a record');
  const { params, state, height, from, sender } = context;
  const id = hexOf(body.data.record);
  const record = state.records.get(id);
  if (record === undefined) throw new Refusal('NO_RECORD');
  refuseIf(record.owner !== from, 'NOT_OWNER');
  refuseIf(record.dropped, 'RECORD_DROPPED');
  if (body.TAG === 'give') {
    const to = hexOf(body.data.to);
    return {
      cost: use(state, to, height) === undefined ? BigInt(params.prices.accountSurcharge) : 0n,
      touched: [to],
      record: id,
      run() {
        const recipient = receive(context, to);
        record.owner = to;
        sender.deposits -= record.deposit;
        recipient.deposits += record.deposit;
      },
    };
  }
  return {
    cost: 0n,
    touched: [],
    record: id,
    run() {
      const tombstone = { ...record, dropped: true, root: ZEROS, size: 0, mediaType: '', inline: null };
      tombstone.deposit = depositOf(params, tombstone);
      moveDeposit(context, record.deposit, tombstone.deposit);
      state.records.set(id, tombstone);
    },
  };
}

/** Counts a record's new deposit; what it is smaller by goes back to the sender. */
function moveDeposit({ state, sender }: Context, before: bigint, after: bigint): void {
  if (after < before) sender.balance += before - after;
  sender.deposits += after - before;
  state.totals.deposited += after - before;
}

function planPut(context: Context, data: Put): Step {
  const { params, state, from } = context;
  const creator = hexOf(data.creator);
  const name = hexOf(data.name);
  const id = recordIdOf(creator, name);
  const old = state.records.get(id);
  refuseIf((old === undefined ? creator : old.owner) !== from, 'NOT_OWNER');
  const record: ModelRecord = {
    owner: from,
    creator,
    name,
    root: hexOf(data.root),
    size: data.size,
    mediaType: hexOf(data.mediaType),
    inline: data.inline === null ? null : hexOf(data.inline),
    revision: (old?.revision ?? 0) + 1,
    dropped: false,
    deposit: 0n,
    history: old?.history ?? ZEROS,
    historyCount: old?.historyCount ?? 0,
  };
  record.deposit = depositOf(params, record);
  const before = old?.deposit ?? 0n;
  return {
    cost: record.deposit > before ? record.deposit - before : 0n,
    touched: [],
    record: id,
    run() {
      moveDeposit(context, before, record.deposit);
      state.records.set(id, record);
    },
  };
}
