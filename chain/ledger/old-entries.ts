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

export const JOURNAL_NAME = 'journal';

/**
 * `onDamage` is told, in words, what of the file can't be read. `hasBlocks` says whether there are stored blocks: the
 * first of them came after the journal.
 */
export async function openJournal(
  files: Files,
  owner: Uint8Array,
  store: Store,
  hasBlocks: boolean,
  onDamage: (damage: string) => void,
): Promise<Journal> {
  const place = { files, name: JOURNAL_NAME, kind: FILE_KIND.journal, owner };
  const { journal, damage, isNew } = await Journal.open(place);
  if (damage !== null) onDamage(damage);
  if (isNew && hasBlocks)
    onDamage(`the file ${JOURNAL_NAME} is gone: what was accepted here and is not mined may be lost`);
  try {
    const queued = await readRows(store, OLD_QUEUED_ROWS);
    const causes = await readRows(store, OLD_CAUSES_ROWS);
    if (queued.length + causes.length > 0) {
      const kept = queued.map(([, bytes]): NewFrame => ({ type: ENTRY.kept, parts: [bytes] }));
      // The key is the sequence, behind the prefix.
      const told = causes.map(
        ([key, json]): NewFrame => ({
          type: ENTRY.causes,
          parts: [key.subarray(OLD_CAUSES_ROWS.length), json],
        }),
      );
      await journal.add([...kept, ...told]);
      await deleteRows(store, OLD_QUEUED_ROWS);
      await deleteRows(store, OLD_CAUSES_ROWS);
    }
    return journal;
  } catch (error) {
    await journal.close();
    throw error;
  }
}
