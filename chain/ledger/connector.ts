/**
 * Owns the step from one state to the next: connecting a block at the end of the working chain, and disconnecting it.
 * Works on the overlay and the tree; nothing reaches the store until the engine commits.
 */

import type { HeaderNode, HeaderTree } from '../consensus/header-tree.ts';
import { CorruptStoreError, RuleError } from '../errors.ts';
import { equalBytes, toText } from '../format/bytes.ts';
import type { Params } from '../format/params.ts';
import type { Transaction } from '../format/transaction.ts';
import {
  ENTRIES_A_SLICE,
  eachWeighed,
  forEachRange,
  forEachSliced,
  type Pause,
  runSliced,
} from '../slices.ts';
import { type EntryRef, passingValueHash, recordRef } from '../state/entries.ts';
import { addAccess, blockEntries, executeBlock, recordOf, weightOf } from '../state/execute.ts';
import { sortByKey } from '../state/sorted-keys.ts';
import { isWide, type StateTree } from '../state/tree.ts';
import type { TreeChange } from '../state/tree-update.ts';
import { type Change, WorkingState } from '../state/working-state.ts';
import type { HashedChange, Overlay } from './overlay.ts';
import { ownerMoves } from './owned-records.ts';
import { minedBytes } from './place.ts';
import type { RowReader } from './ports.ts';
import type { StateReader } from './state-reader.ts';
import { transactionRow, undoRow } from './store-keys.ts';
import { TOUCH_BYTES, touchesOf, touchWrite, touchWrites } from './touch-rows.ts';
import { decodeUndo, encodeUndo } from './undo.ts';

export class Connector {
  readonly #params: Params;
  readonly #headers: HeaderTree;
  readonly #store: RowReader;
  readonly #reader: StateReader;
  readonly #overlay: Overlay;
  readonly #tree: StateTree;
  readonly #pause: Pause;

  constructor(parts: {
    params: Params;
    headers: HeaderTree;
    store: RowReader;
    reader: StateReader;
    overlay: Overlay;
    tree: StateTree;
    pause: Pause;
  }) {
    this.#params = parts.params;
    this.#headers = parts.headers;
    this.#store = parts.store;
    this.#reader = parts.reader;
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
    const hashed = await this.#hash(changes);
    const savepoint = this.#tree.savepoint();
    const root = await this.#updateTree(hashed);
    if (!equalBytes(root, node.header.stateRoot)) {
      this.#tree.rollback(savepoint);
      throw new RuleError('BAD_STATE_ROOT');
    }
    this.#tree.forget(savepoint);
    await this.#change(hashed);
    this.#overlay.putAll(ownerMoves(changes));
    await this.#pauseAfter(changes);
    this.#overlay.put(undoRow(node.id), await runSliced(encodeUndo(changes), this.#pause));
    transactions.forEach((tx, index) => {
      this.#overlay.put(transactionRow(tx.id), minedBytes(node, index));
    });
    await this.#pauseAfter(transactions);
    const touches = sortByKey(state.touches);
    this.#overlay.putLater(touchWrites(touches, node.height), touches.length * TOUCH_BYTES);
  }

  /** Takes the last block of the working chain back. */
  async disconnect(node: HeaderNode, transactions: readonly Transaction[]): Promise<void> {
    const [undo] = await this.#store.getMany([undoRow(node.id)]);
    if (undo === undefined) throw new CorruptStoreError(`the undo of block ${node.key} is missing`);
    const changes = decodeUndo(undo);
    await this.#pauseAfter(changes);
    await this.#prepare(changes.map(({ key }) => key));
    const records = await this.#recordChanges(changes, transactions);
    const hashed = await this.#hash(changes);
    const root = await this.#updateTree(hashed);
    if (!equalBytes(root, node.parent!.header.stateRoot)) {
      throw new CorruptStoreError(`undoing block ${node.key} doesn't give its parent's state`);
    }
    this.#overlay.putAll(ownerMoves(records));
    await this.#change(hashed);
    this.#overlay.put(undoRow(node.id), null);
    for (const { id } of transactions) this.#overlay.put(transactionRow(id), null);
    const before = changes.map(({ key, after }) => [key, after] as const);
    await forEachSliced(touchesOf(transactions, before), this.#pause, ({ key, index, before }) => {
      this.#overlay.put(touchWrite(key, { height: node.height, index }, before)[0], null);
    });
  }

  /** Of changes that are about to be made, those of records, with what each record is now. */
  async #recordChanges(changes: readonly Change[], transactions: readonly Transaction[]): Promise<Change[]> {
    const records = new Map<string, EntryRef>();
    for (const id of transactions.map(recordOf)) {
      const ref = id === null ? null : recordRef(id);
      if (ref !== null) records.set(toText(ref.key), ref);
    }
    const changed = changes.filter(({ key }) => records.has(toText(key)));
    const present = await this.#read(changed.map(({ key }) => records.get(toText(key))!));
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
    const add = eachWeighed(transactions, weightOf, (tx) => addAccess(refs, [tx]));
    await runSliced(add, this.#pause);
    const list = [...refs.values()];
    const values = await this.#read(list);
    const state = new WorkingState();
    state.load(list, values);
    return state;
  }

  /** The values of entries, in their order, each checked against the tree, whose pages are left prepared. */
  async #read(refs: readonly EntryRef[]): Promise<(Uint8Array | null)[]> {
    const values = new Array<Uint8Array | null>(refs.length);
    // In the order of the keys, neighbours share the pages and the blocks of the store that they are in.
    const sorted = sortByKey(refs.map(({ key, name }, index) => ({ key, name, index })));
    const options = { pending: this.#overlay, passing: isWide(refs) };
    await forEachRange(sorted.length, this.#pause, async (from, to) => {
      const some = sorted.slice(from, to);
      const found = await this.#reader.read(this.#tree, some, options);
      some.forEach(({ index }, i) => {
        values[index] = found[i]!;
      });
    });
    return values;
  }

  async #prepare(keys: readonly Uint8Array[]): Promise<void> {
    const sorted = sortByKey(keys.map((key) => ({ key })));
    await forEachRange(sorted.length, this.#pause, (from, to) =>
      this.#tree.prepare(
        sorted.slice(from, to).map(({ key }) => key),
        isWide(keys),
      ),
    );
  }

  /** Rests if handling so many entries in one go took a slice. */
  async #pauseAfter({ length }: readonly unknown[]): Promise<void> {
    if (length >= ENTRIES_A_SLICE) await this.#pause();
  }

  /** The root that the state has with these changes, whose keys are prepared. Changes nothing. */
  async rootWith(changes: readonly Change[]): Promise<Uint8Array> {
    const hashed = await this.#hash(changes);
    const savepoint = this.#tree.savepoint();
    const root = await this.#updateTree(hashed);
    this.#tree.rollback(savepoint);
    this.#tree.unload();
    return root;
  }

  /** In the order of the keys: the tree needs it, and the store is fastest with it. */
  async #hash(changes: readonly Change[]): Promise<HashedChange[]> {
    const hashed: HashedChange[] = [];
    await forEachSliced(sortByKey(changes), this.#pause, ({ key, after }) => {
      hashed.push({
        key,
        after: after === null ? null : { bytes: after, valueHash: passingValueHash(after) },
      });
    });
    return hashed;
  }

  /** Applies changes to the tree, whose keys are prepared. Returns its new root. */
  #updateTree(changes: readonly HashedChange[]): Promise<Uint8Array> {
    const hashes = changes.map(({ key, after }): TreeChange => [key, after?.valueHash ?? null]);
    return runSliced(this.#tree.update(hashes), this.#pause);
  }

  #change(changes: readonly HashedChange[]): Promise<void> {
    const keep = !isWide(changes);
    return forEachSliced(changes, this.#pause, (change) => {
      this.#overlay.change(change);
      if (keep) this.#reader.keep(change);
    });
  }
}
