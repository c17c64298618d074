/** Owns the translation of what a node stores into the form of the referee's book, to compare the two. It holds no state. */
import type { Recovery } from '../../chain/format/transaction.ts';
import { decodeAccount, decodeRecord } from '../../chain/state/entries.ts';
import type { BookAccount, BookRecord, Rescuer } from './book-account.ts';
import { hexOf } from './hex.ts';

/** A stored account. */
export function bookedAccount(bytes: Uint8Array): BookAccount {
  const found = decodeAccount(bytes);
  const { pendingChange, pendingRecovery } = found;
  return {
    balance: found.balance,
    nonce: found.nonce,
    key: found.authKey === null ? null : hexOf(found.authKey),
    since: found.rotatedAt,
    deposits: found.deposits,
    locked: found.locked,
    rescuer: rescuerOf(found.recovery),
    change: pendingChange && { rescuer: rescuerOf(pendingChange.recovery), at: pendingChange.at },
    rescue: pendingRecovery && { key: hexOf(pendingRecovery.authKey), at: pendingRecovery.at },
    history: found.history,
    touches: found.historyCount,
  };
}

/** A stored record. */
export function bookedRecord(bytes: Uint8Array): BookRecord {
  const found = decodeRecord(bytes);
  return {
    owner: hexOf(found.owner),
    dropped: found.dropped,
    deposit: found.deposit,
    nameBytes: found.name.length,
    revision: found.revision,
    history: found.history,
    touches: found.historyCount,
  };
}

function rescuerOf(recovery: Recovery | null): Rescuer | null {
  return recovery && { account: hexOf(recovery.account), delay: recovery.delay };
}
