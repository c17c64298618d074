/**
 * Owns the header file: the header of every stored block, and where the block is. A start reads it instead of the block
 * files. It can be made again from them. Grows with the blocks, 206 bytes each.
 */
import { FrameFile, type Scan } from '../files/frame-file.ts';
import type { Files } from '../files/port.ts';
import { concat, toBigInt, u64 } from '../format/bytes.ts';
import { HEADER_BYTES } from '../format/header.ts';
import { FILE_KIND } from './file-kinds.ts';

/** A header and where its block is. */
export interface StoredHeader {
  /** Encoded. */
  readonly header: Uint8Array;
  /** Place of the block, or `LOST`. */
  readonly place: number;
}

/** Place of a block that is in no file. */
export const LOST = -1;
export const HEADER_FILE_NAME = 'headers';
/** The file while it is made anew. */
const NEW_NAME = 'headers.new';
const TYPE = 1;
/** Entries of one append while the file is made anew. */
const ENTRIES_AT_ONCE = 1_024;

export class HeaderFile {
  readonly #file: FrameFile;

  private constructor(file: FrameFile) {
    this.#file = file;
  }

  /** The file and what is in it, in the order it was written; `null` if there is none. */
  static async open(
    files: Files,
    owner: Uint8Array,
  ): Promise<{ file: HeaderFile; entries: StoredHeader[]; scan: Scan } | 'damaged' | null> {
    const file = await FrameFile.open(files, HEADER_FILE_NAME, { kind: FILE_KIND.headers, owner });
    if (file === null || file === 'damaged') return file;
    const entries: StoredHeader[] = [];
    try {
      const scan = await file.recover(0, ({ payload }) => {
        if (payload.length === HEADER_BYTES + 8) entries.push(decodeEntry(payload.slice()));
      });
      return { file: new HeaderFile(file), entries, scan };
    } catch (error) {
      await file.close().catch(() => undefined);
      throw error;
    }
  }

  /** A file with these entries in place of what there is. At any moment the old one or the new one is there in whole. */
  static async replace(
    files: Files,
    owner: Uint8Array,
    entries: readonly StoredHeader[],
  ): Promise<HeaderFile> {
    const file = await FrameFile.create(files, NEW_NAME, { kind: FILE_KIND.headers, owner });
    const fresh = new HeaderFile(file);
    try {
      for (let at = 0; at < entries.length; at += ENTRIES_AT_ONCE)
        await fresh.append(entries.slice(at, at + ENTRIES_AT_ONCE));
      await file.sync();
      await files.rename(NEW_NAME, HEADER_FILE_NAME);
      await files.sync();
      return fresh;
    } catch (error) {
      await file.close().catch(() => undefined);
      throw error;
    }
  }

  /** Not synced: what is lost is found again in the block files. */
  async append(entries: readonly StoredHeader[]): Promise<void> {
    if (entries.length === 0) return;
    await this.#file.append(
      entries.map(({ header, place }) => ({ type: TYPE, parts: [concat(header, u64(place + 1))] })),
    );
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

function decodeEntry(payload: Uint8Array): StoredHeader {
  return {
    header: payload.subarray(0, HEADER_BYTES),
    place: Number(toBigInt(payload.subarray(HEADER_BYTES))) - 1,
  };
}
