/** Owns one changed bit in the files of a data folder: where it is drawn, how it is changed, and which rows it hits. */
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Chance } from './parts.ts';
import { countHits, type LiveRow, liveRows } from './tables.ts';

export interface Flip {
  /** Within the data folder. */
  readonly file: string;
  readonly at: number;
  readonly bit: number;
  /** Live rows of state and indexes that are not the same any more. */
  readonly hits: number;
}

/** Of ten draws: at a live row, anywhere in the database, and in the files of blocks, headers and the journal. */
const AT_ROW = 6;
const IN_DATABASE = 8;
/** Around the value of a row: its lengths and its key. */
const BEFORE_BYTES = 12;

/** Changes a bit of the folder, whether a node runs in it or not: one that runs may have deleted a file since it was drawn. */
export function flipBit(data: string, chance: Chance): Flip {
  for (;;) {
    try {
      return flipDrawn(data, chance);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

function flipDrawn(data: string, chance: Chance): Flip {
  const db = join(data, 'db');
  const rows = readRows(db);
  const kind = chance.below(10);
  const place = kind < AT_ROW && rows.length > 0 ? nearRow(rows, db, chance) : anywhere(data, kind, chance);
  const bit = chance.below(8);
  const path = join(data, place.file);
  const file = openSync(path, 'r+');
  try {
    const byte = new Uint8Array(1);
    readSync(file, byte, 0, 1, place.at);
    byte[0]! ^= 1 << bit;
    writeSync(file, byte, 0, 1, place.at);
  } finally {
    closeSync(file);
  }
  const name = place.file.replace(/^db\//, '');
  const hits = name === place.file ? 0 : countHits(rows, name, place.at, readFileSync(path));
  return { ...place, bit, hits };
}

/** The live rows; those of tables that cannot be read are not among them. */
function readRows(db: string): LiveRow[] {
  try {
    return liveRows(db);
  } catch {
    // An earlier bit.
    return [];
  }
}

/** In a row of a kind: kinds with few rows are as likely as those with many. */
function nearRow(rows: readonly LiveRow[], db: string, chance: Chance): { file: string; at: number } {
  const kinds = [...new Set(rows.map(({ key }) => key[0]!))].sort();
  const kind = chance.pick(kinds);
  const { block, value } = chance.pick(rows.filter(({ key }) => key.startsWith(kind)));
  const file = `db/${block.file}`;
  if (block.compressed) return { file, at: block.from + chance.below(block.to - block.from) };
  const bytes = readFileSync(join(db, block.file)).subarray(block.from, block.to);
  const found = Math.max(0, bytes.indexOf(value));
  const from = Math.max(0, found - BEFORE_BYTES);
  return { file, at: block.from + from + chance.below(found + value.length - from) };
}

function anywhere(data: string, kind: number, chance: Chance): { file: string; at: number } {
  const folder = kind < IN_DATABASE ? 'db' : 'chain';
  const files = readdirSync(join(data, folder))
    .map((name) => `${folder}/${name}`)
    .filter((file) => statSync(join(data, file)).isFile() && statSync(join(data, file)).size > 0)
    .sort();
  const file = chance.pick(files);
  return { file, at: chance.below(statSync(join(data, file)).size) };
}
