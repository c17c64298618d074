/**
 * Owns reading the history of an account or a record: the transactions that touched it, newest first. The entry in the
 * state says how many there are and commits to all of them; each row read is checked against that and against the block
 * it points to, so a page is exactly right or it fails. Pages are bounded by their callers.
 */
import type { HeaderNode } from '../consensus/header-tree.ts';
import { CorruptStoreError, RuleError } from '../errors.ts';
import { transactionBytesAt } from '../format/block.ts';
import { equalBytes } from '../format/bytes.ts';
import { DOMAIN, hash } from '../format/hash.ts';
import { decodeEntry, type EntryRef, type Touches } from '../state/entries.ts';
import { DamagedHistory } from './damage.ts';
import { touchRow } from './store-keys.ts';
import type { TipView } from './tip-view.ts';
import { readTouch, touchedBy } from './touch-rows.ts';

/** Most touches of one page. */
export const HISTORY_PAGE_MAX = 100;

/** A transaction that touched the entry. */
export interface HistoryItem {
  readonly block: HeaderNode;
  /** Place in the block, from 0. */
  readonly index: number;
  readonly id: Uint8Array;
  /** Of the transaction. */
  readonly bytes: Uint8Array;
}

export interface HistoryPage {
  /** Newest first. */
  readonly items: HistoryItem[];
  /** The entry's history before the oldest of them: where the next page begins. */
  readonly older: Touches;
}

/** The history in an entry of the state. */
export function touchesIn(bytes: Uint8Array): Touches {
  const entry = decodeEntry(bytes);
  if (entry.TAG !== 'account' && entry.TAG !== 'record') {
    throw new CorruptStoreError(`a ${entry.TAG} has no history`);
  }
  const { history, historyCount } = entry.data;
  return { history, historyCount };
}

/**
 * The last `limit` touches up to `newest`: what the entry in the state has, or the `older` of an earlier page. Rejects
 * with `DamagedHistory`, and with 'MALFORMED' for a page that the entry's history doesn't have.
 */
export async function readHistory(
  view: TipView,
  ref: EntryRef,
  { newest, whole, limit }: { newest: Touches; whole: Touches; limit: number },
): Promise<HistoryPage> {
  if (newest.historyCount > whole.historyCount) throw unknownPage();
  const count = Math.min(limit, newest.historyCount);
  const ordinals = Array.from({ length: count }, (_, i) => newest.historyCount - 1 - i);
  const rows = await view.rows(ordinals.map((ordinal) => touchRow(ref.key, ordinal)));
  const items: HistoryItem[] = [];
  let at = newest;
  for (const [i, ordinal] of ordinals.entries()) {
    const found = await readItem(view, rows[i], ordinal);
    if (found === null || !isSame(touchedBy(found.before, found.item.id), at)) {
      if (i === 0) await checkPage(view, ref, newest, whole);
      const last = items.at(-1);
      const newer = last === undefined ? null : { height: last.block.height, index: last.index };
      throw new DamagedHistory(ref, at, newer);
    }
    items.push(found.item);
    at = found.before;
  }
  return { items, older: at };
}

/** What a row points to, unless that isn't there. */
async function readItem(
  view: TipView,
  row: Uint8Array | undefined,
  ordinal: number,
): Promise<{ item: HistoryItem; before: Touches } | null> {
  const touch = row === undefined ? null : readTouch(row, ordinal);
  const block = touch === null ? undefined : view.blockAt(touch.place.height);
  const body = block === undefined ? null : await view.body(block);
  const bytes = body === null ? null : transactionBytesAt(body, touch!.place.index);
  if (bytes === null) return null;
  const id = hash(DOMAIN.transaction, bytes);
  return { item: { block: block!, index: touch!.place.index, id, bytes }, before: touch!.before };
}

/**
 * A page that doesn't begin where the entry's history ends was asked for by somebody: either it is one of this chain, as
 * the row above it says, or the history has changed since.
 */
async function checkPage(view: TipView, ref: EntryRef, newest: Touches, whole: Touches): Promise<void> {
  if (newest.historyCount === whole.historyCount) {
    if (!isSame(newest, whole)) throw unknownPage();
    return;
  }
  const [above] = await view.rows([touchRow(ref.key, newest.historyCount)]);
  const touch = above === undefined ? null : readTouch(above, newest.historyCount);
  if (touch === null || !isSame(touch.before, newest)) throw unknownPage();
}

export function isSame(a: Touches, b: Touches): boolean {
  return a.historyCount === b.historyCount && equalBytes(a.history, b.history);
}

function unknownPage(): RuleError {
  return new RuleError('MALFORMED', 'no page begins here, or the history has changed: begin with the newest');
}
