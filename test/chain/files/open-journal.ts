/** Owns a journal over files of a test. */
import { Journal } from '../../../chain/files/journal.ts';
import type { Files } from '../../../chain/files/port.ts';

export async function openJournal(files: Files): Promise<Journal> {
  const { journal } = await Journal.open({
    files,
    name: 'journal',
    kind: 9,
    owner: new Uint8Array(32).fill(3),
  });
  return journal;
}
