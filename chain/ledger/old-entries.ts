/**
 * Owns opening the journal. What an earlier version kept in rows of the store, acknowledged transactions and the log of
 * causes, moves there first. Rows go once the journal has them; a start that ends in between moves them again, which is
 * no harm.
 */
import type { NewFrame } from '../files/frame-file.ts';
import { Journal } from '../files/journal.ts';
import type { Files } from '../files/port.ts';
import { FILE_KIND } from './file-kinds.ts';
import { ENTRY } from './journal-entries.ts';
import type { Store } from './ports.ts';
import { deleteRows, readRows } from './rows.ts';
import { OLD_CAUSES_ROWS, OLD_QUEUED_ROWS } from './store-keys.ts';
import { unlessDamaged } from './whole-rows.ts';

export const JOURNAL_NAME = 'journal';

export interface JournalWatch {
  /** There are stored blocks: the first of them came after the journal. */
  readonly hasBlocks: boolean;
  /** `Journal.synced` as the store has it; 0 if it has none. */
  readonly synced: number;
  /** Told, in words, why accepted transactions may be lost. False if it could not be noted: the next start tells it again. */
  onLoss(loss: string): boolean;
}

export async function openJournal(
  files: Files,
  owner: Uint8Array,
  store: Store,
  { hasBlocks, synced, onLoss }: JournalWatch,
): Promise<Journal> {
  const place = { files, name: JOURNAL_NAME, kind: FILE_KIND.journal, owner };
  const { journal, damage, isNew, isBehind } = await Journal.open(place, synced);
  try {
    let isTold = true;
    if (damage !== null) isTold = onLoss(damage);
    else if (isNew && (hasBlocks || isBehind)) isTold = onLoss(`the file ${JOURNAL_NAME} is gone`);
    else if (isBehind) isTold = onLoss(`the file ${JOURNAL_NAME} was cut, or put back from an older copy`);
    // Afterwards: if the process ends in between, the next start tells it again.
    await journal.begin(isTold);
    const queued = await readRows(store, OLD_QUEUED_ROWS);
    const causes = await readRows(store, OLD_CAUSES_ROWS);
    if (!queued.isWhole) onLoss('rows of an earlier version with accepted transactions are damaged');
    if (queued.rows.length + causes.rows.length > 0) {
      const kept = queued.rows.map(([, bytes]): NewFrame => ({ type: ENTRY.kept, parts: [bytes] }));
      // The key is the sequence, behind the prefix.
      const told = causes.rows.map(
        ([key, json]): NewFrame => ({
          type: ENTRY.causes,
          parts: [key.subarray(OLD_CAUSES_ROWS.length), json],
        }),
      );
      await journal.add([...kept, ...told]);
      // Rows that can't be reached stay. The blocks move all the same, and then the store is made anew.
      await unlessDamaged(deleteRows(store, OLD_QUEUED_ROWS));
      await unlessDamaged(deleteRows(store, OLD_CAUSES_ROWS));
    }
    return journal;
  } catch (error) {
    await journal.close();
    throw error;
  }
}
