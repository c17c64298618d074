/**
 * Owns making `chain/format/text-table.ts` from the Unicode data of the runtime, which must be of the version that the
 * table names. Usage: node test/chain/format/make-text-table.mjs > chain/format/text-table.ts
 */
const VERSION = '17.0';
/** Columns of a line of the table. */
const WIDTH = 96;

if (process.versions.unicode !== VERSION) {
  process.stderr.write(`this Node has Unicode ${process.versions.unicode}, the table is of ${VERSION}\n`);
  process.exit(1);
}

/**
 * Letters, marks, numbers, punctuation and symbols that leave ink. `Default_Ignorable_Code_Point` takes out fillers,
 * variation selectors, tags and other characters that are drawn as nothing.
 */
const INK = /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u;
const IGNORABLE = /^\p{Default_Ignorable_Code_Point}$/u;
const MARK = /^\p{M}$/u;

/**
 * Characters of those categories that are blank all the same: the Braille pattern without dots, the replacement of an
 * object, the Khitan filler, Egyptian blanks and the musical null notehead.
 */
const BLANK = new Set([0x2800, 0xfffc, 0x16fe4, 0x13441, 0x13442, 0x1d159]);

/** Two columns wide: East Asian scripts and forms (UAX #11), and what is an emoji by default. */
const EMOJI = /^\p{Emoji_Presentation}$/u;
/** @type {[number, number][]} */
const WIDE = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2630, 0x2637],
  [0x268a, 0x268f],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18dff],
  [0x1aff0, 0x1b2ff],
  [0x1f200, 0x1f265],
  [0x20000, 0x3fffd],
];

/** @param {number} point */
const isSurrogate = (point) => point >= 0xd800 && point <= 0xdfff;
/** @param {number} point @param {RegExp} pattern */
const matches = (point, pattern) => pattern.test(String.fromCodePoint(point));
/** @param {number} point */
const isVisible = (point) =>
  point === 0x20 || (matches(point, INK) && !matches(point, IGNORABLE) && !BLANK.has(point));
/** @param {number} point */
const isMark = (point) => isVisible(point) && matches(point, MARK);
/** @param {number} point */
const isWide = (point) =>
  isVisible(point) &&
  !isMark(point) &&
  (matches(point, EMOJI) || WIDE.some(([from, to]) => point >= from && point <= to));

/**
 * The points where membership changes, as distances in base 36: out, in, out, in …
 * @param {(point: number) => boolean} member
 */
function rangesOf(member) {
  /** @type {string[]} */
  const steps = [];
  let last = 0;
  let inside = false;
  for (let point = 0; point <= 0x110000; point++) {
    const now = point < 0x110000 && !isSurrogate(point) && member(point);
    if (now === inside) continue;
    steps.push((point - last).toString(36));
    last = point;
    inside = now;
  }
  const lines = [''];
  for (const step of steps) {
    const line = lines.at(-1) ?? '';
    if (line.length + step.length + 1 > WIDTH) lines.push(step);
    else lines[lines.length - 1] = line === '' ? step : `${line} ${step}`;
  }
  return lines.map((line) => `  ${line}`).join('\n');
}

process.stdout.write(`/**
 * Owns which code points are visible, which of them are marks, and which take two columns: Unicode ${VERSION}, pinned here
 * so that every runtime shows the same text. Made by \`test/chain/format/make-text-table.mjs\`; not edited by hand.
 */
export const UNICODE_VERSION = '${VERSION}';

/** Distances between the points where a set begins and ends, in base 36. */
export const VISIBLE = \`
${rangesOf(isVisible)}
\`;

/** Marks that are drawn with the character before them. */
export const MARKS = \`
${rangesOf(isMark)}
\`;

export const WIDE = \`
${rangesOf(isWide)}
\`;
`);
