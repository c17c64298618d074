/**
 * Owns one file of entries that become outdated: acknowledged transactions and the log of causes. They can't be made
 * again from blocks, so they survive a rebuild of the database. Entries that wait are written together and share one
 * sync. When most of the file is outdated, what is still wanted is copied to a new file that takes its place.
 *
 * The journal counts all bytes that were ever written to it, through all copies. Somebody else keeps that count too, so
 * that a file which was cut or put back from an older copy is noticed: it has less.
 *
 * Memory: the entries that wait, which their callers bound, and one step of a copy. Disk: the file is at most twice what
 * its owners want, and `SLACK_BYTES`; both while it is copied.
 */
import { toBigInt, u64 } from '../format/bytes.ts';
import type { Frame } from './frame.ts';
import { FrameFile, type NewFrame } from './frame-file.ts';
import type { Files } from './port.ts';
import { setAside } from './set-aside.ts';

/** Whoever writes entries of some types, and knows which of them are still wanted. */
export interface EntryOwner {
  isWanted(type: number, payload: Uint8Array): boolean;
  /** Payload bytes of all that is wanted. */
  readonly wantedBytes: number;
}

export interface JournalPlace {
  readonly files: Files;
  readonly name: string;
  readonly kind: number;
  /** 32 bytes: the chain id. */
  readonly owner: Uint8Array;
}

interface Waiting {
  readonly entries: readonly NewFrame[];
  readonly sync: boolean;
  resolve(): void;
  reject(error: unknown): void;
}

/** What opening a journal found. */
export interface OpenedJournal {
  readonly journal: Journal;
  /** What of the file can't be read, in words; `null` if all can. Whatever is whole is kept. */
  readonly damage: string | null;
  /** There was no file. */
  readonly isNew: boolean;
  /** The file ends before what had been synced: it was cut, or is an older copy. So it stays until `begin`. */
  readonly isBehind: boolean;
}

/** Type of the entry that says the count of bytes at its own offset. */
const COUNT = 255;
/** Outdated bytes that are not worth a copy. */
const SLACK_BYTES = 1024 * 1024;
/** Bytes copied with one write. */
const COPY_BYTES = 256 * 1024;

export class Journal {
  readonly #place: JournalPlace;
  readonly #owners = new Map<number, EntryOwner>();
  #file: FrameFile;
  /** To be added to an offset in the file to get the count of bytes there. */
  #before: number;
  #synced: number;
  #waiting: Waiting[] = [];
  /** Ends when nothing waits and no copy is being made; `null` while nothing is done. */
  #writing: Promise<void> | null = null;
  /** Something is written that a power cut may still take: at first what an earlier process wrote and did not sync. */
  #isUnsynced = true;
  /** After a failed sync nobody knows what is on the disk: no later one can be believed. */
  #broken: unknown = null;
  /** No copy is made of a smaller file: the last one failed, or got rid of little. */
  #nextCopyAt = 0;

  /** The count goes on from more than the file tells. */
  readonly #isBehind: boolean;

  private constructor(place: JournalPlace, file: FrameFile, before: number, synced: number) {
    this.#place = place;
    this.#file = file;
    this.#isBehind = before + file.end < synced;
    this.#before = this.#isBehind ? synced - file.end : before;
    this.#synced = synced;
  }

  /**
   * Opens the file, or makes it. A file of which nothing can be read is set aside. `synced` is what `synced` was when it was
   * last noted elsewhere, 0 if it was not.
   */
  static async open(place: JournalPlace, synced = 0): Promise<OpenedJournal> {
    const { files, name } = place;
    await files.remove(copyOf(name));
    let file = await FrameFile.open(files, name, place);
    let damage: string | null = null;
    if (file === 'damaged') {
      damage = `the file ${name} can't be read and is kept as ${await setAside(files, name)}`;
      file = null;
    }
    const isNew = file === null && damage === null;
    file ??= await FrameFile.create(files, name, place);
    try {
      let before = 0;
      const scan = await file.recover(0, (frame) => {
        if (frame.type === COUNT) before = Number(toBigInt(frame.payload)) - frame.at;
      });
      if (scan.damaged > 0) damage = `${scan.damaged} bytes of the file ${name} are damaged`;
      const journal = new Journal(place, file, before, synced);
      return { journal, damage, isNew, isBehind: journal.#isBehind };
    } catch (error) {
      await file.close().catch(() => undefined);
      throw error;
    }
  }

  /**
   * Syncs what an earlier process wrote, so that `synced` counts the whole file. Call it before anything is added. `isTold`
   * says that the loss of a file that was behind is noted on disk; the file then gets the full count, and later starts do
   * not report the loss again.
   */
  async begin(isTold: boolean): Promise<void> {
    if (this.#isBehind && isTold) await this.#file.append([countEntry(this.#synced)]);
    await this.#file.sync();
    this.#isUnsynced = false;
    this.#synced = this.#before + this.#file.end;
  }

  /** The count of bytes that survive a power cut. It never falls. */
  get synced(): number {
    return this.#synced;
  }

  /** Says whose entries of these types are. Those of a type that is nobody's are kept for ever. */
  own(types: readonly number[], owner: EntryOwner): void {
    for (const type of types) this.#owners.set(type, owner);
  }

  /** Visits the entries in the file, oldest first. The bytes belong to the scan: copy what you keep. */
  async read(visit: (frame: Frame) => void): Promise<void> {
    await this.#file.scan(0, (frame) => {
      if (frame.type !== COUNT) visit(frame);
    });
  }

  /**
   * Writes entries after all given before. They survive a power cut once it resolves, and so does all that was given
   * before; with no entries it waits for that alone. Rejects if they can't be written.
   */
  add(entries: readonly NewFrame[]): Promise<void> {
    return this.#give(entries, true);
  }

  /** The same, but they only survive the end of the process. */
  note(entries: readonly NewFrame[]): Promise<void> {
    return this.#give(entries, false);
  }

  /** Ends the use of the file after what was given, and after the copy that is being made. */
  async close(): Promise<void> {
    await this.#writing;
    await this.#file.close();
  }

  #give(entries: readonly NewFrame[], sync: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entries, sync, resolve, reject });
      this.#writing ??= this.#writeAll();
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        await this.#write(group);
        for (const { resolve } of group) resolve();
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
      await this.#copyIfWorthIt();
    }
    this.#writing = null;
  }

  async #write(group: readonly Waiting[]): Promise<void> {
    if (this.#broken !== null) throw this.#broken;
    const entries = group.flatMap((one) => one.entries);
    if (entries.length > 0) {
      await this.#file.append(entries);
      this.#isUnsynced = true;
    }
    if (!this.#isUnsynced || !group.some(({ sync }) => sync)) return;
    try {
      await this.#file.sync();
    } catch (error) {
      this.#broken = error;
      throw error;
    }
    this.#isUnsynced = false;
    this.#synced = this.#before + this.#file.end;
  }

  async #copyIfWorthIt(): Promise<void> {
    const owners = new Set(this.#owners.values());
    let wanted = 0;
    for (const { wantedBytes } of owners) wanted += wantedBytes;
    const { end } = this.#file;
    if (this.#broken !== null || end < this.#nextCopyAt || end <= 2 * wanted + SLACK_BYTES) return;
    try {
      await this.#copy();
      this.#nextCopyAt = this.#file.end + SLACK_BYTES;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error;
      // The old file is as good as before; the disk may be full.
      this.#nextCopyAt = 2 * end;
      await this.#place.files.remove(copyOf(this.#place.name)).catch(() => undefined);
    }
  }

  async #copy(): Promise<void> {
    const { files, name } = this.#place;
    const copy = await FrameFile.create(files, copyOf(name), this.#place);
    const count = this.#before + this.#file.end;
    const before = count - copy.end;
    let step: NewFrame[] = [countEntry(count)];
    let bytes = 0;
    const flush = async (): Promise<void> => {
      await copy.append(step);
      step = [];
      bytes = 0;
    };
    try {
      await this.#file.scan(0, async ({ type, payload }) => {
        if (type === COUNT || this.#owners.get(type)?.isWanted(type, payload) === false) return;
        step.push({ type, parts: [payload.slice()] });
        bytes += payload.length;
        if (bytes >= COPY_BYTES) await flush();
      });
      await flush();
      await copy.sync();
      await files.rename(copyOf(name), name);
    } catch (error) {
      await copy.close().catch(() => undefined);
      throw error;
    }
    // The name is the copy's now: whatever fails from here on, the old file must not be written to again.
    const old = this.#file;
    this.#file = copy;
    this.#before = before;
    this.#isUnsynced = false;
    await old.close().catch(() => undefined);
    try {
      await files.sync();
    } catch (error) {
      this.#broken = error;
      throw error;
    }
    this.#synced = before + copy.end;
  }
}

const countEntry = (count: number): NewFrame => ({ type: COUNT, parts: [u64(count)] });

const copyOf = (name: string): string => `${name}.copy`;
