/**
 * Owns bytes one after the other: a reader that never goes past the end and a writer that puts no limit on the length,
 * since whoever encodes has one. State: the room the writer keeps between encodings, at most `ROOM_BYTES`.
 */
import { RuleError } from '../errors.ts';

/** More room than this is let go with the encoding that took it. */
const ROOM_BYTES = 2 ** 16;
const FIRST_ROOM_BYTES = 1024;
/** V8 keeps so short an array in its own heap, and moves it out, which costs ten copies, when something makes a view of it. */
const INNER_BYTES = 64;

const EMPTY = new Uint8Array(0);

/** Byte strings are views of what is read, or copies where that is so short that views cost more. */
export class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  u8(): number {
    return this.#bytes[this.#take(1)]!;
  }

  u16(): number {
    const at = this.#take(2);
    return (this.#bytes[at]! << 8) | this.#bytes[at + 1]!;
  }

  u32(): number {
    const bytes = this.#bytes;
    const at = this.#take(4);
    return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  }

  bytes(length: number): Uint8Array {
    const from = this.#take(length);
    // Most memos are.
    if (length === 0) return EMPTY;
    const bytes = this.#bytes;
    if (bytes.length > INNER_BYTES) return new Uint8Array(bytes.buffer, bytes.byteOffset + from, length);
    const copy = new Uint8Array(length);
    for (let i = 0; i < length; i++) copy[i] = bytes[from + i]!;
    return copy;
  }

  /** Throws unless all has been read. */
  end(): void {
    const left = this.#bytes.length - this.#at;
    if (left !== 0) throw new RuleError('MALFORMED', `${left} bytes too many`);
  }

  #take(length: number): number {
    const at = this.#at;
    if (length > this.#bytes.length - at) throw new RuleError('MALFORMED', 'it ends too early');
    this.#at = at + length;
    return at;
  }
}

/** Numbers are checked by whoever calls. */
export class Writer {
  #room = new Uint8Array(FIRST_ROOM_BYTES);
  #at = 0;

  u8(value: number): void {
    const at = this.#reserve(1);
    this.#room[at] = value;
  }

  u16(value: number): void {
    const at = this.#reserve(2);
    this.#room[at] = value >>> 8;
    this.#room[at + 1] = value;
  }

  u32(value: number): void {
    const at = this.#reserve(4);
    const room = this.#room;
    room[at] = value >>> 24;
    room[at + 1] = value >>> 16;
    room[at + 2] = value >>> 8;
    room[at + 3] = value;
  }

  bytes(value: Uint8Array): void {
    const at = this.#reserve(value.length);
    this.#room.set(value, at);
  }

  /** Bytes written since the last `clear`. */
  get length(): number {
    return this.#at;
  }

  /** A copy of all that was written since the last `clear`. */
  written(): Uint8Array {
    return this.#room.slice(0, this.#at);
  }

  clear(): void {
    this.#at = 0;
    if (this.#room.length > ROOM_BYTES) this.#room = new Uint8Array(FIRST_ROOM_BYTES);
  }

  /** Where the next `length` bytes go. */
  #reserve(length: number): number {
    const at = this.#at;
    const end = at + length;
    if (end > this.#room.length) {
      const room = new Uint8Array(Math.max(end, 2 * this.#room.length));
      room.set(this.#room);
      this.#room = room;
    }
    this.#at = end;
    return at;
  }
}
