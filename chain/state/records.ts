/**
 * Owns the rules of records: `put`, `give`, `drop`. A record locks a deposit for the bytes it takes in the state; the
 * deposit goes with the record, and what a tombstone doesn't need returns to the owner.
 */
import { RuleError } from '../errors.ts';
import { equalBytes } from '../format/bytes.ts';
import { ZERO_HASH } from '../format/hash.ts';
import type { Params } from '../format/params.ts';
import { type Put, recordId, type Transaction } from '../format/transaction.ts';
import { type Effect, type ExecutionContext, type KindRule, sum } from './effect.ts';
import { type Account, encodeEntry, type LedgerRecord } from './entries.ts';

const NOTHING = new Uint8Array(0);

/** Planks locked for a record: a part per entry, and one per byte of its stored value. */
export function depositOf(params: Params, record: LedgerRecord): number {
  const bytes = encodeEntry({ TAG: 'record', data: record }).length;
  return sum(params.prices.depositPerEntry, bytes * params.prices.depositPerByte);
}

function withDeposit(params: Params, record: LedgerRecord): LedgerRecord {
  return { ...record, deposit: depositOf(params, record) };
}

export const put: KindRule = (tx, sender, context) => {
  if (tx.body.TAG !== 'put') throw new TypeError('not a put');
  const data: Put = tx.body.data;
  const id = recordId(data.creator, data.name);
  const old = context.state.record(id);
  if (!equalBytes(old === null ? data.creator : old.owner, tx.sender)) throw new RuleError('NOT_OWNER');
  const next = withDeposit(context.params, {
    owner: tx.sender,
    creator: data.creator,
    name: data.name,
    root: data.root,
    size: data.size,
    mediaType: data.mediaType,
    inline: data.inline,
    revision: (old?.revision ?? 0) + 1,
    dropped: false,
    deposit: 0,
    history: old?.history ?? ZERO_HASH,
    historyCount: old?.historyCount ?? 0,
  });
  return replaceRecord(tx, sender, context, id, next, old?.deposit ?? 0);
};

export const drop: KindRule = (tx, sender, context) => {
  if (tx.body.TAG !== 'drop') throw new TypeError('not a drop');
  const id = tx.body.data.record;
  const old = ownedRecord(tx, context, id);
  const next = withDeposit(context.params, {
    ...old,
    root: ZERO_HASH,
    size: 0,
    mediaType: NOTHING,
    inline: null,
    dropped: true,
  });
  return replaceRecord(tx, sender, context, id, next, old.deposit);
};

/** A new value of the sender's record: the sender locks what it needs more, and gets back what it needs less. */
function replaceRecord(
  tx: Transaction,
  _sender: Account,
  { state }: ExecutionContext,
  id: Uint8Array,
  next: LedgerRecord,
  oldDeposit: number,
): Effect {
  const delta = next.deposit - oldDeposit;
  return {
    cost: sum(tx.fee, Math.max(0, delta)),
    burned: 0,
    touched: [],
    record: id,
    apply(sender) {
      sender.balance += Math.max(0, -delta);
      sender.deposits += delta;
      state.totals().deposited += delta;
      state.setRecord(id, next);
    },
  };
}

export const give: KindRule = (tx, _sender, context) => {
  if (tx.body.TAG !== 'give') throw new TypeError('not a give');
  const { params, height, state } = context;
  const { record: id, to } = tx.body.data;
  const old = ownedRecord(tx, context, id);
  const heir = state.placeOf(to);
  const burned = heir.account() === null ? params.prices.accountSurcharge : 0;
  return {
    cost: sum(tx.fee, burned),
    burned,
    touched: [heir],
    record: id,
    apply(sender) {
      sender.deposits -= old.deposit;
      heir.changeAccount(height).deposits += old.deposit;
      state.setRecord(id, { ...old, owner: to });
    },
  };
};

function ownedRecord(tx: Transaction, { state }: ExecutionContext, id: Uint8Array): LedgerRecord {
  const record = state.record(id);
  if (record === null) throw new RuleError('NO_RECORD');
  if (!equalBytes(record.owner, tx.sender)) throw new RuleError('NOT_OWNER');
  if (record.dropped) throw new RuleError('RECORD_DROPPED');
  return record;
}
