/**
 * Owns the start: tells a new store from one left in order and from a damaged one, reads the headers, checks the tip's
 * state, and rebuilds what is derived from the blocks when it isn't whole.
 */
import { type HeaderNode, HeaderTree } from '../consensus/header-tree.ts';
import { CorruptStoreError, RuleError } from '../errors.ts';
import { equalBytes, toHex, u32 } from '../format/bytes.ts';
import { decodeHeader, type Header, headerIdOfBytes } from '../format/header.ts';
import type { Params } from '../format/params.ts';
import { TOTALS } from '../state/entries.ts';
import { EntryCache } from '../state/entry-cache.ts';
import { PageCache } from '../state/page-cache.ts';
import { StateTree } from '../state/tree.ts';
import { ForkChoice } from './fork-choice.ts';
import { type Genesis, makeGenesis } from './genesis.ts';
import type { IterateOptions, Store, StoreWrite, Verifier } from './ports.ts';
import { Queue } from './queue.ts';
import type { Pause } from './slices.ts';
import { StateReader, stateWrite } from './state-reader.ts';
import {
  bodyRow,
  DERIVED_PREFIXES,
  endOf,
  HEADER_ROWS,
  META,
  QUEUED_ROWS,
  SPARE_PREFIXES,
  undoRow,
} from './store-keys.ts';
import { readWhole, unlessDamaged } from './whole-rows.ts';

export interface OpenOptions {
  readonly params: Params;
  readonly store: Store;
  readonly verifier: Verifier;
  /** Lets other work run between slices of a long computation. */
  readonly pause: Pause;
  /** Bytes of state-tree pages kept in memory. */
  readonly cacheBytes?: number;
  /** Bytes of state entries kept in memory. */
  readonly entryCacheBytes?: number;
  /** Told when the state is made again from the blocks, and why. */
  readonly onRebuild?: (reason: string) => void;
  /** Told of each index that was found damaged while it was read, and has been mended from the blocks. */
  readonly onMend?: (what: string) => void;
}

export interface Opened {
  readonly headers: HeaderTree;
  readonly choice: ForkChoice;
  /** The active chain by height, up to the tip whose state the store holds. */
  readonly active: HeaderNode[];
  readonly queue: Queue;
  readonly cache: PageCache;
}

/** Version of the key table. */
const FORMAT_VERSION = 4;
/** Stores of these lack only rows that are made from blocks; those of any other are refused. */
const REBUILT_VERSIONS = [1, 2, 3];
const DEFAULT_CACHE_BYTES = 32 * 1024 * 1024;
/** Rows read or deleted at once at start. */
const ROWS_PER_STEP = 2_000;
/** Blocks below the tip whose body and undo must be there at start: what a reorganisation needs first. */
const BLOCKS_CHECKED = 6;

export async function openStore(options: OpenOptions): Promise<Opened> {
  const { params, store } = options;
  const genesis = await makeGenesis(params);
  const headers = new HeaderTree(params, genesis.header);
  const cache = new PageCache(options.cacheBytes ?? DEFAULT_CACHE_BYTES);
  const [format, chain, tip, rebuild] = await readWhole(store, [
    META.format,
    META.chain,
    META.tip,
    META.rebuild,
  ]);
  checkOwner(format, chain, headers.chainId);
  const choice = new ForkChoice(headers);
  await readHeaders(store, headers, choice);
  const queue = await readQueue(store);
  const found = tip === undefined ? undefined : headers.get(toHex(tip));
  const reason = isOlder(format)
    ? 'an earlier version made it'
    : rebuild !== undefined || chain === undefined
      ? 'it was found damaged'
      : await damageOf(store, cache, headers, found, tip !== undefined);
  // Also where only the version can't be read: that row is written with the chain's.
  const isNew = format === undefined && chain === undefined && tip === undefined;
  if (format === undefined || reason !== null) {
    if (!isNew) options.onRebuild?.(reason ?? 'its version is missing');
    await writeGenesis(store, genesis, headers.chainId);
    // Rebuilding must not change the mind about branches of equal work.
    if (found !== undefined) choice.prefer(found);
    return {
      headers,
      choice,
      active: [headers.genesis],
      queue,
      cache: new PageCache(options.cacheBytes ?? DEFAULT_CACHE_BYTES),
    };
  }
  choice.prefer(found!);
  return { headers, choice, active: chainTo(found!), queue, cache };
}

function checkOwner(
  format: Uint8Array | undefined,
  chain: Uint8Array | undefined,
  chainId: Uint8Array,
): void {
  if (format !== undefined && !equalBytes(format, u32(FORMAT_VERSION)) && !isOlder(format)) {
    throw new Error(
      `this data folder has format ${toHex(format)}; this version reads ${FORMAT_VERSION}: use a new folder`,
    );
  }
  if (chain !== undefined && !equalBytes(chain, chainId)) {
    throw new Error(
      `this data folder belongs to the ledger ${toHex(chain)}, the genesis given is of ${toHex(chainId)}: use another folder or genesis`,
    );
  }
}

function isOlder(format: Uint8Array | undefined): boolean {
  return format !== undefined && REBUILT_VERSIONS.some((version) => equalBytes(format, u32(version)));
}

/** Every stored header has its body; side branches are there to be reorganised to. */
async function readHeaders(store: Store, headers: HeaderTree, choice: ForkChoice): Promise<void> {
  const rows = await readRows(store, HEADER_ROWS);
  const found: { header: Header; id: Uint8Array }[] = [];
  for (const [key, value] of rows) {
    const id = key.slice(HEADER_ROWS.length);
    if (equalBytes(headerIdOfBytes(value), id)) found.push({ header: decodeHeader(value), id });
  }
  found.sort((a, b) => a.header.height - b.header.height);
  for (const { header, id } of found) {
    const node = headers.restore(header, id);
    if (node !== null) choice.bodyReceived(node);
  }
}

async function readQueue(store: Store): Promise<Queue> {
  const rows = await readRows(store, QUEUED_ROWS);
  const keys = rows.map(([key]) => toHex(key.subarray(QUEUED_ROWS.length)));
  return new Queue(
    store,
    keys,
    rows.map(([, value]) => value),
  );
}

/** All rows of a prefix but those whose value is damaged, which are deleted. */
async function readRows(store: Store, prefix: Uint8Array): Promise<[Uint8Array, Uint8Array][]> {
  const rows: [Uint8Array, Uint8Array][] = [];
  let from = prefix;
  for (;;) {
    const range = { from, to: endOf(prefix), limit: ROWS_PER_STEP };
    const step = (await unlessDamaged(store.iterate(range))) ?? (await readWholeRows(store, range));
    for (const [key, value] of step) if (value !== undefined) rows.push([key, value]);
    if (step.length < ROWS_PER_STEP) return rows;
    from = Uint8Array.from([...step.at(-1)![0], 0]);
  }
}

async function readWholeRows(
  store: Store,
  range: IterateOptions,
): Promise<[Uint8Array, Uint8Array | undefined][]> {
  const keys = (await store.iterate({ ...range, keysOnly: true })).map(([key]) => key);
  const values = await readWhole(store, keys);
  const damaged = keys.filter((_, i) => values[i] === undefined);
  await store.write(
    damaged.map((key) => [key, null]),
    { sync: false },
  );
  return keys.map((key, i) => [key, values[i]]);
}

/** What is wrong with the state at the tip, or `null`. */
async function damageOf(
  store: Store,
  cache: PageCache,
  headers: HeaderTree,
  tip: HeaderNode | undefined,
  hasTip: boolean,
): Promise<string | null> {
  if (!hasTip) return 'the tip is missing';
  if (tip === undefined) return "the tip's header is missing";
  try {
    const tree = new StateTree(store, cache, tip.header.stateRoot);
    await new StateReader(store, new EntryCache(0)).read(tree, [TOTALS]);
    for (let at = tip, i = 0; at !== headers.genesis && i < BLOCKS_CHECKED; at = at.parent!, i++) {
      const rows = await store.getMany([bodyRow(at.id), undoRow(at.id)]);
      if (rows.includes(undefined)) return `block ${at.height} is not whole`;
    }
    return null;
  } catch (error) {
    if (error instanceof CorruptStoreError || error instanceof RuleError) return error.message;
    throw error;
  }
}

/** Puts the store at genesis: everything derived goes, headers and bodies stay and will be connected again. */
async function writeGenesis(store: Store, genesis: Genesis, chainId: Uint8Array): Promise<void> {
  await store.write([[META.tip, null]], { sync: true });
  for (const prefix of [...DERIVED_PREFIXES, ...SPARE_PREFIXES]) await deleteRows(store, prefix);
  const batch: StoreWrite[] = genesis.changes.map(({ key, after }) => stateWrite(key, after));
  batch.push(...genesis.pages);
  batch.push(
    [META.format, u32(FORMAT_VERSION)],
    [META.chain, chainId],
    [META.tip, chainId],
    [META.rebuild, null],
  );
  await store.write(batch, { sync: true });
}

async function deleteRows(store: Store, prefix: Uint8Array): Promise<void> {
  for (;;) {
    const step = await store.iterate({
      from: prefix,
      to: endOf(prefix),
      limit: ROWS_PER_STEP,
      keysOnly: true,
    });
    if (step.length === 0) return;
    // Synced, each: LevelDB may lose what it wrote to an earlier log though a later write was synced.
    await store.write(
      step.map(([key]) => [key, null]),
      { sync: true },
    );
  }
}

function chainTo(tip: HeaderNode): HeaderNode[] {
  const nodes: HeaderNode[] = [];
  for (let at: HeaderNode | null = tip; at !== null; at = at.parent) nodes.push(at);
  return nodes.reverse();
}
