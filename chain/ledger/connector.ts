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
import { accountName, describeName, type EntryRef, recordRef, valueHash } from '../state/entries.ts';
import { accountsOf, addAccess, blockEntries, executeBlock, recordOf, weightOf } from '../state/execute.ts';
import { sortByKey } from '../state/sorted-keys.ts';
import type { StateTree } from '../state/tree.ts';
import type { TreeChange } from '../state/tree-update.ts';
import { type Change, WorkingState } from '../state/working-state.ts';
import type { Overlay } from './overlay.ts';
import { ownerMoves } from './owned-records.ts';
import type { RowReader } from './ports.ts';
import { ENTRIES_A_SLICE, forEachRange, forEachSliced, type Pause, runSliced } from './slices.ts';
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
    const changes = await runSliced(state.changing(), this.#pause);
    const savepoint = this.#tree.savepoint();
    const root = await this.updateTree(changes);
    if (!equalBytes(root, node.header.stateRoot)) {
      this.#tree.rollback(savepoint);
      throw new RuleError('BAD_STATE_ROOT');
    }
    this.#tree.forget(savepoint);
    await forEachSliced(changes, this.#pause, (change) => this.#overlay.change(change));
    for (const [row, value] of ownerMoves(changes)) this.#overlay.put(row, value);
    await this.#pauseAfter(changes);
    this.#overlay.put(undoRow(node.id), encodeUndo(changes));
    await this.#pauseAfter(changes);
    this.#overlay.put(headerRow(node.id), encodeHeader(node.header));
    this.#overlay.put(bodyRow(node.id), encodeBody(transactions));
    await this.#eachTransaction(transactions, (tx, index) => {
      this.#overlay.put(transactionRow(tx.id), placeBytes(node.height, index));
      for (const row of touchRowsOf(tx, node.height, index)) this.#overlay.put(row, tx.id);
    });
  }

  /** Takes the last block of the working chain back. */
  async disconnect(node: HeaderNode, transactions: readonly Transaction[]): Promise<void> {
    const [undo] = await this.#store.getMany([undoRow(node.id)]);
    if (undo === undefined) throw new CorruptStoreError(`the undo of block ${node.key} is missing`);
    const changes = decodeUndo(undo);
    await this.#pauseAfter(changes);
    await this.#prepare(changes.map(({ key }) => key));
    const records = await this.#recordChanges(changes, transactions);
    const root = await this.updateTree(changes);
    if (!equalBytes(root, node.parent!.header.stateRoot)) {
      throw new CorruptStoreError(`undoing block ${node.key} doesn't give its parent's state`);
    }
    for (const [row, value] of ownerMoves(records)) this.#overlay.put(row, value);
    await forEachSliced(changes, this.#pause, (change) => this.#overlay.change(change));
    this.#overlay.put(undoRow(node.id), null);
    await this.#eachTransaction(transactions, (tx, index) => {
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
    await this.#eachTransaction(transactions, (tx) => addAccess(refs, [tx]));
    const list = [...refs.values()];
    const values = await this.#readChecked(list);
    const state = new WorkingState();
    state.load(list, values);
    return state;
  }

  /** The values of entries, in their order, each checked against the tree, whose pages are left prepared. */
  async #readChecked(refs: readonly EntryRef[]): Promise<(Uint8Array | null)[]> {
    const values = new Array<Uint8Array | null>(refs.length);
    // In the order of the keys, neighbours share the pages and the blocks of the store that they are in.
    const sorted = sortByKey(refs.map((ref, index) => ({ key: ref.key, name: ref.name, index })));
    await forEachRange(sorted.length, this.#pause, async (from, to) => {
      const some = sorted.slice(from, to);
      const keys = some.map(({ key }) => key);
      const found = await this.#overlay.entries(keys);
      await this.#tree.prepare(keys);
      some.forEach(({ key, name, index }, i) => {
        checkEntry(this.#tree, key, found[i]!, name);
        values[index] = found[i]!;
      });
    });
    return values;
  }

  async #prepare(keys: readonly Uint8Array[]): Promise<void> {
    const sorted = sortByKey(keys.map((key) => ({ key })));
    await forEachRange(sorted.length, this.#pause, (from, to) =>
      this.#tree.prepare(sorted.slice(from, to).map(({ key }) => key)),
    );
  }

  /** Calls `work` with each transaction, and rests after so many that they touch a slice of entries. */
  async #eachTransaction(
    transactions: Iterable<Transaction>,
    work: (tx: Transaction, index: number) => void,
  ): Promise<void> {
    let index = 0;
    let weight = 0;
    for (const tx of transactions) {
      if (weight >= ENTRIES_A_SLICE) {
        weight = 0;
        await this.#pause();
      }
      work(tx, index++);
      weight += weightOf(tx);
    }
  }

  /** Rests if handling so many entries in one go took a slice. */
  async #pauseAfter({ length }: readonly unknown[]): Promise<void> {
    if (length >= ENTRIES_A_SLICE) await this.#pause();
  }

  /** Applies changes to the tree, whose keys are prepared. Returns its new root. */
  async updateTree(changes: readonly Change[]): Promise<Uint8Array> {
    const hashes: TreeChange[] = [];
    await forEachSliced(changes, this.#pause, ({ key, after }) => {
      hashes.push([key, after === null ? null : valueHash(after)]);
    });
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
  const accounts = new Map(accountsOf(tx).map((address) => [accountName(address), address]));
  for (const address of accounts.values()) rows.push(touchRow(address, height, index));
  const record = recordOf(tx);
  if (record !== null) rows.push(recordTouchRow(record, height, index));
  return rows;
}
