/**
 * Owns finding the stored blocks at start. The header file names them; of each block file only what is behind the last
 * block it names is scanned. If the header file is damaged, gone, or names what isn't there, it is made again, from the
 * block files where need be. Files that can't be used are set aside under another name.
 *
 * Bounds: one entry of some 300 bytes for each stored block while it runs; files set aside as `setAside` says.
 */
import { FrameFile } from '../files/frame-file.ts';
import type { Files } from '../files/port.ts';
import { setAside } from '../files/set-aside.ts';
import { toText } from '../format/bytes.ts';
import { headerIdOfBytes } from '../format/header.ts';
import { BlockFiles, blockFileNumber, FILE_BYTES, readBlockFrame } from './block-files.ts';
import { FILE_KIND } from './file-kinds.ts';
import { HEADER_FILE_NAME, HeaderFile, LOST, type StoredHeader } from './header-file.ts';

export interface StoredBlocks {
  readonly blocks: BlockFiles;
  readonly headers: HeaderFile;
  /** By id as text. A block that was stored twice is at its last place; one at `LOST` has only its header left. */
  readonly found: ReadonlyMap<string, StoredHeader>;
  /** What can't be used, in words. */
  readonly damages: readonly string[];
}

/** What was found in the block files. */
interface Scanned {
  /** The blocks that were scanned, by place. */
  readonly blocks: Map<number, StoredHeader>;
  /** The offset from which each usable file was scanned, by the number of the file. */
  readonly starts: Map<number, number>;
  /** The last of them, open. */
  readonly last: FrameFile | null;
}

/** Throws if the files belong to another ledger. */
export async function openStoredBlocks(files: Files, owner: Uint8Array): Promise<StoredBlocks> {
  const damages: string[] = [];
  const opened = await openHeaders(files, owner, damages);
  let last: FrameFile | null = null;
  try {
    const known = opened?.entries ?? [];
    // With a gap in it the header file may lack any block, and all are looked through.
    const isWhole = opened !== null && opened.scan.damaged === 0;
    if (opened !== null && !isWhole) damages.push(`part of the file ${HEADER_FILE_NAME} is damaged`);
    const scanned = await scanBlockFiles(files, owner, isWhole ? known : null, damages);
    last = scanned.last;
    const isThere = ({ place }: StoredHeader, name: string): boolean => {
      const from = scanned.starts.get(Math.floor(place / FILE_BYTES));
      if (place === LOST || from === undefined) return false;
      if (place % FILE_BYTES < from) return true;
      const here = scanned.blocks.get(place);
      return here !== undefined && nameOf(here) === name;
    };
    const found = new Map<string, StoredHeader>();
    const added: StoredHeader[] = [];
    let isStale = !isWhole;
    for (const entry of known) {
      const name = nameOf(entry);
      const there = isThere(entry, name);
      isStale ||= !there && entry.place !== LOST;
      if (there) found.set(name, entry);
      else if (!found.has(name)) found.set(name, { ...entry, place: LOST });
    }
    for (const entry of scanned.blocks.values()) {
      const name = nameOf(entry);
      if (found.get(name)?.place === entry.place) continue;
      found.set(name, entry);
      added.push(entry);
    }
    const headers = isStale ? await HeaderFile.replace(files, owner, [...found.values()]) : opened!.file;
    if (isStale) await opened?.file.close();
    else if (added.length > 0) await headers.append(added);
    const number = Math.max(0, ...scanned.starts.keys());
    return { blocks: new BlockFiles(files, owner, number, last), headers, found, damages };
  } catch (error) {
    await last?.close().catch(() => undefined);
    await opened?.file.close().catch(() => undefined);
    throw error;
  }
}

/**
 * Scans all block files that can be used, each from the last block that `known` names; from its beginning where nothing
 * is known. At most two are open at a time.
 */
async function scanBlockFiles(
  files: Files,
  owner: Uint8Array,
  known: readonly StoredHeader[] | null,
  damages: string[],
): Promise<Scanned> {
  const blocks = new Map<number, StoredHeader>();
  const starts = new Map<number, number>();
  let last: FrameFile | null = null;
  try {
    for (const name of await files.list()) {
      const number = blockFileNumber(name);
      if (number === null) continue;
      const file = await FrameFile.open(files, name, { kind: FILE_KIND.blocks, owner });
      if (file === 'damaged') damages.push(await putAway(files, name));
      if (file === null || file === 'damaged') continue;
      // The names are sorted: the one before is not the last.
      await last?.close();
      last = file;
      const from = known === null ? 0 : lastKnown(known, number, file.end);
      starts.set(number, from);
      const scan = await file.recover(from, (frame) => {
        const block = readBlockFrame(frame);
        const place = number * FILE_BYTES + frame.at;
        if (block !== null) blocks.set(place, { header: block.header.slice(), place });
      });
      if (scan.damaged > 0) damages.push(`part of the file ${number} of blocks is damaged`);
    }
    return { blocks, starts, last };
  } catch (error) {
    await last?.close().catch(() => undefined);
    throw error;
  }
}

/** Offset of the last block of a file that the header file names and that the file is long enough for; 0 for none. */
function lastKnown(known: readonly StoredHeader[], number: number, end: number): number {
  let last = 0;
  for (const { place } of known) {
    const offset = place % FILE_BYTES;
    if (Math.floor(place / FILE_BYTES) === number && offset < end && offset > last) last = offset;
  }
  return last;
}

async function openHeaders(files: Files, owner: Uint8Array, damages: string[]) {
  const opened = await HeaderFile.open(files, owner);
  if (opened !== 'damaged') return opened;
  damages.push(await putAway(files, HEADER_FILE_NAME));
  return null;
}

/** Sets a file aside, and says so. */
async function putAway(files: Files, name: string): Promise<string> {
  return `the file ${name} can't be read and is kept as ${await setAside(files, name)}`;
}

function nameOf({ header }: StoredHeader): string {
  return toText(headerIdOfBytes(header));
}
