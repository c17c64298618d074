import { expect, test } from 'vitest';
import { FrameFile } from '../../../chain/files/frame-file.ts';
import { Journal } from '../../../chain/files/journal.ts';
import type { MemoryFile } from '../../../chain/files/memory-files.ts';
import { HeaderFile } from '../../../chain/ledger/header-file.ts';
import { WatchedFiles } from './watched-files.ts';

const OWNER = new Uint8Array(32).fill(3);
const PLACE = { name: 'a', kind: 9, owner: OWNER };

/** Files of which an operation fails, and which count those that are open. */
class FailingFiles extends WatchedFiles {
  opened = 0;
  fails: 'append' | 'sync' | 'read' | null = null;
  /** Operations that succeed before one fails. */
  left = 0;
  failsToClose = false;

  protected watch(file: MemoryFile): MemoryFile {
    this.opened++;
    const check = (name: string): void => {
      if (this.fails === name && this.left-- <= 0) throw new Error('a bad disk');
    };
    const { append, sync, read } = file;
    file.append = async (bytes) => {
      check('append');
      await append.call(file, bytes);
    };
    file.sync = async () => {
      check('sync');
      await sync.call(file);
    };
    file.read = async (at, length) => {
      check('read');
      return read.call(file, at, length);
    };
    file.close = async () => {
      this.opened--;
      if (this.failsToClose) throw new Error('not closed');
    };
    return file;
  }
}

test('what fails while a file is opened or made leaves none open, and its error is the one that is told', async () => {
  const entries = [{ header: new Uint8Array(198), place: 0 }];
  const openings: Record<string, (files: FailingFiles) => Promise<unknown>> = {
    create: (files) => FrameFile.create(files, 'a', PLACE),
    open: (files) => FrameFile.open(files, 'a', PLACE),
    journal: (files) => Journal.open({ files, ...PLACE }),
    replace: (files) => HeaderFile.replace(files, OWNER, entries),
  };
  let failures = 0;
  for (const [name, opening] of Object.entries(openings))
    for (const fails of ['append', 'sync', 'read'] as const)
      for (const left of [0, 1])
        for (const failsToClose of [false, true]) {
          const files = new FailingFiles();
          if (name === 'open' || name === 'journal') {
            const file = await FrameFile.create(files, 'a', PLACE);
            await file.append([{ type: 1, parts: [new Uint8Array(9)] }]);
            await file.close();
          }
          Object.assign(files, { fails, left, failsToClose });
          const error = await opening(files).then(
            () => null,
            (error: Error) => error.message,
          );
          if (error === null) continue;
          failures++;
          const scene = `${name} ${fails} ${left}`;
          expect([scene, error, files.opened]).toEqual([scene, 'a bad disk', 0]);
          if (name === 'create') expect(files.names()).toEqual([]);
        }
  expect(failures).toBeGreaterThanOrEqual(12);
});
