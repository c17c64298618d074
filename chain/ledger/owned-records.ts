/** Owns the index of who owns which record: how its rows follow from what a block changed, forward or back. */
import { equalBytes } from '../format/bytes.ts';
import { recordId } from '../format/transaction.ts';
import { decodeEntry, type LedgerRecord } from '../state/entries.ts';
import type { Change } from '../state/working-state.ts';
import type { StoreWrite } from './ports.ts';
import { ownedRow } from './store-keys.ts';

/** Kind byte of a record's value, so that accounts, the most of what changes, aren't decoded for nothing. */
const RECORD_KIND = 2;
const NOTHING = new Uint8Array(0);

/** Writes that move each record whose owner the changes change. `before` and `after` must both be known. */
export function ownerMoves(changes: readonly Change[]): StoreWrite[] {
  const moves: StoreWrite[] = [];
  for (const { before, after } of changes) {
    if (before?.[0] !== RECORD_KIND && after?.[0] !== RECORD_KIND) continue;
    const [old, next] = [recordIn(before), recordIn(after)];
    const any = next ?? old;
    if (any === null || (old !== null && next !== null && equalBytes(old.owner, next.owner))) continue;
    const id = recordId(any.creator, any.name);
    if (old !== null) moves.push([ownedRow(old.owner, id), null]);
    if (next !== null) moves.push([ownedRow(next.owner, id), NOTHING]);
  }
  return moves;
}

function recordIn(bytes: Uint8Array | null): LedgerRecord | null {
  if (bytes === null || bytes[0] !== RECORD_KIND) return null;
  const entry = decodeEntry(bytes);
  return entry.TAG === 'record' ? entry.data : null;
}
