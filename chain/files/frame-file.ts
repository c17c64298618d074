/**
 * Owns one file of frames: appends, positional reads, and the scan at start, which passes over damage and cuts off only
 * what has no valid frame behind it. Memory: one frame, or one step of a scan.
 */
import { ForeignStoreError } from '../errors.ts';
import { equalBytes, toHex } from '../format/bytes.ts';
import {
  decodeFileHead,
  encodeFileHead,
  type FileHead,
  FRAME_HEAD_BYTES,
  FRAMES_AT,
  type Frame,
  FrameCodec,
  PAYLOAD_MAX,
  SALT_BYTES,
} from './frame.ts';
import { type Files, FilesError, type OpenFile } from './port.ts';

/** A frame to be appended. The payload is the parts, one after the other. */
export interface NewFrame {
  readonly type: number;
  readonly parts: readonly Uint8Array[];
}

/** What a scan found. */
export interface Scan {
  /** Offset behind the last valid frame. */
  readonly end: number;
  /** Bytes between valid frames that belong to none: damage. */
  readonly damaged: number;
  /** Bytes behind the last valid frame: damage, or a write that a crash cut short. */
  readonly tail: number;
}

/** Bytes read at once by a scan. */
const STEP_BYTES = 1024 * 1024;
/** Bytes read at first for one frame: most blocks fit. */
const FIRST_READ_BYTES = 16 * 1024;

export class FrameFile {
  readonly #file: OpenFile;
  readonly #codec: FrameCodec;

  private constructor(file: OpenFile, codec: FrameCodec) {
    this.#file = file;
    this.#codec = codec;
  }

  /**
   * A new file. File, head and name survive a power cut once it resolves. Until it is whole it has
   * another name.
   */
  static async create(
    files: Files,
    name: string,
    { kind, owner }: Pick<FileHead, 'kind' | 'owner'>,
  ): Promise<FrameFile> {
    const salt = files.random(SALT_BYTES);
    const file = await files.create(`${name}.new`);
    try {
      await file.append(encodeFileHead({ kind, owner, salt }));
      await file.sync();
      await files.rename(`${name}.new`, name);
      await files.sync();
    } catch (error) {
      await file.close().catch(() => undefined);
      await files.remove(`${name}.new`).catch(() => undefined);
      throw error;
    }
    return new FrameFile(file, new FrameCodec(salt, (domain, ...parts) => files.hash(domain, ...parts)));
  }

  /**
   * An existing file; `null` if there is none. `'damaged'` if the name is a folder's, the file is shorter than its head, or
   * no copy of the head is whole, so that nothing in it can be told from damage. Throws if it belongs to another owner.
   */
  static async open(
    files: Files,
    name: string,
    { kind, owner }: Pick<FileHead, 'kind' | 'owner'>,
  ): Promise<FrameFile | 'damaged' | null> {
    let file: OpenFile | null;
    try {
      file = await files.open(name);
    } catch (error) {
      if (error instanceof FilesError && error.code === 'NOT_A_FILE') return 'damaged';
      throw error;
    }
    if (file === null) return null;
    try {
      const head = decodeFileHead(await file.read(0, FRAMES_AT));
      if (head === null || head.kind !== kind || file.size < FRAMES_AT) {
        await file.close();
        return 'damaged';
      }
      if (!equalBytes(head.owner, owner)) {
        throw new ForeignStoreError(
          `the file ${name} belongs to the ledger ${toHex(head.owner)}, not to ${toHex(owner)}: use another folder or genesis`,
        );
      }
      return new FrameFile(
        file,
        new FrameCodec(head.salt, (domain, ...parts) => files.hash(domain, ...parts)),
      );
    } catch (error) {
      await file.close().catch(() => undefined);
      throw error;
    }
  }

  /** Offset of the next frame. Before `recover` it may be behind a torn one. */
  get end(): number {
    return Math.max(FRAMES_AT, this.#file.size);
  }

  /**
   * Appends frames in one write. Returns their offsets. They survive the end of the process once it resolves, a power cut
   * after `sync`. On failure none of them is there. Must not be called before the last call has resolved.
   */
  async append(frames: readonly NewFrame[]): Promise<number[]> {
    let bytes = 0;
    for (const { parts } of frames) bytes += FRAME_HEAD_BYTES + lengthOf(parts);
    const out = new Uint8Array(bytes);
    const base = this.#file.size;
    const offsets: number[] = [];
    let at = 0;
    for (const { type, parts } of frames) {
      if (lengthOf(parts) > PAYLOAD_MAX) throw new RangeError(`a frame of ${lengthOf(parts)} bytes`);
      offsets.push(base + at);
      at = this.#codec.write(out, at, base + at, type, parts);
    }
    await this.#file.append(out);
    return offsets;
  }

  sync(): Promise<void> {
    return this.#file.sync();
  }

  /** The frame at an offset that `append` or a scan gave; `null` if there is no valid one. */
  async read(at: number): Promise<Frame | null> {
    const first = await this.#file.read(at, FIRST_READ_BYTES);
    const length = this.#codec.lengthOf(first);
    if (length === null) return null;
    const whole = FRAME_HEAD_BYTES + length;
    if (whole <= first.length) return this.#codec.read(first.subarray(0, whole), at);
    return this.#codec.read(await this.#file.read(at, whole), at);
  }

  /**
   * Visits all valid frames from offset `from` on, 0 for all, in order, and awaits each visit. The bytes of a frame
   * belong to the scan: copy what you keep.
   */
  async scan(from: number, visit: (frame: Frame) => void | Promise<void>): Promise<Scan> {
    const { size } = this.#file;
    const window = new Window(this.#file);
    let at = Math.max(from, FRAMES_AT);
    let end = at;
    let damaged = 0;
    while (at + FRAME_HEAD_BYTES <= size) {
      const length = this.#codec.lengthOf(await window.at(at, FRAME_HEAD_BYTES));
      const whole = FRAME_HEAD_BYTES + (length ?? 0);
      const fits = length !== null && at + whole <= size;
      const frame = fits ? this.#codec.read(await window.at(at, whole), at) : null;
      if (frame === null) {
        at = await window.find(this.#codec.mark, at + 1, size);
        continue;
      }
      damaged += at - end;
      await visit(frame);
      at = frame.end;
      end = at;
    }
    return { end, damaged, tail: Math.max(0, size - end) };
  }

  /** Scans, and cuts off what has no valid frame behind it, so that frames can be appended. */
  async recover(from: number, visit: (frame: Frame) => void | Promise<void>): Promise<Scan> {
    const found = await this.scan(from, visit);
    if (found.tail > 0) {
      await this.#file.truncate(found.end);
      await this.#file.sync();
    }
    return found;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** Part of a file that moves forward with a scan. */
class Window {
  readonly #file: OpenFile;
  #bytes = new Uint8Array(0);
  #at = 0;

  constructor(file: OpenFile) {
    this.#file = file;
  }

  /** The bytes at an offset; fewer at the end of the file. */
  async at(at: number, length: number): Promise<Uint8Array> {
    if (at < this.#at || at + length > this.#at + this.#bytes.length) {
      this.#bytes = (await this.#file.read(at, Math.max(length, STEP_BYTES))) as Uint8Array<ArrayBuffer>;
      this.#at = at;
    }
    return this.#bytes.subarray(at - this.#at, at - this.#at + length);
  }

  /** Offset of the next mark from `at` on; `size` if there is none. */
  async find(mark: Uint8Array, at: number, size: number): Promise<number> {
    while (at + mark.length <= size) {
      const bytes = await this.at(at, Math.min(STEP_BYTES, size - at));
      const found = indexOf(bytes, mark);
      if (found !== -1) return at + found;
      if (bytes.length < mark.length) return size;
      at += bytes.length - mark.length + 1;
    }
    return size;
  }
}

function indexOf(bytes: Uint8Array, mark: Uint8Array): number {
  for (let i = bytes.indexOf(mark[0]!); i !== -1; i = bytes.indexOf(mark[0]!, i + 1)) {
    if (i + mark.length > bytes.length) return -1;
    if (mark.every((byte, j) => bytes[i + j] === byte)) return i;
  }
  return -1;
}

function lengthOf(parts: readonly Uint8Array[]): number {
  let length = 0;
  for (const part of parts) length += part.length;
  return length;
}
