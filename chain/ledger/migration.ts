/**
 * Owns the move of blocks out of the rows of an earlier version's store into block files. What verifies is moved, whatever
 * else is damaged. It may end at any moment: the next start goes on. Rows go only after all files are synced and compared.
 *
 * Memory: some 300 bytes a block for the headers, and `BYTES_AT_ONCE` of bodies.
 */
import { RuleError } from '../errors.ts';
import { type Files, FilesError } from '../files/port.ts';
import { decodeBody } from '../format/block.ts';
import { equalBytes, toText } from '../format/bytes.ts';
import { decodeHeader, type Header, headerIdOfBytes } from '../format/header.ts';
import { txRoot } from '../format/merkle.ts';
import type { BlockStore } from './block-store.ts';
import { LOST, type StoredHeader } from './header-file.ts';
import type { Store } from './ports.ts';
import { deleteRows, readRows } from './rows.ts';
import { META, OLD_BODY_ROWS, OLD_HEADER_ROWS, oldBodyRow, oldHeaderRow } from './store-keys.ts';
import { readWhole } from './whole-rows.ts';

/** Blocks gone through, of how many. Each is gone through three times: measured, moved and compared. */
export interface Progress {
  readonly done: number;
  readonly total: number;
}

export interface MigrationParts {
  readonly store: Store;
  readonly blocks: BlockStore;
  /** What the files hold, by id as text. What is moved is added. */
  readonly stored: Map<string, StoredHeader>;
  readonly files: Files;
  onProgress(progress: Progress): void;
}

interface OldHeader {
  readonly id: Uint8Array;
  readonly name: string;
  readonly header: Header;
  readonly bytes: Uint8Array;
}

const BLOCKS_AT_ONCE = 64;
/** What a full disk should have left. */
const SPARE_BYTES = 32 * 1024 * 1024;
/** Head of a frame, and the entry of the header file. */
const BLOCK_OVERHEAD_BYTES = 2_048;

/** Rejects with the code `DISK_FULL`, having changed nothing, if the blocks don't fit beside the rows. */
export async function migrateBlocks(parts: MigrationParts): Promise<void> {
  const { store, blocks, stored } = parts;
  const all = await oldHeaders(store);
  const total = 3 * all.length;
  let done = 0;
  const eachStep = async (
    visit: (headers: readonly OldHeader[], bodies: readonly (Uint8Array | undefined)[]) => Promise<void>,
  ): Promise<void> => {
    for (let at = 0; at < all.length; at += BLOCKS_AT_ONCE) {
      const step = all.slice(at, at + BLOCKS_AT_ONCE);
      const bodies = await readWhole(
        store,
        step.map(({ id }) => oldBodyRow(id)),
      );
      await visit(step, bodies);
      done += step.length;
      parts.onProgress({ done, total });
    }
  };

  let needed = 0;
  await eachStep(async (step, bodies) => {
    step.forEach(({ name }, i) => {
      if (!stored.has(name)) needed += BLOCK_OVERHEAD_BYTES + (bodies[i]?.length ?? 0);
    });
  });
  await checkSpace(parts.files, needed);

  await eachStep(async (step, bodies) => {
    const whole = step.flatMap(({ name, header, bytes }, i) => {
      const body = bodies[i];
      const isMissing = (stored.get(name)?.place ?? LOST) === LOST;
      return isMissing && body !== undefined && isBodyOf(header, body) ? [{ name, header: bytes, body }] : [];
    });
    const places = await blocks.appendEncoded(whole);
    for (const [i, { name, header }] of whole.entries()) stored.set(name, { header, place: places[i]! });
    const lost = step.filter(({ name }) => !stored.has(name));
    await blocks.appendLost(lost.map(({ bytes }) => bytes));
    for (const { name, bytes } of lost) stored.set(name, { header: bytes, place: LOST });
  });
  await blocks.sync();

  await eachStep(async (step, bodies) => {
    for (const [i, { id, name, header, bytes }] of step.entries()) {
      const body = bodies[i];
      if (body === undefined || !isBodyOf(header, body)) continue;
      if (await isStored(blocks, stored.get(name)!.place, id, body)) continue;
      // An earlier start has moved it, and its file was damaged since.
      const [place] = await blocks.appendEncoded([{ header: bytes, body }]);
      await blocks.sync();
      stored.set(name, { header: bytes, place: place! });
      if (!(await isStored(blocks, place!, id, body)))
        throw new FilesError('IO', `block ${header.height} can't be read as it was written`);
    }
  });
  await deleteRows(store, OLD_BODY_ROWS);
  await deleteRows(store, OLD_HEADER_ROWS);
}

/**
 * The headers that are what their keys say, lowest first. Those that can't be reached in order are read one by one, each
 * by the id that its child names.
 */
async function oldHeaders(store: Store): Promise<OldHeader[]> {
  const found = new Map<string, OldHeader>();
  const add = (id: Uint8Array, bytes: Uint8Array): void => {
    if (!equalBytes(headerIdOfBytes(bytes), id)) return;
    const name = toText(id);
    found.set(name, { id, name, header: decodeHeader(bytes), bytes: new Uint8Array(bytes) });
  };
  const { rows, isWhole } = await readRows(store, OLD_HEADER_ROWS);
  for (const [key, bytes] of rows) add(key.slice(OLD_HEADER_ROWS.length), bytes);
  if (!isWhole) {
    const asked = new Set<string>();
    const [tip] = await readWhole(store, [META.tip]);
    let ids = [
      ...(tip === undefined ? [] : [tip]),
      ...[...found.values()].map(({ header }) => header.previous),
    ];
    while (ids.length > 0) {
      const missing = ids.filter((id) => !found.has(toText(id)) && !asked.has(toText(id)));
      for (const id of missing) asked.add(toText(id));
      const values = await readWhole(store, missing.map(oldHeaderRow));
      missing.forEach((id, i) => {
        if (values[i] !== undefined) add(id, values[i]);
      });
      ids = missing.flatMap((id) => found.get(toText(id))?.header.previous ?? []);
    }
  }
  return [...found.values()].sort((a, b) => a.header.height - b.header.height);
}

async function checkSpace(files: Files, needed: number): Promise<void> {
  const free = await files.free();
  if (needed === 0 || free === null || free >= needed + SPARE_BYTES) return;
  const mb = (bytes: number): number => Math.ceil(bytes / 1_000_000);
  throw new FilesError(
    'DISK_FULL',
    `to move the blocks out of the database takes ${mb(needed + SPARE_BYTES)} MB, and ${mb(free)} MB are free`,
  );
}

async function isStored(
  blocks: BlockStore,
  place: number,
  id: Uint8Array,
  body: Uint8Array,
): Promise<boolean> {
  const stored = await blocks.read(place, id);
  return stored !== null && equalBytes(stored, body);
}

/** True if this is the body that the header commits to. */
function isBodyOf(header: Header, body: Uint8Array): boolean {
  try {
    return equalBytes(txRoot(decodeBody(body).map(({ id }) => id)), header.txRoot);
  } catch (error) {
    if (error instanceof RuleError) return false;
    throw error;
  }
}
