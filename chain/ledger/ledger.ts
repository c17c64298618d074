/**
 * Owns the ledger engine: the chain this node follows, its state, and the way from one tip to the next. Everything it
 * awaits is a store or a verifier. Calls that change the chain run one after the other.
 *
 * A tip change is one atomic, synced batch: undo, state, tree pages, index and tip together, so a crash at any moment
 * leaves the store at a block boundary. While catching up one batch takes many blocks.
 */
import type { HeaderNode, HeaderTree } from '../consensus/header-tree.ts';
import { assert, RuleError } from '../errors.ts';
import type { Journal } from '../files/journal.ts';
import type { Block } from '../format/block.ts';
import { u64 } from '../format/bytes.ts';
import type { Params } from '../format/params.ts';
import type { Transaction } from '../format/transaction.ts';
import type { Pause } from '../slices.ts';
import { EntryCache } from '../state/entry-cache.ts';
import type { PageCache } from '../state/page-cache.ts';
import { StateTree } from '../state/tree.ts';
import type { BlockStore } from './block-store.ts';
import { Bodies } from './bodies.ts';
import { branch } from './branch.ts';
import { Connector } from './connector.ts';
import type { ForkChoice } from './fork-choice.ts';
import { LOST } from './header-file.ts';
import { IdIndex } from './id-index.ts';
import { Mender } from './mender.ts';
import { asDamage, Fault, LostBody } from './move-faults.ts';
import { type Opened, type OpenOptions, openStore } from './open.ts';
import { Overlay } from './overlay.ts';
import { OwnedIndex } from './owned-index.ts';
import type { Store, StoreWrite } from './ports.ts';
import type { Queue } from './queue.ts';
import { StateReader } from './state-reader.ts';
import { META } from './store-keys.ts';
import type { Rejection, TipChange } from './tip-change.ts';
import { Turns } from './turns.ts';
import { Verdicts } from './verdicts.ts';

/** Blocks of one batch while catching up: one synced write for all of them. */
const BATCH_BLOCKS_MAX = 256;
/** Bytes of one batch, written at most by the next block's: what memory a batch may take. */
const BATCH_BYTES_MAX = 8 * 1024 * 1024;

/** Every so many blocks, branches of bare headers that ended as far below the tip are forgotten. */
const PRUNE_BLOCKS = 1_024;

export class Ledger {
  readonly headers: HeaderTree;
  readonly params: Params;
  readonly verdicts: Verdicts;
  /** Transactions acknowledged to a user and not mined yet: kept on disk, put back after a restart. */
  readonly queue: Queue;
  readonly journal: Journal;
  readonly store: Store;
  readonly reader: StateReader;
  readonly cache: PageCache;
  readonly overlay = new Overlay();
  readonly tree: StateTree;
  readonly connector: Connector;
  readonly ids = new IdIndex(this);
  readonly owned: OwnedIndex;
  readonly mender: Mender;
  readonly turns = new Turns();
  readonly pause: Pause;
  readonly #choice: ForkChoice;
  readonly #blocks: BlockStore;
  readonly #bodies: Bodies;
  /** Height up to which there were blocks at the start. */
  readonly #goal: number;
  readonly #active: HeaderNode[];

  /** As `openStore`. */
  static async open(options: OpenOptions): Promise<Ledger> {
    return new Ledger(options, await openStore(options));
  }

  private constructor(options: OpenOptions, opened: Opened) {
    this.params = options.params;
    this.store = options.store;
    this.headers = opened.headers;
    this.#choice = opened.choice;
    this.#active = opened.active;
    this.journal = opened.journal;
    this.queue = opened.queue;
    this.verdicts = new Verdicts(options.verifier, this.headers.chainId);
    this.#blocks = opened.blocks;
    this.#bodies = new Bodies(opened.blocks, this.verdicts, opened.lost);
    this.#goal = this.#choice.best.height;
    this.cache = opened.cache;
    this.reader = new StateReader(this.store, new EntryCache(options.entryCacheBytes));
    this.owned = new OwnedIndex(this.store);
    this.mender = new Mender(this, options.onMend ?? (() => undefined));
    this.tree = new StateTree(this.store, opened.cache, this.tip.header.stateRoot);
    this.pause = options.pause;
    const { params, headers, store, reader, overlay, tree, pause } = this;
    this.connector = new Connector({ params, headers, store, reader, overlay, tree, pause });
  }

  get chainId(): Uint8Array {
    return this.headers.chainId;
  }

  /** The last committed block. */
  get tip(): HeaderNode {
    return this.#active.at(-1)!;
  }

  /** Bytes of received bodies that wait in memory. */
  get heldBytes(): number {
    return this.#bodies.bytes;
  }

  /** Blocks of the active chain whose bodies were lost to damage. `addBody` brings them back. */
  get lost(): ReadonlySet<HeaderNode> {
    return this.#bodies.lost;
  }

  /** How far the state is made again from the blocks that were stored at the start; `null` once it is whole. */
  get rebuilding(): { readonly height: number; readonly of: number } | null {
    const { height } = this.tip;
    return height < this.#goal && this.hasBetter ? { height, of: this.#goal } : null;
  }

  /** True if `advance` has somewhere to go. */
  get hasBetter(): boolean {
    return this.#choice.best.work > this.tip.work;
  }

  /** The block of the active chain at a height. */
  activeAt(height: number): HeaderNode | undefined {
    return this.#active[height];
  }

  isActive(node: HeaderNode): boolean {
    return this.#active[node.height] === node;
  }

  /** Takes a body that `checkBody` has matched to its header. Its signatures begin to be checked at once. */
  addBody(node: HeaderNode, transactions: readonly Transaction[]): void {
    if (node.invalid || (node.hasBody && !this.lost.has(node))) return;
    this.#bodies.hold(node, transactions);
    this.#choice.bodyReceived(node);
  }

  /**
   * The encoded body of a block, `null` if this node has never had it. Rejects with the `RuleError` 'BLOCK_LOST' if it
   * was lost to damage; it is fetched again then.
   */
  readBody(node: HeaderNode): Promise<Uint8Array | null> {
    return this.#read(node, () => this.#bodies.readBytes(node));
  }

  /** As `readBody`, the transactions. */
  readTransactions(node: HeaderNode): Promise<readonly Transaction[] | null> {
    return this.#read(node, () => this.#bodies.read(node));
  }

  async #read<T>(node: HeaderNode, read: () => Promise<T | null>): Promise<T | null> {
    if (!node.hasBody) return null;
    const body = await read();
    if (body !== null) return body;
    this.#noteLost(node);
    if (!this.isActive(node)) return null;
    throw new RuleError('BLOCK_LOST', `block ${node.height}`);
  }

  /** Runs work that uses the tree and the overlay, alone. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    return this.turns.exclusively(work);
  }

  /**
   * Goes towards the best branch by one batch. Returns what changed, `null` if the tip is the best there is. Blocks found
   * invalid on the way are given to `rejected`. Rejects with `CorruptStoreError` if the state is damaged: open again. After
   * a failed commit all that is asked rejects with its error.
   */
  advance(rejected: (rejection: Rejection) => void = () => undefined): Promise<TipChange | null> {
    return this.exclusively(async () => {
      for (;;) {
        const target = this.#choice.best;
        if (target === this.tip || target.work <= this.tip.work) {
          if (this.#bodies.bytes > 0) {
            await this.#bodies.storeComplete();
            this.#bodies.letGo(this.#choice, this.tip);
          }
          return null;
        }
        const change = await this.#moveTowards(target, rejected);
        if (change !== null) return change;
      }
    });
  }

  /** Closes the files, after the work under way. The store stays open. */
  async close(): Promise<void> {
    await this.turns.idle();
    await Promise.all([this.#blocks.close(), this.journal.close()]);
  }

  async #moveTowards(
    target: HeaderNode,
    rejected: (rejection: Rejection) => void,
  ): Promise<TipChange | null> {
    const from = this.tip;
    const fork = this.headers.commonAncestor(from, target);
    const disconnected: Block[] = [];
    const connected: Block[] = [];
    let at = from;
    try {
      for (; at !== fork; at = at.parent!) {
        const transactions = await this.#bodies.need(at).catch(asDamage);
        await this.connector.disconnect(at, transactions);
        this.overlay.putAll(this.ids.disconnect(at));
        disconnected.push({ header: at.header, transactions });
      }
      for (const node of branch(fork, target)) {
        const full = connected.length >= BATCH_BLOCKS_MAX || this.overlay.bytes >= BATCH_BYTES_MAX;
        if (full && at.work > from.work) break;
        const transactions = await this.#connect(node);
        this.overlay.putAll(await this.ids.connect(node, transactions));
        connected.push({ header: node.header, transactions });
        at = node;
      }
    } catch (error) {
      if (error instanceof Fault) this.#reject(error.node, error.cause, rejected);
      else if (error instanceof LostBody) this.#noteLost(error.node);
      if (!(error instanceof Fault || error instanceof LostBody) || at.work <= from.work) {
        this.overlay.discard();
        this.tree.discard();
        if (!(error instanceof Fault || error instanceof LostBody)) throw error;
        return null;
      }
    }
    await this.turns.decisive(() => this.#commit(fork, at, disconnected, connected));
    return { from, to: at, disconnected, connected };
  }

  async #connect(node: HeaderNode): Promise<readonly Transaction[]> {
    const transactions = await this.#bodies.need(node);
    const fault = await this.#bodies.verdict(node, transactions);
    if (fault !== null) throw new Fault(node, fault);
    try {
      await this.connector.connect(node, transactions);
    } catch (error) {
      throw error instanceof RuleError ? new Fault(node, error) : error;
    }
    return transactions;
  }

  /** A stored block can't be read. What is connected stays so; of other branches nothing above it counts any more. */
  #noteLost(node: HeaderNode): void {
    node.place = LOST;
    if (this.isActive(node)) this.#bodies.lost.add(node);
    else this.#choice.bodyLost(node);
  }

  #reject(node: HeaderNode, error: RuleError, rejected: (rejection: Rejection) => void): void {
    for (const marked of this.#choice.invalidate(node)) this.#bodies.release(marked);
    rejected({ node, error });
  }

  async #commit(
    fork: HeaderNode,
    tip: HeaderNode,
    disconnected: readonly Block[],
    connected: readonly Block[],
  ): Promise<void> {
    assert(tip.work > this.tip.work, 'the work of the tip never falls');
    const rows = this.overlay.take();
    const pages = this.tree.takeDirty();
    const nodes = branch(fork, tip);
    await this.#bodies.storeConnected(nodes, connected);
    await this.queue.beforeCommit(disconnected, connected);
    const meta: StoreWrite[] = [
      [META.tip, tip.id],
      [META.journal, u64(this.journal.synced)],
    ];
    await this.turns.commit(async () => {
      await this.store.write(joined(rows, pages, meta), { sync: true });
      if (disconnected.length > 0) this.#active.length = fork.height + 1;
      for (const node of nodes) this.#active.push(node);
    });
    this.queue.committed(connected);
    for (const node of nodes) {
      // A reader may have found it damaged after it was connected.
      if (!node.hasBody) this.#choice.bodyReceived(node);
      this.#bodies.release(node);
      if (node.height % PRUNE_BLOCKS === 0) this.headers.prune(node, PRUNE_BLOCKS);
    }
  }
}

function* joined(...parts: Iterable<StoreWrite>[]): Generator<StoreWrite> {
  for (const part of parts) yield* part;
}
