/**
 * Owns how bytes and text that somebody else chose are shown: memos, record names, media types, names of agents, reasons
 * that a node gives. What is shown can't steer a terminal, can't hide anything, and is the same in every runtime: the
 * table is pinned (`text-table.ts`).
 *
 * - A visible character is shown as it is: a letter, mark, number, punctuation mark or symbol of Unicode 17.0 that leaves
 *   ink, or a space between others.
 * - A mark is shown behind a visible character other than a space, at most `MARKS_MAX` in a row: at the start it would be
 *   drawn over what stands before the text, and a pile of them over other lines.
 * - U+200C and U+200D are shown between two visible characters beyond ASCII, where scripts and emoji need them.
 * - Everything else is escaped, and so is the backslash: `\\`, `\n`, `\r`, `\t`, `\u{…}` for a code point, `\x…` for a
 *   byte that is no part of UTF-8.
 *
 * Different bytes are never shown as the same string. Characters that look alike (Latin and Cyrillic a, composed and
 * decomposed é) are different strings that the eye may take for the same, and right-to-left letters are drawn as the
 * terminal does it: the hex beside the text is what tells.
 */
import { MARKS, VISIBLE, WIDE } from './text-table.ts';

const MARKS_MAX = 8;
const SPACE = 0x20;
const BACKSLASH = 0x5c;
const NON_JOINER = 0x200c;
const JOINER = 0x200d;

/** A set of code points as the sorted points where it begins and ends. */
class PointSet {
  readonly #edges: Uint32Array;

  constructor(distances: string) {
    let at = 0;
    this.#edges = Uint32Array.from(distances.trim().split(/\s+/), (step) => {
      at += parseInt(step, 36);
      return at;
    });
  }

  has(point: number): boolean {
    let low = 0;
    let high = this.#edges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#edges[middle]! <= point) low = middle + 1;
      else high = middle;
    }
    return low % 2 === 1;
  }
}

const visible = new PointSet(VISIBLE);
const marks = new PointSet(MARKS);
const wide = new PointSet(WIDE);

const isPlain = (point: number): boolean => point >= SPACE && point < 0x7f;

/** True if the code point leaves ink by itself, or is the space. */
export const isVisible = (point: number): boolean => isPlain(point) || (point > 0x7f && visible.has(point));
const isMark = (point: number): boolean => point > 0x7f && marks.has(point);
const isJoiner = (point: number): boolean => point === NON_JOINER || point === JOINER;

/** Bytes as they are shown. `showText` leaves the result as it is. */
export function showBytes(bytes: Uint8Array): string {
  const points = decode(bytes);
  const last = points.length - 1;
  return show(points, (point, i) => point === BACKSLASH || (point === SPACE && (i === 0 || i === last)));
}

/** The UTF-8 bytes of a string as they are shown. */
export function showString(text: string): string {
  return showBytes(new TextEncoder().encode(text));
}

/**
 * Text of which somebody else says that it is fit to be shown: its backslashes and spaces stay, all else is escaped as in
 * `showBytes`. Text that is safe already is not changed.
 */
export function showText(text: string): string {
  const points = Array.from(text, (character) => character.codePointAt(0)!);
  return points.every(isPlain) ? text : show(points, () => false);
}

/** Columns that visible text takes on a terminal: marks and joiners none, East Asian characters and emoji two. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) {
    const point = character.codePointAt(0)!;
    if (isPlain(point)) columns += 1;
    else if (!isMark(point) && !isJoiner(point)) columns += wide.has(point) ? 2 : 1;
  }
  return columns;
}

function show(points: readonly number[], isEscaped: (point: number, i: number) => boolean): string {
  let out = '';
  /** The character before, if it was shown; how many marks and joiners end there. */
  let before: number | null = null;
  let run = 0;
  for (const [i, point] of points.entries()) {
    const context: Context = { before, after: points[i + 1], run };
    const shown = !isEscaped(point, i) && fits(point, context);
    out += shown ? String.fromCodePoint(point) : escapeOf(point);
    run = shown && (isMark(point) || isJoiner(point)) ? run + 1 : 0;
    before = shown ? point : null;
  }
  return out;
}

interface Context {
  readonly before: number | null;
  readonly after: number | undefined;
  readonly run: number;
}

function fits(point: number, { before, after, run }: Context): boolean {
  if (isMark(point)) return run < MARKS_MAX && before !== null && before !== SPACE;
  // A mark may follow the joiner, and has to find room.
  if (isJoiner(point)) return run < MARKS_MAX - 1 && isInk(before) && isInk(after);
  return isVisible(point);
}

/** A visible character beyond ASCII. */
function isInk(point: number | null | undefined): boolean {
  return point != null && point > 0x7f && visible.has(point);
}

const NAMES = new Map([
  [BACKSLASH, '\\\\'],
  [0x0a, '\\n'],
  [0x0d, '\\r'],
  [0x09, '\\t'],
]);

/** A negative number is a byte that is no part of UTF-8. */
function escapeOf(point: number): string {
  if (point < 0) return `\\x${(-point).toString(16)}`;
  return NAMES.get(point) ?? `\\u{${point.toString(16)}}`;
}

/** The code points of UTF-8 (RFC 3629: shortest forms only, no surrogates), with each byte that is no part of it negative. */
function decode(bytes: Uint8Array): number[] {
  const points: number[] = [];
  for (let i = 0; i < bytes.length; ) {
    const length = lengthOf(bytes, i);
    if (length === 0) points.push(-bytes[i++]!);
    else {
      let point = length === 1 ? bytes[i]! : bytes[i]! & (0x7f >> length);
      for (let k = 1; k < length; k++) point = (point << 6) | (bytes[i + k]! & 0x3f);
      points.push(point);
      i += length;
    }
  }
  return points;
}

/** Bytes of the character that begins there; 0 if none does. */
function lengthOf(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  for (let k = 1; k < length; k++) if (((bytes[at + k] ?? 0) & 0xc0) !== 0x80) return 0;
  const second = bytes[at + 1]!;
  if (first === 0xe0 && second < 0xa0) return 0;
  if (first === 0xed && second > 0x9f) return 0;
  if (first === 0xf0 && second < 0x90) return 0;
  if (first === 0xf4 && second > 0x8f) return 0;
  return length;
}
