/**
 * Owns working out which records an account owns, from its history. The walk goes page after page beside the chain; what
 * has changed meanwhile is read in the turn in which the rows are written.
 *
 * Memory: 200 bytes for each record that the account's history names.
 */
import type { HeaderNode } from '../consensus/header-tree.ts';
import { equalBytes } from '../format/bytes.ts';
import { decodeTransaction } from '../format/transaction.ts';
import { accountRef, decodeRecord, recordRef, type Touches } from '../state/entries.ts';
import { recordOf } from '../state/execute.ts';
import { HISTORY_PAGE_MAX, isSame, readHistory, touchesIn } from './history.ts';
import type { OwnedIndex } from './owned-index.ts';
import type { StoreWrite } from './ports.ts';
import { ownedRow } from './store-keys.ts';
import { atTip, type TipSource, type TipView } from './tip-view.ts';

const ROWS_A_STEP = 1_000;
const NOTHING = new Uint8Array(0);

export interface WalkSource extends TipSource {
  readonly owned: OwnedIndex;
  readonly headers: { ancestor(node: HeaderNode, height: number): HeaderNode };
  pause(): Promise<void>;
}

/** What a walk has found. Records are by name. */
export interface OwnedWalk {
  readonly owner: Uint8Array;
  /** The tip at its start, and the account's history then; `null` if there was no account. */
  readonly base: HeaderNode;
  readonly seen: Touches | null;
  readonly owned: Map<string, Uint8Array>;
  /** Records that have rows. */
  readonly listed: Map<string, Uint8Array>;
}

interface NamedPage {
  readonly named: readonly { readonly id: Uint8Array; readonly isOwned: boolean }[];
  readonly older: Touches;
}

/** Walks the whole history of an account. `null` if a reorganisation took back the tip at its start: begin again. */
export async function walkOwned(source: WalkSource, owner: Uint8Array): Promise<OwnedWalk | null> {
  const ref = accountRef(owner);
  const { tip: base, value: entries } = await atTip(source, (view) => view.entries([ref]));
  const [entry] = entries;
  const seen = entry === null || entry === undefined ? null : touchesIn(entry);
  const walk: OwnedWalk = { owner, base, seen, owned: new Map(), listed: await rowsOf(source, owner) };
  for (let newest = seen; newest !== null && newest.historyCount > 0; ) {
    const from: Touches = newest;
    const { value: page } = await atTip(source, async (view) => {
      if (!isAbove(source, view.tip, base)) return null;
      const [now] = await view.entries([ref]);
      return readNamed(view, owner, from, touchesIn(now!), HISTORY_PAGE_MAX);
    });
    if (page === null) return null;
    for (const { id, isOwned } of page.named) if (isOwned) walk.owned.set(recordRef(id).name, id);
    newest = page.older;
    await source.pause();
  }
  return walk;
}

/**
 * The rows that the list of the account lacks or has too much, of the tip of this turn. `null` if a reorganisation took
 * back the tip at the start of the walk.
 */
export async function finishOwned(source: WalkSource, walk: OwnedWalk): Promise<StoreWrite[] | null> {
  const { owner, base, seen, owned, listed } = walk;
  const { value: isDone } = await atTip(source, async (view) => {
    if (!isAbove(source, view.tip, base)) return false;
    const [entry] = await view.entries([accountRef(owner)]);
    if (entry === null || entry === undefined) return true;
    const whole = touchesIn(entry);
    const before = seen?.historyCount ?? 0;
    for (let newest = whole; newest.historyCount > before; ) {
      const limit = Math.min(HISTORY_PAGE_MAX, newest.historyCount - before);
      const page = await readNamed(view, owner, newest, whole, limit);
      for (const { id, isOwned } of page.named) {
        const { name } = recordRef(id);
        // Its row may have changed since the rows were read: it is written in any case.
        if (isOwned) owned.set(name, id);
        else owned.delete(name);
        if (isOwned) listed.delete(name);
        else listed.set(name, id);
      }
      newest = page.older;
      if (newest.historyCount === before && seen !== null && !isSame(newest, seen)) return false;
      await source.pause();
    }
    return true;
  });
  if (!isDone) return null;
  const rows: StoreWrite[] = [];
  for (const [name, id] of owned) if (!listed.has(name)) rows.push([ownedRow(owner, id), NOTHING]);
  for (const [name, id] of listed) if (!owned.has(name)) rows.push([ownedRow(owner, id), null]);
  return rows;
}

function isAbove({ headers }: WalkSource, tip: HeaderNode, base: HeaderNode): boolean {
  return tip.height >= base.height && headers.ancestor(tip, base.height) === base;
}

/** The records that a page of an account's history names, and whether it owns them at the view's tip. */
async function readNamed(
  view: TipView,
  owner: Uint8Array,
  newest: Touches,
  whole: Touches,
  limit: number,
): Promise<NamedPage> {
  const { items, older } = await readHistory(view, accountRef(owner), { newest, whole, limit });
  const ids = items.flatMap(({ bytes }) => recordOf(decodeTransaction(bytes)) ?? []);
  const records = await view.entries(ids.map(recordRef));
  const isOwned = (bytes: Uint8Array | null): boolean =>
    bytes !== null && equalBytes(decodeRecord(bytes).owner, owner);
  return { named: ids.map((id, i) => ({ id, isOwned: isOwned(records[i]!) })), older };
}

async function rowsOf(source: WalkSource, owner: Uint8Array): Promise<Map<string, Uint8Array>> {
  const listed = new Map<string, Uint8Array>();
  for (let after: Uint8Array | undefined; ; ) {
    const ids = await source.owned.page(owner, after, ROWS_A_STEP);
    for (const id of ids) listed.set(recordRef(id).name, id);
    if (ids.length < ROWS_A_STEP) return listed;
    after = ids.at(-1);
    await source.pause();
  }
}
