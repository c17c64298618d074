/**
 * Owns the laws that hold on every node of a world at any moment in which nothing is under way on it. Each throws an
 * error that says what was found.
 */
import { toHex } from '../chain/format/bytes.ts';
import { ZERO_HASH } from '../chain/format/hash.ts';
import type { Transaction } from '../chain/format/transaction.ts';
import { memoryOf } from '../chain/format/transaction-memory.ts';
import type { Ledger } from '../chain/ledger/ledger.ts';
import type { MemoryStore } from '../chain/ledger/memory-store.ts';
import { DERIVED_PREFIXES, endOf, META, stateRow, transactionRow } from '../chain/ledger/store-keys.ts';
import type { Mempool } from '../chain/pool/mempool.ts';
import { decodeEntry, TOTALS, valueHash } from '../chain/state/entries.ts';
import { accessList, tryTransaction } from '../chain/state/execute.ts';
import { PageCache } from '../chain/state/page-cache.ts';
import { StateTree } from '../chain/state/tree.ts';
import { WorkingState } from '../chain/state/working-state.ts';
import { AuditError } from './audit-error.ts';

const STATE_ROWS = stateRow(new Uint8Array(0));
const ROWS_MAX = 1_000_000;

function hold(condition: boolean, law: string): void {
  if (!condition) throw new AuditError(law);
}

/** The mempool alone: what waits can be mined on the tip, each sender's in order, and none of it has been. */
export async function auditPool(ledger: Ledger, pool: Mempool, content: MemoryStore): Promise<void> {
  const height = ledger.tip.height + 1;
  let bytes = 0;
  let memory = 0;
  let size = 0;
  for (const sender of pool.senders()) {
    const queue = pool.queueOf(sender).map(({ transaction }) => transaction);
    const refs = [TOTALS, ...accessList(queue)];
    const values = await content.getMany(refs.map(({ key }) => stateRow(key)));
    const state = new WorkingState();
    state.load(
      refs,
      values.map((bytes) => bytes ?? null),
    );
    for (const transaction of queue) {
      hold(pool.has(transaction.key), 'a queued transaction is in the pool');
      bytes += transaction.bytes.length;
      memory += memoryOf(transaction);
      size++;
      try {
        tryTransaction({ params: ledger.params, height, state }, transaction);
      } catch (error) {
        throw new AuditError(`a pooled transaction can't be mined: ${nameOf(transaction)}: ${String(error)}`);
      }
    }
  }
  const counted = bytes === pool.bytes && memory === pool.memory && size === pool.size;
  hold(counted, 'the pool counts what it holds');
  const waiting = [...pool.values()];
  const mined = await content.getMany(waiting.map(({ id }) => transactionRow(id)));
  const twice = mined.findIndex((row) => row !== undefined);
  hold(twice === -1, `the pool holds what is mined: ${twice === -1 ? '' : nameOf(waiting[twice]!)}`);
}

/** The state in the store: it adds up, and it is what the tip's header commits to. */
export async function auditState(ledger: Ledger, content: MemoryStore): Promise<void> {
  const [tip] = await content.getMany([META.tip]);
  hold(tip !== undefined && toHex(tip) === ledger.tip.key, 'the stored tip is the one followed');
  const rows = await content.iterate({ from: STATE_ROWS, to: endOf(STATE_ROWS), limit: ROWS_MAX });
  const { depositPerEntry, depositPerByte } = ledger.params.prices;
  let owned = 0;
  let deposits = 0;
  let recordDeposits = 0;
  let pendingFees = 0;
  let totals = { issued: 0, burned: 0, deposited: 0, unclaimedFees: 0 };
  for (const [, bytes] of rows) {
    const entry = decodeEntry(bytes);
    if (entry.TAG === 'account') {
      owned += entry.data.balance;
      deposits += entry.data.deposits;
      hold(entry.data.nonce <= entry.data.historyCount, 'an account was touched by all it sent');
    } else if (entry.TAG === 'record') {
      recordDeposits += entry.data.deposit;
      const price = depositPerEntry + bytes.length * depositPerByte;
      hold(entry.data.deposit === price, 'a deposit is the price of the bytes that are kept');
    } else if (entry.TAG === 'pending') {
      if (entry.data.height + ledger.params.reward.maturity > ledger.tip.height)
        pendingFees += entry.data.fees;
    } else totals = entry.data;
  }
  const { issued, burned, deposited, unclaimedFees } = totals;
  hold(owned + deposited + unclaimedFees === issued - burned, 'no coin is made or lost');
  hold(deposits === deposited && recordDeposits === deposited, 'deposits are those of the records');
  hold(pendingFees === unclaimedFees, 'unclaimed fees are those of the blocks that have not matured');
  const root = await rootOf(rows.map(([key, bytes]) => [key.subarray(STATE_ROWS.length), bytes]));
  hold(
    toHex(root) === toHex(ledger.tip.header.stateRoot),
    "the state is the one the tip's header commits to",
  );
}

/** All that follows from the active chain: byte for byte the same on every node with the same tip. */
export async function sharedRows(content: MemoryStore): Promise<string[]> {
  const rows: string[] = [];
  for (const prefix of DERIVED_PREFIXES) {
    const found = await content.iterate({ from: prefix, to: endOf(prefix), limit: ROWS_MAX });
    for (const [key, value] of found) rows.push(`${toHex(key)} ${toHex(value)}`);
  }
  return rows;
}

/** The root that entries have from nothing. */
async function rootOf(entries: readonly (readonly [Uint8Array, Uint8Array])[]): Promise<Uint8Array> {
  const empty = { getMany: async (keys: readonly Uint8Array[]) => keys.map(() => undefined) };
  const tree = new StateTree(empty, new PageCache(0), ZERO_HASH);
  await tree.prepare(entries.map(([key]) => key));
  const update = tree.update(entries.map(([key, bytes]) => [key, valueHash(bytes)]));
  while (update.next().done !== true);
  return tree.root;
}

function nameOf(tx: Transaction): string {
  return `${tx.body.TAG} ${tx.key.slice(0, 8)} of ${toHex(tx.sender).slice(0, 8)} nonce ${tx.nonce}`;
}
