/**
 * Owns the block files: every stored block, header and body, is a frame of the last of them. A block's place is one
 * number, `file * FILE_BYTES + offset`. Nothing in them is ever changed or removed.
 *
 * Grows with the blocks that were complete, each of which took its miner work. At most `OPEN_MAX` files are open.
 */
import { assert } from '../errors.ts';
import { FRAME_HEAD_BYTES, type Frame } from '../files/frame.ts';
import { FrameFile, type NewFrame } from '../files/frame-file.ts';
import type { Files } from '../files/port.ts';
import { equalBytes } from '../format/bytes.ts';
import { HEADER_BYTES, headerIdOfBytes } from '../format/header.ts';
import { FILE_KIND } from './file-kinds.ts';

/** A block to be stored, encoded. */
export interface NewBlock {
  readonly header: Uint8Array;
  readonly body: Uint8Array;
}

/** No frame begins at or behind this offset: there the next file begins. */
export const FILE_BYTES = 64 * 1024 * 1024;
/** With the one that is written to. */
const OPEN_MAX = 4;
const TYPE = 1;
const NAME = /^blocks-([0-9]{6})$/;

export const blockFileName = (number: number): string => `blocks-${String(number).padStart(6, '0')}`;

/** Number of the block file of this name; `null` if it is none. */
export function blockFileNumber(name: string): number | null {
  const text = NAME.exec(name)?.[1];
  return text === undefined ? null : Number(text);
}

/** What a block's frame holds. */
export function readBlockFrame({ type, payload }: Frame): { header: Uint8Array; body: Uint8Array } | null {
  if (type !== TYPE || payload.length < HEADER_BYTES) return null;
  return { header: payload.subarray(0, HEADER_BYTES), body: payload.subarray(HEADER_BYTES) };
}

/** An open file, and how many reads are under way. */
interface Reader {
  readonly file: Promise<FrameFile | 'damaged' | null>;
  users: number;
}

export class BlockFiles {
  readonly #files: Files;
  readonly #owner: Uint8Array;
  /** The file that is written to; `null` until there is a first block. */
  #last: FrameFile | null;
  #number: number;
  /** Open files, the longest unused first. The one that is written to stays. */
  readonly #readers = new Map<number, Reader>();
  #synced: boolean;
  /** After a failed sync nobody knows what is on the disk: no later one can be believed. */
  #broken: unknown = null;
  #closed = false;

  /** `last` is the file to go on in, whose number is `number`; without one the next block begins it. */
  constructor(files: Files, owner: Uint8Array, number: number, last: FrameFile | null) {
    this.#files = files;
    this.#owner = owner;
    this.#number = number;
    this.#last = last;
    // A process that was killed may have written blocks that it did not sync.
    this.#synced = last === null;
    if (last !== null) this.#keepOpen(last);
  }

  /** Appends blocks and returns their places. They survive a power cut after `sync`. One call at a time. */
  async append(blocks: readonly NewBlock[]): Promise<number[]> {
    const places: number[] = [];
    if (blocks.length === 0) return places;
    let frames: NewFrame[] = [];
    let end = (await this.#writable()).end;
    for (const { header, body } of blocks) {
      if (end >= FILE_BYTES) {
        places.push(...(await this.#write(frames)));
        frames = [];
        end = (await this.#writable()).end;
      }
      frames.push({ type: TYPE, parts: [header, body] });
      end += FRAME_HEAD_BYTES + header.length + body.length;
    }
    places.push(...(await this.#write(frames)));
    return places;
  }

  /** Resolves once all that was appended survives a power cut. */
  async sync(): Promise<void> {
    if (this.#broken !== null) throw this.#broken;
    if (this.#synced || this.#last === null) return;
    try {
      await this.#last.sync();
    } catch (error) {
      this.#broken = error;
      throw error;
    }
    this.#synced = true;
  }

  /** The encoded body of the block of this id at a place; `null` if it isn't there, or damaged. */
  async read(place: number, id: Uint8Array): Promise<Uint8Array | null> {
    if (place < 0) return null;
    const frame = await this.#use(Math.floor(place / FILE_BYTES), (file) => file.read(place % FILE_BYTES));
    const block = frame === null ? null : readBlockFrame(frame);
    if (block === null || !equalBytes(headerIdOfBytes(block.header), id)) return null;
    return block.body;
  }

  /** Nothing may be appended afterwards. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { file } of this.#readers.values()) await closeFile(await file);
    this.#readers.clear();
    this.#last = null;
  }

  async #write(frames: readonly NewFrame[]): Promise<number[]> {
    this.#synced = false;
    const offsets = await this.#last!.append(frames);
    return offsets.map((offset) => this.#number * FILE_BYTES + offset);
  }

  /** The file that the next block goes to. */
  async #writable(): Promise<FrameFile> {
    // To begin a file would delete the one of that name.
    assert(!this.#closed, 'the block files are open');
    if (this.#last !== null && this.#last.end < FILE_BYTES) return this.#last;
    await this.sync();
    const number = this.#last === null ? this.#number : this.#number + 1;
    const head = { kind: FILE_KIND.blocks, owner: this.#owner };
    this.#last = await FrameFile.create(this.#files, blockFileName(number), head);
    this.#number = number;
    this.#keepOpen(this.#last);
    await this.#letGo();
    return this.#last;
  }

  #keepOpen(file: FrameFile): void {
    this.#readers.set(this.#number, { file: Promise.resolve(file), users: 0 });
  }

  async #use<T>(number: number, read: (file: FrameFile) => Promise<T | null>): Promise<T | null> {
    const head = { kind: FILE_KIND.blocks, owner: this.#owner };
    const reader = this.#readers.get(number) ?? {
      file: FrameFile.open(this.#files, blockFileName(number), head),
      users: 0,
    };
    this.#readers.delete(number);
    this.#readers.set(number, reader);
    reader.users++;
    try {
      const file = await reader.file.catch((error) => {
        this.#readers.delete(number);
        throw error;
      });
      return file === null || file === 'damaged' ? null : await read(file);
    } finally {
      reader.users--;
      await this.#letGo();
    }
  }

  async #letGo(): Promise<void> {
    for (const [number, reader] of this.#readers) {
      if (this.#readers.size <= OPEN_MAX) return;
      if (reader.users > 0 || number === this.#number) continue;
      this.#readers.delete(number);
      await closeFile(await reader.file);
    }
  }
}

async function closeFile(file: FrameFile | 'damaged' | null): Promise<void> {
  if (file !== null && file !== 'damaged') await file.close();
}
