/**
 * Owns looking through the rows that nobody asks for, block by block from the oldest: those that a block made are worked
 * out again from its body and its undo and compared with what the store has, and the entries that it touched are read
 * through the tree. What differs is mended, or fails as any damage that is read does.
 *
 * One step is bounded by `ROWS_A_STEP` and one block, and rests between slices of a wide one. The ids of segments take steps
 * of their own, of one `IdIndex.mend` each.
 */
import type { HeaderNode } from '../consensus/header-tree.ts';
import { CorruptStoreError, RuleError } from '../errors.ts';
import { equalBytes, toText } from '../format/bytes.ts';
import type { Transaction } from '../format/transaction.ts';
import { eachWeighed, forEachRange, forEachSliced, runSliced } from '../slices.ts';
import {
  accountRef,
  decodeRecord,
  type EntryRef,
  pendingRef,
  recordRef,
  TOTALS,
  type Touches,
} from '../state/entries.ts';
import { accountsOf, recordOf, weightOf } from '../state/execute.ts';
import { DamagedMined, DamagedOwned } from './damage.ts';
import { HISTORY_PAGE_MAX, readHistory, touchesIn } from './history.ts';
import { SEGMENT_BLOCKS } from './id-chunk.ts';
import type { Ledger } from './ledger.ts';
import { minedBytes } from './place.ts';
import type { StoreWrite } from './ports.ts';
import { ownedRow, transactionRow, undoRow } from './store-keys.ts';
import { atTip, type TipView } from './tip-view.ts';
import { touchesOf, touchWrite } from './touch-rows.ts';
import { decodeUndo } from './undo.ts';
import { unlessLost } from './whole-rows.ts';

/** Rows compared in one step, give or take a block: some milliseconds, if the store has them in memory. */
const ROWS_A_STEP = 250;
const BLOCKS_A_STEP = 32;
/** Blocks below the tip whose undo has to be there: a deeper reorganisation would rather start anew. */
const UNDO_BLOCKS = 1_024;

export class Scrub {
  readonly #ledger: Ledger;
  #height = 0;
  /** What `IdIndex.mend` goes on with at the next block; `null` once that is done. */
  #chunks: number | null = 0;
  #rounds = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** The last block that was looked through, 0 at the start of a round. */
  get height(): number {
    return this.#height;
  }

  /** How often all blocks have been looked through. */
  get rounds(): number {
    return this.#rounds;
  }

  /** Looks through a few blocks. True at the end of a round. Rejects with `CorruptStoreError`. */
  async step(): Promise<boolean> {
    let rows = 0;
    for (let blocks = 0; blocks < BLOCKS_A_STEP && rows < ROWS_A_STEP; blocks++) {
      // A reorganisation may have left fewer blocks than were looked through.
      if (this.#height >= this.#ledger.tip.height) {
        this.#height = 0;
        this.#chunks = 0;
        this.#rounds++;
        return true;
      }
      const height = this.#height + 1;
      if (height % SEGMENT_BLOCKS === 0 && this.#chunks !== null) {
        this.#chunks = await this.#ledger.ids.mend(height, this.#chunks);
        return false;
      }
      rows += await this.#block(height);
      this.#height = height;
      this.#chunks = 0;
    }
    return false;
  }

  /** Rows that it looked at. What rests on a lost block is looked at in a later round. */
  async #block(height: number): Promise<number> {
    return (await unlessLost(this.#look(height))) ?? 1;
  }

  async #look(height: number): Promise<number> {
    const { mender } = this.#ledger;
    for (;;) {
      const { value } = await mender.whole(() => atTip(this.#ledger, (view) => this.#compare(view, height)));
      if (value.suspect === null) return value.rows;
      if (!(await this.#walk(value.suspect))) {
        throw new CorruptStoreError(`the undo of block ${height} isn't what its entries say`);
      }
    }
  }

  /** Compares the rows of a block; `suspect` is an entry whose history isn't as the block's undo says. */
  async #compare(view: TipView, height: number): Promise<{ rows: number; suspect: EntryRef | null }> {
    const block = view.blockAt(height);
    const transactions = block && (await this.#ledger.readTransactions(block));
    // A reorganisation has left fewer blocks.
    if (block === undefined || transactions === null || transactions === undefined) {
      return { rows: 1, suspect: null };
    }
    const found = await this.#rows(view, [
      undoRow(block.id),
      ...transactions.map(({ id }) => transactionRow(id)),
    ]);
    transactions.forEach(({ id }, index) => {
      const row = found[index + 1];
      if (row === undefined || !equalBytes(row, minedBytes(block, index))) {
        throw new DamagedMined(id, { height, index });
      }
    });
    const entries = await this.#touchedBy(transactions);
    await this.#entries(view, [...entries.values(), ...this.#others(block)]);
    await this.#checkOwners(view, transactions);
    const undo = found[0];
    if (undo === undefined && height > view.tip.height - UNDO_BLOCKS) {
      throw new CorruptStoreError(`the undo of block ${block.key} is missing`);
    }
    const touches = undo === undefined ? [] : await this.#expectedTouches(transactions, undo, height);
    const rows = await this.#rows(
      view,
      touches.map(({ write: [key] }) => key),
    );
    const wrong = touches.find(
      ({ write: [, value] }, i) => rows[i] === undefined || !equalBytes(rows[i], value!),
    );
    const size = found.length + entries.size + touches.length;
    return { rows: size, suspect: wrong === undefined ? null : entries.get(toText(wrong.key))! };
  }

  async #rows(view: TipView, keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    const rows: (Uint8Array | undefined)[] = [];
    await forEachRange(keys.length, this.#ledger.pause, async (from, to) => {
      for (const row of await view.rows(keys.slice(from, to))) rows.push(row);
    });
    return rows;
  }

  async #entries(view: TipView, refs: readonly EntryRef[]): Promise<(Uint8Array | null)[]> {
    const entries: (Uint8Array | null)[] = [];
    await forEachRange(refs.length, this.#ledger.pause, async (from, to) => {
      for (const entry of await view.entries(refs.slice(from, to))) entries.push(entry);
    });
    return entries;
  }

  /** The entries that transactions touch, by key. */
  async #touchedBy(transactions: readonly Transaction[]): Promise<Map<string, EntryRef>> {
    const refs = new Map<string, EntryRef>();
    const add = eachWeighed(transactions, weightOf, (tx) => {
      for (const ref of accountsOf(tx).map(accountRef)) refs.set(toText(ref.key), ref);
      const record = recordOf(tx);
      if (record !== null) refs.set(toText(recordRef(record).key), recordRef(record));
    });
    await runSliced(add, this.#ledger.pause);
    return refs;
  }

  /** The rows of a block's touches, and the keys of the entries that they are of. */
  async #expectedTouches(
    transactions: readonly Transaction[],
    undo: Uint8Array,
    height: number,
  ): Promise<{ key: Uint8Array; write: StoreWrite }[]> {
    const expected: { key: Uint8Array; write: StoreWrite }[] = [];
    const before = decodeUndo(undo).map(({ key, after }) => [key, after] as const);
    await forEachSliced(touchesOf(transactions, before), this.#ledger.pause, ({ key, index, before }) => {
      expected.push({ key, write: touchWrite(key, { height, index }, before) });
    });
    return expected;
  }

  /** Checks that each record touched is in its owner's list, and in no list of those who had it before. */
  async #checkOwners(view: TipView, transactions: readonly Transaction[]): Promise<void> {
    const touched = transactions.flatMap((tx) => {
      const id = recordOf(tx);
      return id === null ? [] : { id, who: accountsOf(tx) };
    });
    const records = await this.#entries(
      view,
      touched.map(({ id }) => recordRef(id)),
    );
    const lists = touched.flatMap(({ id, who }, i) => {
      const bytes = records[i]!;
      const owner = bytes === null ? null : decodeRecord(bytes).owner;
      const all = owner === null ? who : [owner, ...who];
      return all.map((address) => ({ id, address, isOwner: owner !== null && equalBytes(address, owner) }));
    });
    const rows = await this.#rows(
      view,
      lists.map(({ address, id }) => ownedRow(address, id)),
    );
    const wrong = lists.find(({ isOwner }, i) => isOwner !== (rows[i] !== undefined));
    if (wrong !== undefined) throw new DamagedOwned(wrong.address);
  }

  /** Entries that a block changes besides those of its transactions. The genesis has its with the first. */
  #others({ height, header }: HeaderNode): EntryRef[] {
    const { reward, allocations } = this.#ledger.params;
    const refs = [TOTALS, pendingRef(height, reward.maturity), accountRef(header.miner)];
    if (height === 1) for (const { address } of allocations) refs.push(accountRef(address));
    return refs;
  }

  /** Reads a whole history, which mends it. True if there was something to mend. */
  async #walk(ref: EntryRef): Promise<boolean> {
    const { mender } = this.#ledger;
    const before = mender.mended;
    const base = this.#ledger.tip;
    try {
      let newest: Touches | null = null;
      do {
        const { value }: { value: Touches | null } = await mender.whole(() =>
          atTip(this.#ledger, async (view) => {
            const [entry] = await view.entries([ref]);
            if (entry === null || entry === undefined) return null;
            const whole = touchesIn(entry);
            const { older } = await readHistory(view, ref, {
              newest: newest ?? whole,
              whole,
              limit: HISTORY_PAGE_MAX,
            });
            return older.historyCount === 0 ? null : older;
          }),
        );
        newest = value;
        await this.#ledger.pause();
      } while (newest !== null);
    } catch (error) {
      if (!(error instanceof RuleError) || this.#ledger.isActive(base)) throw error;
    }
    // After a reorganisation the block is compared again.
    return mender.mended > before || !this.#ledger.isActive(base);
  }
}
