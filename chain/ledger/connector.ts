/**
 * Owns the step from one state to the next: connecting a block at the end of the working chain, and disconnecting it.
 * Works on the overlay and the tree; nothing reaches the store until the engine commits.
 */

import type { HeaderNode, HeaderTree } from '../consensus/header-tree.ts';
import { CorruptStoreError, RuleError } from '../errors.ts';
import { encodeBody } from '../format/block.ts';
import { equalBytes, toHex } from '../format/bytes.ts';
import { encodeHeader } from '../format/header.ts';
import type { Params } from '../format/params.ts';
import type { Transaction } from '../format/transaction.ts';
import { describeName, type EntryRef, recordRef, valueHash } from '../state/entries.ts';
import { accountsOf, addAccess, blockEntries, executeBlock, recordOf } from '../state/execute.ts';
import type { StateTree } from '../state/tree.ts';
import { type Change, WorkingState } from '../state/working-state.ts';
import type { Overlay } from './overlay.ts';
import { ownerMoves } from './owned-records.ts';
import type { RowReader } from './ports.ts';
import {
  bodyRow,
  headerRow,
  placeBytes,
  recordTouchRow,
  touchRow,
  transactionRow,
  undoRow,
} from './store-keys.ts';
import { decodeUndo, encodeUndo } from './undo.ts';

/** Lets other work run; awaited between slices of a long computation. */
export type Pause = () => Promise<void>;

export async function runSliced<T>(work: Generator<void, T>, pause: Pause): Promise<T> {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
    await pause();
  }
}

export class Connector {
  readonly #params: Params;
  readonly #headers: HeaderTree;
  readonly #store: RowReader;
  readonly #overlay: Overlay;
  readonly #tree: StateTree;
  readonly #pause: Pause;

  constructor(parts: {
    params: Params;
    headers: HeaderTree;
    store: RowReader;
    overlay: Overlay;
    tree: StateTree;
    pause: Pause;
  }) {
    this.#params = parts.params;
    this.#headers = parts.headers;
    this.#store = parts.store;
    this.#overlay = parts.overlay;
    this.#tree = parts.tree;
    this.#pause = parts.pause;
  }

  /**
   * Connects a block whose signatures have been checked on top of the working state. Throws the `RuleError` of the
   * first broken rule and has then changed nothing.
   */
  async connect(node: HeaderNode, transactions: readonly Transaction[]): Promise<void> {
    const state = await this.loadState(node.height, node.parent!, transactions);
    const context = { params: this.#params, height: node.height, state };
    await runSliced(executeBlock(context, node.header.miner, transactions), this.#pause);
    const changes = state.changes();
    const savepoint = this.#tree.savepoint();
    const root = await this.updateTree(changes);
    if (!equalBytes(root, node.header.stateRoot)) {
      this.#tree.rollback(savepoint);
      throw new RuleError('BAD_STATE_ROOT');
    }
    this.#tree.forget(savepoint);
    this.#overlay.change(changes);
    for (const [row, value] of ownerMoves(changes)) this.#overlay.put(row, value);
    this.#overlay.put(undoRow(node.id), encodeUndo(changes));
    this.#overlay.put(headerRow(node.id), encodeHeader(node.header));
    this.#overlay.put(bodyRow(node.id), encodeBody(transactions));
    transactions.forEach((tx, index) => {
      this.#overlay.put(transactionRow(tx.id), placeBytes(node.height, index));
      for (const row of touchRowsOf(tx, node.height, index)) this.#overlay.put(row, tx.id);
    });
  }

  /** Takes the last block of the working chain back. */
  async disconnect(node: HeaderNode, transactions: readonly Transaction[]): Promise<void> {
    const [undo] = await this.#store.getMany([undoRow(node.id)]);
    if (undo === undefined) throw new CorruptStoreError(`the undo of block ${node.key} is missing`);
    const changes = decodeUndo(undo);
    await this.#tree.prepare(changes.map(({ key }) => key));
    const records = await this.#recordChanges(changes, transactions);
    const root = await this.updateTree(changes);
    if (!equalBytes(root, node.parent!.header.stateRoot)) {
      throw new CorruptStoreError(`undoing block ${node.key} doesn't give its parent's state`);
    }
    for (const [row, value] of ownerMoves(records)) this.#overlay.put(row, value);
    this.#overlay.change(changes);
    this.#overlay.put(undoRow(node.id), null);
    transactions.forEach((tx, index) => {
      this.#overlay.put(transactionRow(tx.id), null);
      for (const row of touchRowsOf(tx, node.height, index)) this.#overlay.put(row, null);
    });
  }

  /** Of changes that are about to be made, those of records, with what each record is now by store and tree. */
  async #recordChanges(changes: readonly Change[], transactions: readonly Transaction[]): Promise<Change[]> {
    const records = new Set(
      transactions.map(recordOf).flatMap((id) => (id === null ? [] : toHex(recordRef(id).key))),
    );
    const changed = changes.filter(({ key }) => records.has(toHex(key)));
    const present = await this.#overlay.entries(changed.map(({ key }) => key));
    changed.forEach(({ key }, i) => {
      checkEntry(this.#tree, key, present[i]!, 'record');
    });
    return changed.map((change, i) => ({ ...change, before: present[i]! }));
  }

  /**
   * The entries that a child of `parent` with these transactions can touch, each checked against the state tree: the
   * store can lose or damage an entry, never make us believe it.
   */
  async loadState(
    height: number,
    parent: HeaderNode,
    transactions: Iterable<Transaction>,
  ): Promise<WorkingState> {
    const { maturity } = this.#params.reward;
    const maturing =
      height > maturity ? this.#headers.ancestor(parent, height - maturity).header.miner : null;
    const refs = new Map<string, EntryRef>();
    for (const ref of blockEntries(this.#params, height, maturing)) refs.set(ref.name, ref);
    addAccess(refs, transactions);
    const list = [...refs.values()];
    const keys = list.map(({ key }) => key);
    const values = await this.#overlay.entries(keys);
    await this.#tree.prepare(keys);
    list.forEach(({ key, name }, i) => {
      checkEntry(this.#tree, key, values[i]!, name);
    });
    const state = new WorkingState();
    state.load(list, values);
    return state;
  }

  /** Applies changes to the tree, whose keys are prepared. Returns its new root. */
  updateTree(changes: readonly Change[]): Promise<Uint8Array> {
    const hashes = changes.map(({ key, after }) => [key, after === null ? null : valueHash(after)] as const);
    return runSliced(this.#tree.update(hashes), this.#pause);
  }
}

/** Throws `CorruptStoreError` unless the tree holds exactly this value (or none) at the prepared key. */
export function checkEntry(tree: StateTree, key: Uint8Array, value: Uint8Array | null, name: string): void {
  const same = tree.holds(key, value === null ? null : valueHash(value));
  if (!same)
    throw new CorruptStoreError(`the stored ${describeName(name)} isn't what the state tree commits to`);
}

/** Rows of the history index for a transaction: one for each account it touches, and for its record. */
function touchRowsOf(tx: Transaction, height: number, index: number): Uint8Array[] {
  const rows: Uint8Array[] = [];
  const addresses = accountsOf(tx);
  addresses.forEach((address, i) => {
    if (!isAmong(addresses, i, address)) rows.push(touchRow(address, height, index));
  });
  const record = recordOf(tx);
  if (record !== null) rows.push(recordTouchRow(record, height, index));
  return rows;
}

/** True if one of the first `count` addresses is this one. */
function isAmong(addresses: readonly Uint8Array[], count: number, address: Uint8Array): boolean {
  for (let i = 0; i < count; i++) if (equalBytes(addresses[i]!, address)) return true;
  return false;
}
