/**
 * Owns the laws about the ways a state can be come to: blocks taken back and connected again leave every row as it was,
 * and a ledger that starts from nothing with the same blocks comes to the same rows, at the tip and before it.
 */
import type { HeaderNode } from '../chain/consensus/header-tree.ts';
import { CorruptStoreError } from '../chain/errors.ts';
import { MemoryFiles } from '../chain/files/memory-files.ts';
import type { Files } from '../chain/files/port.ts';
import { decodeBody } from '../chain/format/block.ts';
import { equalBytes, toHex, toText } from '../chain/format/bytes.ts';
import type { Transaction } from '../chain/format/transaction.ts';
import { Connector } from '../chain/ledger/connector.ts';
import { Ledger } from '../chain/ledger/ledger.ts';
import { MemoryStore } from '../chain/ledger/memory-store.ts';
import { Overlay } from '../chain/ledger/overlay.ts';
import type { RowReader, StoreWrite } from '../chain/ledger/ports.ts';
import { StateReader } from '../chain/ledger/state-reader.ts';
import { META } from '../chain/ledger/store-keys.ts';
import { EntryCache } from '../chain/state/entry-cache.ts';
import { PageCache } from '../chain/state/page-cache.ts';
import { StateTree } from '../chain/state/tree.ts';
import { sharedRows } from './audit.ts';
import { AuditError } from './audit-error.ts';
import type { Disk } from './disk.ts';

/** Blocks that are taken back. */
const BACK_BLOCKS = 3;

/** Above what a node at rest has stored: back by some blocks, and forward again. Costs what those blocks do. */
export async function auditUndo(ledger: Ledger, { content, blocks: shelf }: Disk): Promise<void> {
  const { params, headers, tip } = ledger;
  const layer = new Layer(content);
  const overlay = new Overlay();
  const reader = new StateReader(layer, new EntryCache(0));
  const tree = new StateTree(layer, new PageCache(0), tip.header.stateRoot);
  const pause = async (): Promise<void> => undefined;
  const connector = new Connector({ params, headers, store: layer, reader, overlay, tree, pause });
  const settle = (): void => layer.write([...overlay.take(), ...tree.takeDirty()]);
  const blocks: [HeaderNode, Transaction[]][] = [];
  for (const node of lastBlocks(ledger)) {
    const body = await shelf.read(ledger.chainId, node);
    // Damaged, and on its way from others.
    if (body === null) return;
    blocks.push([node, decodeBody(body)]);
  }
  for (const [node, transactions] of blocks) {
    await connector.disconnect(node, transactions);
    settle();
  }
  for (const [node, transactions] of blocks.toReversed()) {
    await connector.connect(node, transactions);
    settle();
  }
  const changed = await layer.changed();
  if (changed === null) return;
  throw new AuditError(`blocks that are taken back and connected again change row ${changed.slice(0, 200)}`);
}

/** A ledger that starts from nothing comes to the same; and going back from the tip comes to what was there before. */
export async function auditReplay(ledger: Ledger, { content, blocks }: Disk): Promise<void> {
  const copy = content.copy();
  const whole = await sharedRows(copy);
  const again = await open(ledger, copy, blocks.files.copy());
  const nodes = lastBlocks(again);
  await goBack(again, copy, nodes);
  const fresh = new MemoryStore();
  const replay = await open(ledger, fresh, new MemoryFiles());
  const tip = ledger.tip.height;
  for (let height = 1; height <= tip; height++) {
    if (height === tip - nodes.length + 1)
      compare(await sharedRows(fresh), await sharedRows(copy), 'taking blocks back leaves');
    const node = ledger.activeAt(height)!;
    const { header } = node;
    const body = await blocks.read(ledger.chainId, node);
    replay.addBody(replay.headers.add(header, header.time), decodeBody(body!));
    while ((await replay.advance()) !== null);
  }
  compare(await sharedRows(fresh), whole, 'not as a replay leaves it:');
}

/** The last blocks of the active chain, newest first, never the genesis. */
function lastBlocks(ledger: Ledger): HeaderNode[] {
  const nodes: HeaderNode[] = [];
  for (let at = ledger.tip; at.parent !== null && nodes.length < BACK_BLOCKS; at = at.parent) nodes.push(at);
  return nodes;
}

async function goBack(ledger: Ledger, store: MemoryStore, nodes: readonly HeaderNode[]): Promise<void> {
  for (const node of nodes) {
    await ledger.connector.disconnect(node, (await ledger.readTransactions(node))!);
    await write(ledger, store, node.parent!);
  }
}

async function write(ledger: Ledger, store: MemoryStore, tip?: HeaderNode): Promise<void> {
  const batch = [...ledger.overlay.take(), ...ledger.tree.takeDirty()];
  if (tip !== undefined) batch.push([META.tip, tip.id]);
  await store.write(batch, { sync: true });
}

function open({ params }: Ledger, store: MemoryStore, files: Files): Promise<Ledger> {
  return Ledger.open({
    params,
    store,
    files,
    // The referee has checked them.
    verifier: { verify: async (checks) => checks.map(() => true) },
    pause: async () => undefined,
  }).catch((error) => {
    if (!(error instanceof CorruptStoreError)) throw error;
    throw new AuditError(`a store that its node uses is found damaged: ${error.message}`);
  });
}

function compare(wanted: readonly string[], found: readonly string[], what: string): void {
  const [all, here] = [new Set(wanted), new Set(found)];
  const row = wanted.find((each) => !here.has(each)) ?? found.find((each) => !all.has(each));
  if (row === undefined) return;
  throw new AuditError(
    `${what} a row that is ${here.has(row) ? 'too much' : 'missing'}: ${row.slice(0, 200)}`,
  );
}

/** Rows written over those of a store, which stays as it is. */
class Layer implements RowReader {
  readonly #base: MemoryStore;
  /** By key as text. */
  readonly #written = new Map<string, StoreWrite>();

  constructor(base: MemoryStore) {
    this.#base = base;
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    const below = await this.#base.getMany(keys);
    return keys.map((key, i) => {
      const write = this.#written.get(toText(key));
      return write === undefined ? below[i] : (write[1] ?? undefined);
    });
  }

  write(batch: Iterable<StoreWrite>): void {
    for (const write of batch) this.#written.set(toText(write[0]), write);
  }

  /** A row that isn't what it is below, in hex; `null` if there is none. */
  async changed(): Promise<string | null> {
    const writes = [...this.#written.values()];
    const below = await this.#base.getMany(writes.map(([key]) => key));
    for (const [i, [key, value]] of writes.entries()) {
      const was = below[i] ?? null;
      const same = was === null || value === null ? was === value : equalBytes(was, value);
      if (!same) return `${toHex(key)} from ${was && toHex(was)} to ${value && toHex(value)}`;
    }
    return null;
  }
}
