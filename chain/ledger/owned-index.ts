/**
 * Owns which records an account owns, checked: each record of the list names the account as its owner, and together
 * their deposits are those that the account has in the state. So a list lacks nothing and has nothing too much.
 *
 * Memory: lists by `CACHE_BYTES`. Every change of what an account owns is in its history, so a list that was checked
 * holds as long as the account's history hash is the same.
 */
import { ByteCache } from '../byte-cache.ts';
import { equalBytes, toText } from '../format/bytes.ts';
import { type Account, decodeRecord, type LedgerRecord, recordRef } from '../state/entries.ts';
import { DamagedOwned } from './damage.ts';
import type { Store } from './ports.ts';
import { endOf, ownedRow, ownedRows } from './store-keys.ts';
import type { TipView } from './tip-view.ts';

/** A longer list is not checked: it would take seconds, again after every change. */
export const OWNED_CHECKED_MAX = 2_000;
const CACHE_BYTES = 1024 * 1024;
const LIST_BYTES = 300;
const ID_BYTES = 140;
/** Records read at once. */
const READ_AT_ONCE = 100;

interface Checked {
  readonly history: Uint8Array;
  /** In order. */
  readonly ids: readonly Uint8Array[];
}

export class OwnedIndex {
  readonly #store: Store;
  readonly #lists = new ByteCache<Checked>(CACHE_BYTES, ({ ids }) => LIST_BYTES + ID_BYTES * ids.length);

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Ids of the records that an account owns, in order, all of them; `null` if they are too many to be checked, or if
   * nothing is deposited for a record in this ledger. Rejects with `DamagedOwned`.
   */
  async list(
    view: TipView,
    owner: Uint8Array,
    account: Account,
    hasDeposits: boolean,
  ): Promise<readonly Uint8Array[] | null> {
    const name = toText(owner);
    const known = this.#lists.get(name);
    if (known !== undefined && equalBytes(known.history, account.history)) return known.ids;
    const ids = await this.page(owner, undefined, OWNED_CHECKED_MAX + 1);
    if (ids.length > OWNED_CHECKED_MAX || !hasDeposits) return null;
    let deposits = 0;
    for (let i = 0; i < ids.length; i += READ_AT_ONCE) {
      for (const record of await readOwned(view, owner, ids.slice(i, i + READ_AT_ONCE))) {
        deposits += record.deposit;
      }
    }
    if (deposits !== account.deposits) throw new DamagedOwned(owner);
    this.#lists.put(name, { history: account.history, ids });
    return ids;
  }

  /** Ids as the rows have them, from behind `after` on, not checked. */
  async page(owner: Uint8Array, after: Uint8Array | undefined, limit: number): Promise<Uint8Array[]> {
    const all = ownedRows(owner);
    const first = after === undefined ? all : Uint8Array.of(...ownedRow(owner, after), 0);
    const rows = await this.#store.iterate({ from: first, to: endOf(all), limit, keysOnly: true });
    return rows.map(([key]) => key.slice(all.length));
  }
}

/** Records that an account owns. Rejects with `DamagedOwned` if one of them is another's. */
export async function readOwned(
  view: TipView,
  owner: Uint8Array,
  ids: readonly Uint8Array[],
): Promise<LedgerRecord[]> {
  const entries = await view.entries(ids.map(recordRef));
  return entries.map((bytes) => {
    const record = bytes === null ? null : decodeRecord(bytes);
    if (record === null || !equalBytes(record.owner, owner)) throw new DamagedOwned(owner);
    return record;
  });
}
