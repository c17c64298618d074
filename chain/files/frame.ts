/**
 * Owns the bytes of a file of frames. It begins with a head, twice, so that damage to one copy loses nothing:
 *
 *   "pier/log"(8) version(1) kind(1) owner(32) salt(16) checksum(8)     at 0 and again at 4,096
 *
 * Frames follow, one after the other:
 *
 *   mark(4) length(4) type(1) checksum(8) payload(length)
 *
 * The checksum covers the file's salt, the frame's offset, its type, length and payload. The mark follows from the salt.
 * Nobody outside knows the salt, so no bytes that a peer has stored can look like a frame, and after damage the next
 * frame is found by its mark at the speed of a text search.
 */
import { concat, equalBytes, u32, u64 } from '../format/bytes.ts';
import { DOMAIN, hash } from '../format/hash.ts';
import type { Files } from './port.ts';

/** What a file holds, and whose it is. */
export interface FileHead {
  /** One byte; each use of such files has its own. */
  readonly kind: number;
  /** 32 bytes: the chain id. */
  readonly owner: Uint8Array;
  /** 16 random bytes. */
  readonly salt: Uint8Array;
}

export interface Frame {
  /** Offset of the frame in its file. */
  readonly at: number;
  /** Offset behind it. */
  readonly end: number;
  /** One byte, whose meaning belongs to the kind of the file. */
  readonly type: number;
  readonly payload: Uint8Array;
}

/** Largest payload: above the largest block, and little enough to be read at once. */
export const PAYLOAD_MAX = 8 * 1024 * 1024;
export const FRAME_HEAD_BYTES = 17;
const CHECKSUM_BYTES = 8;
const MARK_BYTES = 4;
const VERSION = 1;
const MAGIC = Uint8Array.from('pier/log', (c) => c.charCodeAt(0));
const HEAD_COPY_BYTES = 66;
export const SALT_BYTES = 16;
/** Where the second copy begins: on another sector of the disk. */
const SECOND_COPY_AT = 4_096;
/** Where the first frame begins. */
export const FRAMES_AT = SECOND_COPY_AT + HEAD_COPY_BYTES;

/** The first bytes of a file, up to its first frame. */
export function encodeFileHead({ kind, owner, salt }: FileHead): Uint8Array {
  const copy = concat(MAGIC, Uint8Array.of(VERSION, kind), owner, salt);
  const checked = concat(copy, hash(DOMAIN.fileHead, copy).subarray(0, CHECKSUM_BYTES));
  const bytes = new Uint8Array(FRAMES_AT);
  bytes.set(checked, 0);
  bytes.set(checked, SECOND_COPY_AT);
  return bytes;
}

/** The head in the first bytes of a file, from whichever copy is whole; `null` if neither is. */
export function decodeFileHead(bytes: Uint8Array): FileHead | null {
  return decodeCopy(bytes.subarray(0, HEAD_COPY_BYTES)) ?? decodeCopy(bytes.subarray(SECOND_COPY_AT));
}

function decodeCopy(bytes: Uint8Array): FileHead | null {
  if (bytes.length < HEAD_COPY_BYTES) return null;
  const covered = bytes.subarray(0, HEAD_COPY_BYTES - CHECKSUM_BYTES);
  const checksum = bytes.subarray(HEAD_COPY_BYTES - CHECKSUM_BYTES, HEAD_COPY_BYTES);
  if (!equalBytes(hash(DOMAIN.fileHead, covered).subarray(0, CHECKSUM_BYTES), checksum)) return null;
  if (!equalBytes(covered.subarray(0, MAGIC.length), MAGIC) || covered[8] !== VERSION) return null;
  return { kind: covered[9]!, owner: covered.slice(10, 42), salt: covered.slice(42, 58) };
}

/** Makes and recognises the frames of one file. */
export class FrameCodec {
  readonly mark: Uint8Array;
  readonly #salt: Uint8Array;
  readonly #hash: Files['hash'];

  constructor(salt: Uint8Array, hash: Files['hash']) {
    this.#salt = salt;
    this.#hash = hash;
    this.mark = hash(DOMAIN.fileMark, salt).slice(0, MARK_BYTES);
  }

  /** Writes the frame of a payload, made of `parts`, that is to stand at offset `at` of the file. Returns where it ends in `out`. */
  write(out: Uint8Array, outAt: number, at: number, type: number, parts: readonly Uint8Array[]): number {
    let end = outAt + FRAME_HEAD_BYTES;
    for (const part of parts) {
      out.set(part, end);
      end += part.length;
    }
    const payload = out.subarray(outAt + FRAME_HEAD_BYTES, end);
    out.set(this.mark, outAt);
    out.set(u32(payload.length), outAt + 4);
    out[outAt + 8] = type;
    out.set(this.#checksum(at, type, payload), outAt + 9);
    return end;
  }

  /** Length of the payload that a frame beginning with these bytes has; `null` if none begins so. */
  lengthOf(head: Uint8Array): number | null {
    if (head.length < FRAME_HEAD_BYTES) return null;
    for (let i = 0; i < MARK_BYTES; i++) if (head[i] !== this.mark[i]) return null;
    const length = new DataView(head.buffer, head.byteOffset).getUint32(4);
    return length > PAYLOAD_MAX ? null : length;
  }

  /** The frame in `bytes`, which are those of its whole length at offset `at` of the file; `null` if they aren't one. */
  read(bytes: Uint8Array, at: number): Frame | null {
    const length = this.lengthOf(bytes);
    if (length === null || bytes.length !== FRAME_HEAD_BYTES + length) return null;
    const type = bytes[8]!;
    const payload = bytes.subarray(FRAME_HEAD_BYTES);
    if (!equalBytes(this.#checksum(at, type, payload), bytes.subarray(9, FRAME_HEAD_BYTES))) return null;
    return { at, end: at + bytes.length, type, payload };
  }

  #checksum(at: number, type: number, payload: Uint8Array): Uint8Array {
    const place = concat(this.#salt, u64(at), Uint8Array.of(type), u32(payload.length));
    return this.#hash(DOMAIN.fileFrame, place, payload).subarray(0, CHECKSUM_BYTES);
  }
}
