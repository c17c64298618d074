/**
 * Owns reading LevelDB's table files as bytes, to tell which rows a changed bit belongs to. Written after LevelDB's
 * `doc/table_format.md` and Snappy's `format_description.txt`. Checksums are not looked at.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A version of a row, in a block of a table. */
interface TableRow {
  /** Key as the application gave it, as latin1 text. */
  readonly key: string;
  /** Later versions have higher ones. */
  readonly sequence: bigint;
  readonly deleted: boolean;
  readonly value: Uint8Array;
}

/** A block of rows, and where in the file its bytes are. */
interface TableBlock {
  readonly file: string;
  readonly from: number;
  /** Behind the last byte of what holds the rows. */
  readonly to: number;
  readonly compressed: boolean;
  readonly rows: readonly TableRow[];
}

/** A row as it is in force. */
export interface LiveRow extends TableRow {
  readonly block: TableBlock;
}

const FOOTER_BYTES = 48;
const SNAPPY = 1;

/** The newest version of each row that is in the tables of a database that is closed. */
export function liveRows(folder: string): LiveRow[] {
  const newest = new Map<string, LiveRow>();
  for (const file of readdirSync(folder).filter((name) => /\.ldb$/.test(name))) {
    for (const block of readBlocks(file, readFileSync(join(folder, file))))
      for (const row of block.rows) {
        const other = newest.get(row.key);
        if (other === undefined || other.sequence < row.sequence) newest.set(row.key, { ...row, block });
      }
  }
  return [...newest.values()].filter(({ deleted }) => !deleted);
}

/** How many of these live rows are not the same any more, or gone, once a bit of a table has changed. */
export function countHits(rows: readonly LiveRow[], file: string, at: number, bytes: Uint8Array): number {
  const hit = rows.filter(({ block }) => block.file === file && at >= block.from && at < block.to);
  if (hit.length === 0) return 0;
  const { from, to, compressed } = hit[0]!.block;
  let now: readonly TableRow[] = [];
  try {
    now = readRows(compressed ? uncompress(bytes.subarray(from, to)) : bytes.subarray(from, to));
  } catch {
    return hit.length;
  }
  const same = new Map(now.map((row) => [`${row.key} ${row.sequence}`, row.value]));
  return hit.filter(({ key, sequence, value }) => {
    const other = same.get(`${key} ${sequence}`);
    return other === undefined || Buffer.compare(other, value) !== 0;
  }).length;
}

function readBlocks(file: string, bytes: Uint8Array): TableBlock[] {
  const footer = new Reader(bytes.subarray(bytes.length - FOOTER_BYTES));
  footer.handle();
  const index = footer.handle();
  const entries = readEntries(contentOf(bytes, index));
  return entries.map(({ value }) => {
    const handle = new Reader(value).handle();
    const compressed = bytes[handle.offset + handle.size] === SNAPPY;
    const rows = readRows(contentOf(bytes, handle));
    return { file, from: handle.offset, to: handle.offset + handle.size, compressed, rows };
  });
}

function contentOf(bytes: Uint8Array, { offset, size }: { offset: number; size: number }): Uint8Array {
  const content = bytes.subarray(offset, offset + size);
  return bytes[offset + size] === SNAPPY ? uncompress(content) : content;
}

function readRows(block: Uint8Array): TableRow[] {
  return readEntries(block).map(({ key, value }) => {
    const tag = Buffer.from(key.subarray(-8)).readBigUInt64LE();
    const name = Buffer.from(key.subarray(0, -8)).toString('latin1');
    return { key: name, sequence: tag >> 8n, deleted: (tag & 0xffn) === 0n, value };
  });
}

/** Keys are stored without what they share with the key before. At the end is a list of places and its length. */
function readEntries(block: Uint8Array): { key: Uint8Array; value: Uint8Array }[] {
  const restarts = Buffer.from(block.subarray(-4)).readUInt32LE();
  const end = block.length - 4 - 4 * restarts;
  const reader = new Reader(block.subarray(0, end));
  const entries: { key: Uint8Array; value: Uint8Array }[] = [];
  let last = new Uint8Array(0);
  while (!reader.isAtEnd) {
    const shared = reader.varint();
    const rest = reader.varint();
    const valueBytes = reader.varint();
    if (shared > last.length) throw new RangeError('a key shares more than there is');
    const key = new Uint8Array([...last.subarray(0, shared), ...reader.take(rest)]);
    entries.push({ key, value: reader.take(valueBytes) });
    last = key;
  }
  return entries;
}

function uncompress(bytes: Uint8Array): Uint8Array {
  const reader = new Reader(bytes);
  const out = new Uint8Array(reader.varint());
  let at = 0;
  while (!reader.isAtEnd) {
    const tag = reader.byte();
    const kind = tag & 3;
    if (kind === 0) {
      const extra = (tag >> 2) - 59;
      const length = 1 + (extra <= 0 ? tag >> 2 : reader.little(extra));
      out.set(reader.take(length), at);
      at += length;
      continue;
    }
    const length = kind === 1 ? 4 + ((tag >> 2) & 7) : 1 + (tag >> 2);
    const back = kind === 1 ? ((tag >> 5) << 8) | reader.byte() : reader.little(kind === 2 ? 2 : 4);
    if (back === 0 || back > at || at + length > out.length) throw new RangeError('a copy from nowhere');
    for (let i = 0; i < length; i++, at++) out[at] = out[at - back]!;
  }
  if (at !== out.length) throw new RangeError('too short');
  return out;
}

/** Reads forward; throws `RangeError` at the end. */
class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number {
    if (this.isAtEnd) throw new RangeError('at the end');
    return this.#bytes[this.#at++]!;
  }

  take(length: number): Uint8Array {
    if (this.#at + length > this.#bytes.length) throw new RangeError('at the end');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  little(length: number): number {
    return this.take(length).reduceRight((sum, byte) => sum * 256 + byte, 0);
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError('a number that does not end');
  }

  handle(): { offset: number; size: number } {
    return { offset: this.varint(), size: this.varint() };
  }
}
