/**
 * Owns the start: tells a new store from one left in order and from a damaged one, reads the headers of the stored blocks
 * and checks the state of the tip. Blocks of an earlier version's store are moved to files first.
 */
import { type HeaderNode, HeaderTree } from '../consensus/header-tree.ts';
import { CorruptStoreError, ForeignStoreError, OutdatedStoreError, RuleError } from '../errors.ts';
import type { Journal } from '../files/journal.ts';
import type { Files } from '../files/port.ts';
import { equalBytes, fromText, toBigInt, toHex, toText, u32 } from '../format/bytes.ts';
import { decodeHeader } from '../format/header.ts';
import type { Params } from '../format/params.ts';
import type { Pause } from '../slices.ts';
import { TOTALS } from '../state/entries.ts';
import { EntryCache } from '../state/entry-cache.ts';
import { PageCache } from '../state/page-cache.ts';
import { StateTree } from '../state/tree.ts';
import { BlockStore } from './block-store.ts';
import { ForkChoice } from './fork-choice.ts';
import { type Genesis, makeGenesis } from './genesis.ts';
import { LOST, type StoredHeader } from './header-file.ts';
import { migrateBlocks, type Progress } from './migration.ts';
import { openJournal } from './old-entries.ts';
import type { Store, StoreWrite, Verifier } from './ports.ts';
import { Queue } from './queue.ts';
import { StateReader, stateWrite } from './state-reader.ts';
import { DERIVED_PREFIXES, endOf, META, SPARE_PREFIXES, undoRow } from './store-keys.ts';
import { readWhole } from './whole-rows.ts';

export interface OpenOptions {
  readonly params: Params;
  readonly store: Store;
  /** The block files. */
  readonly files: Files;
  readonly verifier: Verifier;
  /** Lets other work run between slices of a long computation. */
  readonly pause: Pause;
  /** Bytes of state-tree pages kept in memory. */
  readonly cacheBytes?: number;
  /** Bytes of state entries kept in memory. */
  readonly entryCacheBytes?: number;
  /** Told of each index that was found damaged while it was read, and has been mended from the blocks. */
  readonly onMend?: (what: string) => void;
  /** Told what of the block files can't be used, each in words. */
  readonly onDamage?: (damage: string) => void;
  /**
   * Told, in words, why transactions that were accepted here and are not mined may be lost. False if it could not be noted:
   * the next start tells it again.
   */
  readonly onJournalLoss?: (loss: string) => boolean;
  /** Told how far the move of the blocks from a store of an earlier version is. */
  readonly onMigration?: (progress: Progress) => void;
}

export interface Opened {
  readonly headers: HeaderTree;
  readonly choice: ForkChoice;
  /** The active chain by height, up to the tip whose state the store holds. */
  readonly active: HeaderNode[];
  readonly blocks: BlockStore;
  readonly journal: Journal;
  /** Blocks of the active chain whose bodies no file has. */
  readonly lost: HeaderNode[];
  readonly queue: Queue;
  readonly cache: PageCache;
}

/** Version of the key table. */
const FORMAT_VERSION = 5;
/** The blocks of a store of this version and of those before are rows. */
const ROWS_VERSION = 4;
/** A store of this version or before lacks other rows as well. */
const REBUILT_VERSION = 3;
const DEFAULT_CACHE_BYTES = 32 * 1024 * 1024;
/** Blocks below the tip whose undo must be there at start: what a reorganisation needs first. */
const BLOCKS_CHECKED = 6;

/**
 * Opens what is stored. Rejects with `CorruptStoreError` if the store is damaged, made by an earlier version, or names
 * blocks that aren't there: an empty store in its place is filled from the block files. Throws if store or files belong
 * to another ledger.
 */
export async function openStore(options: OpenOptions): Promise<Opened> {
  const { params, store, files } = options;
  const genesis = await makeGenesis(params);
  const headers = new HeaderTree(params, genesis.header);
  const cache = new PageCache(options.cacheBytes ?? DEFAULT_CACHE_BYTES);
  const [format, chain, tip, synced] = await readWhole(store, [
    META.format,
    META.chain,
    META.tip,
    META.journal,
  ]);
  checkOwner(format, chain, headers.chainId);
  const { store: blocks, found, damages } = await BlockStore.open(files, headers.chainId);
  let journal: Journal | null = null;
  try {
    for (const damage of damages) options.onDamage?.(damage);
    journal = await openJournal(files, headers.chainId, store, {
      hasBlocks: found.size > 0,
      synced: synced === undefined ? 0 : Number(toBigInt(synced)),
      onLoss(loss) {
        if (options.onJournalLoss !== undefined) return options.onJournalLoss(loss);
        options.onDamage?.(loss);
        return true;
      },
    });
    const choice = new ForkChoice(headers);
    const stored = new Map(found);
    // Also where the version can't be read.
    if (!isUpTo(format, FORMAT_VERSION) || isUpTo(format, ROWS_VERSION)) {
      await migrateBlocks({ store, blocks, stored, files, onProgress: options.onMigration ?? (() => {}) });
      if (isUpTo(format, ROWS_VERSION) && !isUpTo(format, REBUILT_VERSION))
        await store.write([[META.format, u32(FORMAT_VERSION)]], { sync: true });
    }
    restoreHeaders(stored, headers, choice, tip);
    const queue = await Queue.open(journal);
    if (tip === undefined && (await isEmpty(store))) {
      await writeGenesis(store, genesis, headers.chainId);
      return { headers, choice, active: [headers.genesis], blocks, journal, lost: [], queue, cache };
    }
    const at = tip === undefined ? undefined : headers.get(toHex(tip));
    const reason =
      format === undefined || chain === undefined
        ? 'its version is missing'
        : await damageOf(store, cache, headers, at, tip !== undefined);
    if (isUpTo(format, REBUILT_VERSION)) throw new OutdatedStoreError();
    if (reason !== null) throw new CorruptStoreError(reason);
    const active = chainTo(at!);
    const lost = active.filter((node) => node.place < 0 && node !== headers.genesis);
    if (lost.length > 0) options.onDamage?.(`${lost.length} blocks of the chain are in no file`);
    // They are connected: what is above them counts though they are lost.
    for (const node of lost) choice.bodyReceived(node);
    choice.prefer(at!);
    return { headers, choice, active, blocks, journal, lost, queue, cache };
  } catch (error) {
    await blocks.close();
    await journal?.close();
    throw error;
  }
}

function checkOwner(
  format: Uint8Array | undefined,
  chain: Uint8Array | undefined,
  chainId: Uint8Array,
): void {
  if (format !== undefined && !isUpTo(format, FORMAT_VERSION)) {
    throw new ForeignStoreError(
      `this data folder has format ${toHex(format)}; this version reads ${FORMAT_VERSION}: use a new folder`,
    );
  }
  if (chain !== undefined && !equalBytes(chain, chainId)) {
    throw new ForeignStoreError(
      `this data folder belongs to the ledger ${toHex(chain)}, the genesis given is of ${toHex(chainId)}: use another folder or genesis`,
    );
  }
}

/** True if the format is one of 1 up to `version`. */
function isUpTo(format: Uint8Array | undefined, version: number): boolean {
  return format?.length === 4 && toBigInt(format) >= 1n && toBigInt(format) <= version;
}

/**
 * Puts back the headers of stored blocks, side branches too: they are there to be reorganised to. A lost block's counts
 * only on the way to a stored one or to the tip: nobody may have another block that a power cut took.
 */
function restoreHeaders(
  stored: ReadonlyMap<string, StoredHeader>,
  headers: HeaderTree,
  choice: ForkChoice,
  tip: Uint8Array | undefined,
): void {
  const found = [...stored].map(([name, entry]) => ({ name, ...entry, header: decodeHeader(entry.header) }));
  found.sort((a, b) => a.header.height - b.header.height);
  const needed = new Set(tip === undefined ? [] : [toText(tip)]);
  for (const { name, place, header } of found.toReversed())
    if (place !== LOST || needed.has(name)) needed.add(toText(header.previous));
  for (const { name, place, header } of found) {
    if (place === LOST && !needed.has(name)) continue;
    const node = headers.restore(header, fromText(name));
    if (node === null || place === LOST) continue;
    node.place = place;
    choice.bodyReceived(node);
  }
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
      const [undo] = await store.getMany([undoRow(at.id)]);
      if (undo === undefined) return `the undo of block ${at.height} is missing`;
    }
    return null;
  } catch (error) {
    if (error instanceof CorruptStoreError || error instanceof RuleError) return error.message;
    throw error;
  }
}

/** True if nothing derived from blocks is in the store. */
async function isEmpty(store: Store): Promise<boolean> {
  for (const from of [...DERIVED_PREFIXES, ...SPARE_PREFIXES]) {
    const rows = await store.iterate({ from, to: endOf(from), limit: 1, keysOnly: true });
    if (rows.length > 0) return false;
  }
  return true;
}

async function writeGenesis(store: Store, genesis: Genesis, chainId: Uint8Array): Promise<void> {
  const batch: StoreWrite[] = genesis.changes.map(({ key, after }) => stateWrite(key, after));
  batch.push(...genesis.pages);
  batch.push([META.format, u32(FORMAT_VERSION)], [META.chain, chainId], [META.tip, chainId]);
  await store.write(batch, { sync: true });
}

function chainTo(tip: HeaderNode): HeaderNode[] {
  const nodes: HeaderNode[] = [];
  for (let at: HeaderNode | null = tip; at !== null; at = at.parent) nodes.push(at);
  return nodes.reverse();
}
