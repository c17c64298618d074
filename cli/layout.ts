/** Owns how facts are laid out for people: aligned columns, short ids, ages, counts. Pure text, no terminal. */
import { columnsOf } from '../chain/format/text.ts';

export type Alignment = 'left' | 'right';

/** Colour codes take no room on the screen. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what is looked for
const STYLE = /\x1b\[[0-9;]*m/g;

/** Columns the text takes on the screen. */
export function widthOf(text: string): number {
  return columnsOf(text.replace(STYLE, ''));
}

/** The line cut to so many columns; colour codes are kept whole, and ended. */
export function clip(line: string, columns: number): string {
  if (widthOf(line) <= columns) return line;
  let width = 0;
  let out = '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character begins a colour
  for (const part of line.split(/(\x1b\[[0-9;]*m)/)) {
    if (part.startsWith('\x1b')) out += part;
    else {
      for (const character of part) {
        width += columnsOf(character);
        if (width <= columns) out += character;
      }
    }
  }
  return out;
}

/** Rows as lines, two spaces between columns, each column as wide as its widest cell. */
export function layTable(
  rows: readonly (readonly string[])[],
  alignments: readonly Alignment[] = [],
): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, widthOf(cell));
  }
  return rows.map((row) =>
    row
      .map((cell, i) => {
        const padding = ' '.repeat((widths[i] ?? 0) - widthOf(cell));
        return alignments[i] === 'right' ? padding + cell : cell + padding;
      })
      .join('  ')
      .trimEnd(),
  );
}

/** A name and its value a line, values aligned. Entries without a value are left out. */
export function layFacts(facts: readonly (readonly [string, string | null | undefined])[]): string {
  const present = facts.filter((fact): fact is [string, string] => fact[1] != null);
  return layTable(present).join('\n');
}

/** Enough of an id to tell it from others on the screen. */
export function shortId(id: string): string {
  return id.slice(0, 10);
}

/** `pier1…` shortened in its middle. */
export function shortAddress(address: string): string {
  return address.length <= 18 ? address : `${address.slice(0, 10)}…${address.slice(-5)}`;
}

/** A span of time in its largest fitting unit: `0.4 s`, `12 s`, `3 min`, `5 h`, `2 d`. */
export function formatSpan(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** `1 block`, `3 blocks`. */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Date and time of this machine with its offset from UTC: `2026-11-22 08:06:16 +01:00`. */
export function formatTime(ms: number): string {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return `${ms} ms after 1970`;
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(twoDigits).join('-');
  return `${day} ${formatClock(ms)}`;
}

/** Time of day of this machine with its offset from UTC: `08:06:16 +01:00`. */
export function formatClock(ms: number): string {
  const date = new Date(ms);
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':');
  const east = -date.getTimezoneOffset();
  const offset = [Math.floor(Math.abs(east) / 60), Math.abs(east) % 60].map(twoDigits).join(':');
  return `${time} ${east < 0 ? '-' : '+'}${offset}`;
}

const twoDigits = (value: number): string => String(value).padStart(2, '0');

/** Bytes for people. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
