/**
 * Owns mending the indexes from the blocks while the node goes on. What is to be written is worked out beside the chain,
 * and written only if the chain still has the tip that it was worked out for.
 *
 * Bounds: one mending of a thing at a time; what a history misses is held until it is written, 100 bytes a touch. Nothing
 * long is done in a turn of the chain.
 */
import type { HeaderNode } from '../consensus/header-tree.ts';
import { CorruptStoreError } from '../errors.ts';
import { equalBytes, fromText } from '../format/bytes.ts';
import { ZERO_HASH } from '../format/hash.ts';
import type { Transaction } from '../format/transaction.ts';
import { describeName, type EntryRef, isAccountName, type Touches } from '../state/entries.ts';
import { accountsOf, recordOf } from '../state/execute.ts';
import { type DamagedHistory, DamagedIndex, DamagedMined, DamagedOwned, MissingBody } from './damage.ts';
import { isSame } from './history.ts';
import { finishOwned, type WalkSource, walkOwned } from './owned-walk.ts';
import { minedBytes, type Place } from './place.ts';
import type { StoreWrite } from './ports.ts';
import { touchRow, transactionRow } from './store-keys.ts';
import { readTouch, touchedBy, touchWrite } from './touch-rows.ts';
import { readWhole } from './whole-rows.ts';

/** Mendings for one question: one can come upon another. */
const TRIES = 4;

export interface MendSource extends WalkSource {
  readTransactions(node: HeaderNode): Promise<readonly Transaction[] | null>;
}

interface Found {
  readonly place: Place;
  readonly id: Uint8Array;
}

export class Mender {
  readonly #source: MendSource;
  readonly #mended: (what: string) => void;
  readonly #running = new Map<string, Promise<void>>();
  #count = 0;

  /** `mended` is told of each thing that was damaged and is whole again. */
  constructor(source: MendSource, mended: (what: string) => void) {
    this.#source = source;
    this.#mended = mended;
  }

  /** How many things were damaged and are whole again. */
  get mended(): number {
    return this.#count;
  }

  /** Runs a question, and mends what it finds damaged and what can be mended. */
  async whole<T>(ask: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof DamagedIndex) || tries === TRIES) throw error;
        // A list of records is made again from a history, which may be damaged too.
        await this.mend(error).catch((other) => {
          if (!(other instanceof DamagedIndex)) throw other;
          return this.mend(other);
        });
      }
    }
  }

  /** Rejects with `CorruptStoreError` if the blocks and the state don't agree. */
  mend(damage: DamagedIndex): Promise<void> {
    const running = this.#running.get(damage.what);
    if (running !== undefined) return running;
    const mending = this.#mend(damage).finally(() => this.#running.delete(damage.what));
    this.#running.set(damage.what, mending);
    return mending;
  }

  async #mend(damage: DamagedIndex): Promise<void> {
    const { turns } = this.#source;
    if (damage instanceof DamagedOwned) return this.#mendOwned(damage);
    const { tip } = this.#source;
    const rows =
      damage instanceof DamagedMined
        ? [this.#minedRow(damage, tip)]
        : await this.#touchRows(damage as DamagedHistory, tip);
    return turns.exclusively(async () => {
      const { tip: now, headers } = this.#source;
      const isBelow = now.height >= tip.height && headers.ancestor(now, tip.height) === tip;
      // What wasn't mined may be now.
      const isSure = now === tip || !(damage instanceof DamagedMined && damage.place === null);
      if (isBelow && isSure) await this.#write(damage, rows);
    });
  }

  async #mendOwned(damage: DamagedOwned): Promise<void> {
    for (let isWritten = false; !isWritten; ) {
      const walk = await walkOwned(this.#source, damage.owner);
      if (walk === null) continue;
      isWritten = await this.#source.turns.exclusively(async () => {
        const rows = await finishOwned(this.#source, walk);
        if (rows !== null) await this.#write(damage, rows);
        return rows !== null;
      });
    }
  }

  async #write(damage: DamagedIndex, rows: readonly StoreWrite[]): Promise<void> {
    await this.#source.store.write(rows, { sync: false });
    this.#count++;
    this.#mended(damage.what);
  }

  #minedRow({ id, place }: DamagedMined, tip: HeaderNode): StoreWrite {
    const block = place === null ? null : this.#source.headers.ancestor(tip, place.height);
    return [transactionRow(id), block === null ? null : minedBytes(block, place!.index)];
  }

  /** Goes down the chain from the touch that isn't found, until a row below fits what was found. */
  async #touchRows({ ref, at, newer }: DamagedHistory, tip: HeaderNode): Promise<StoreWrite[]> {
    const found: Found[] = [];
    for (let height = newer?.height ?? tip.height; height > 0; height--) {
      const transactions = await this.#transactionsAt(tip, height);
      const end = height === newer?.height ? newer.index : transactions.length;
      for (let index = end - 1; index >= 0; index--) {
        const tx = transactions[index]!;
        if (!isTouchedBy(ref, tx)) continue;
        found.push({ place: { height, index }, id: tx.id });
        const rows = await this.#join(ref, at, found);
        if (rows !== null) return rows;
      }
      await this.#source.pause();
    }
    throw new CorruptStoreError(`the blocks don't have the history of ${describeName(ref.name)}`);
  }

  /** Rows of the touches found, newest first, if what is below them fits; `null` if it doesn't. */
  async #join(ref: EntryRef, at: Touches, found: readonly Found[]): Promise<StoreWrite[] | null> {
    const ordinal = at.historyCount - found.length;
    if (ordinal < 0) return null;
    let before: Touches = { history: ZERO_HASH, historyCount: 0 };
    if (ordinal > 0) {
      const [row] = await readWhole(this.#source.store, [touchRow(ref.key, ordinal)]);
      const touch = row === undefined ? null : readTouch(row, ordinal);
      if (touch === null || !isSamePlace(touch.place, found.at(-1)!.place)) return null;
      before = touch.before;
    }
    const rows: StoreWrite[] = [];
    for (const { place, id } of found.toReversed()) {
      rows.push(touchWrite(ref.key, place, before));
      before = touchedBy(before, id);
    }
    return isSame(before, at) ? rows : null;
  }

  async #transactionsAt(tip: HeaderNode, height: number): Promise<readonly Transaction[]> {
    const block = this.#source.headers.ancestor(tip, height);
    const transactions = await this.#source.readTransactions(block);
    if (transactions === null) throw new MissingBody(block.key);
    return transactions;
  }
}

const isSamePlace = (a: Place, b: Place): boolean => a.height === b.height && a.index === b.index;

function isTouchedBy({ name }: EntryRef, tx: Transaction): boolean {
  const id = fromText(name);
  if (isAccountName(name)) return accountsOf(tx).some((address) => equalBytes(address, id));
  const record = recordOf(tx);
  return record !== null && equalBytes(record, id);
}
