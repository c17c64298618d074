/**
 * Owns the memory of why transactions and blocks came and went, fed by the reactor's own events. A story begins when a
 * transaction first comes here by itself, or when its block is undone: one that is mined before it was ever seen needs
 * none, the chain tells where it is.
 *
 * Bounds: `STORIES_MAX` transactions, `REFUSED_MAX` that were never taken (so that junk pushes out nothing but junk),
 * `ARRIVALS_MAX` blocks, `REJECTIONS_MAX` invalid ones; of each the oldest goes. Names of `ORIGINS_MAX` links. A story is
 * bounded in `story-book.ts`, what a restart finds again in `cause-journal.ts`.
 */
import type { HeaderNode } from '../../chain/consensus/header-tree.ts';
import type { NewFrame } from '../../chain/files/frame-file.ts';
import type { Journal } from '../../chain/files/journal.ts';
import { fromHex, toHex } from '../../chain/format/bytes.ts';
import type { Transaction } from '../../chain/format/transaction.ts';
import type { TipChange } from '../../chain/ledger/tip-change.ts';
import type { PeerName } from '../../p2p/door.ts';
import type { Clock } from '../ports.ts';
import { CauseJournal } from './cause-journal.ts';
import {
  type Arrival,
  blockName,
  type Cause,
  type Displacement,
  type Entry,
  type Origin,
  type Reason,
  reasonOf,
  type Story,
} from './causes.ts';
import type { NodeEvent } from './events.ts';
import { Recent } from './recent.ts';
import { reorgOf } from './reorgs.ts';
import { StoryBook } from './story-book.ts';

const STORIES_MAX = 20_000;
const REFUSED_MAX = 2_000;
const ARRIVALS_MAX = 1_000;
const REJECTIONS_MAX = 100;
const ORIGINS_MAX = 256;
/** Of the transactions that a reorganisation displaced. */
const DISPLACED_MAX = 1_000;
/** Ids told of that wait to be written while no block comes. */
const UNSAVED_MAX = 1_000;

export interface CauseLogParts {
  peer(link: number): PeerName | undefined;
  /** The journal can't be written. */
  failed(error: unknown): void;
}

export class CauseLog {
  readonly #journal: CauseJournal;
  readonly #clock: Clock;
  readonly #parts: CauseLogParts;
  readonly #stories = new StoryBook(STORIES_MAX);
  readonly #refused = new StoryBook(REFUSED_MAX);
  readonly #arrivals = new Recent<Arrival>(ARRIVALS_MAX);
  readonly #rejections = new Recent<Reason>(REJECTIONS_MAX);
  /** By link, of which none is ever used twice: one object for all that it brings. */
  readonly #origins = new Map<number, Origin>();
  #displacement: Displacement | null = null;
  #unsaved: Entry[] = [];
  /** Ids in them. */
  #unsavedIds = 0;
  #since: number;
  /** What was mined by the last change of the tip, by sender and nonce; made when it is asked for. */
  #mined: { change: TipChange; places: Map<string, string> | null } | null = null;

  constructor(journal: Journal, clock: Clock, parts: CauseLogParts) {
    this.#journal = new CauseJournal(journal);
    this.#clock = clock;
    this.#parts = parts;
    this.#since = clock.wallMs();
  }

  /** Takes up what was known before the last stop. */
  async load(): Promise<void> {
    for (const entry of await this.#journal.read()) {
      if ('transactions' in entry) {
        this.#since = Math.min(this.#since, entry.cause.at);
        for (const key of entry.transactions) this.#add(fromHex(key), entry.cause);
      } else if ('arrival' in entry) this.#arrivals.put(entry.block, entry.arrival);
      else if ('displacement' in entry) this.#displacement = entry.displacement;
    }
  }

  /** Writes what is new. Never rejects: a failure is told to `failed`. */
  async save(): Promise<void> {
    const entries = this.#takeUnsaved();
    if (entries.length === 0) return;
    await this.#journal.write(entries).catch((error) => this.#parts.failed(error));
  }

  /**
   * Takes down that a user brought these. Returns entries for the write that acknowledges them: whoever asked for it wants
   * to know what became of it, also after a crash.
   */
  acknowledge(transactions: readonly Transaction[]): NewFrame[] {
    const from: Origin = { kind: 'user' };
    this.#record(transactions, { at: this.#clock.wallMs(), what: 'pending', way: 'new', from });
    const entries = this.#takeUnsaved();
    return entries.length === 0 ? [] : [this.#journal.entryOf(entries)];
  }

  /** The story of a transaction, if there is one. `id` has 32 bytes. */
  storyOf(id: Uint8Array): Story | undefined {
    return this.#stories.get(id) ?? this.#refused.get(id);
  }

  /** Wall clock: of what was before, some may be forgotten. */
  get since(): number {
    return this.#since;
  }

  arrivalOf(block: string): Arrival | undefined {
    return this.#arrivals.get(block);
  }

  rejectionOf(block: string): Reason | undefined {
    return this.#rejections.get(block);
  }

  /** The last reorganisation. */
  get displacement(): Displacement | null {
    return this.#displacement;
  }

  note(event: NodeEvent): void {
    switch (event.type) {
      case 'block':
        if (!this.#arrivals.has(event.node.key))
          this.#arrivals.put(event.node.key, {
            at: this.#clock.wallMs(),
            from: event.link === null ? { kind: 'self' } : this.#originOf(event.link),
          });
        break;
      case 'tip':
        this.#noteTip(event.change);
        break;
      case 'pending': {
        const from = event.way === 'new' ? this.#originOf(event.link) : null;
        const cause: Cause = { at: this.#clock.wallMs(), what: 'pending', way: event.way, from };
        this.#record(event.transactions, cause);
        break;
      }
      case 'waiting': {
        const { way, link, error, transaction } = event;
        const from = way === 'new' ? this.#originOf(link) : null;
        const reason = error === null ? null : reasonOf(error);
        this.#record([transaction], { at: this.#clock.wallMs(), what: 'waiting', way, from, reason });
        break;
      }
      case 'refused':
        this.#noteRefusal(event);
        break;
      case 'dropped': {
        const { transaction, error } = event;
        const by = event.replacedBy ?? (error.code === 'NONCE_USED' ? this.#rivalOf(transaction) : null);
        const reason = reasonOf(error);
        this.#record([transaction], { at: this.#clock.wallMs(), what: 'dropped', reason, by });
        break;
      }
      case 'invalidBlock':
        this.#rejections.put(event.rejection.node.key, reasonOf(event.rejection.error));
    }
  }

  #noteRefusal({ transaction, error, link }: Extract<NodeEvent, { type: 'refused' }>): void {
    if (error.code === 'ALREADY_KNOWN' || error.code === 'ALREADY_MINED') return;
    // Bytes that a peer made up are no transaction of anybody's.
    if (error.kind === 'malformed' && link !== null) return;
    const cause: Cause = {
      at: this.#clock.wallMs(),
      what: 'refused',
      reason: reasonOf(error),
      from: this.#originOf(link),
    };
    this.#record([transaction], cause);
  }

  #noteTip(change: TipChange): void {
    const at = this.#clock.wallMs();
    this.#mined = { change, places: null };
    if (change.disconnected.length > 0) this.#noteReorg(change, at);
    let node = change.to;
    for (const { transactions } of change.connected.toReversed()) {
      const told = transactions.filter(({ id }) => this.#stories.has(id));
      if (told.length > 0) this.#record(told, { at, what: 'mined', block: blockName(node) });
      node = node.parent!;
    }
    const arrival = this.#arrivals.get(change.to.key);
    if (arrival !== undefined) this.#unsaved.push({ block: change.to.key, arrival });
  }

  #noteReorg(change: TipChange, at: number): void {
    const reorg = reorgOf(change, at);
    let node = change.from;
    for (const { transactions } of change.disconnected) {
      const block = blockName(node);
      // They came with their block, or so long ago that they are forgotten.
      const untold = transactions.filter(({ id }) => !this.#stories.has(id));
      this.#record(untold, { at: this.#timeOf(node), what: 'mined', block });
      this.#record(transactions, { at, what: 'orphaned', block, reorg });
      node = node.parent!;
    }
    const displaced = change.disconnected.toReversed().flatMap(({ transactions }) => transactions);
    this.#displacement = {
      reorg,
      transactions: displaced.slice(0, DISPLACED_MAX).map(({ key }) => key),
      count: displaced.length,
    };
    this.#unsaved.push({ displacement: this.#displacement });
  }

  #record(transactions: readonly Transaction[], cause: Cause): void {
    const told: string[] = [];
    for (const { id, key } of transactions) if (this.#add(id, cause)) told.push(key);
    if (told.length === 0) return;
    this.#unsaved.push({ transactions: told, cause });
    this.#unsavedIds += told.length;
    if (this.#unsavedIds >= UNSAVED_MAX) void this.save();
  }

  #takeUnsaved(): Entry[] {
    const entries = this.#unsaved;
    this.#unsaved = [];
    this.#unsavedIds = 0;
    return entries;
  }

  /** False if it only says again what is known. */
  #add(id: Uint8Array, cause: Cause): boolean {
    const taken = this.#stories.lastOf(id);
    const last = taken ?? this.#refused.lastOf(id);
    if (repeats(last, cause)) return false;
    if (taken === undefined && cause.what === 'refused') {
      this.#refused.add(id, cause);
      return true;
    }
    // One that was refused before, and is taken now, goes on with its story.
    const refused = taken === undefined ? this.#refused.take(id) : undefined;
    if (refused !== undefined) this.#noteGone(this.#stories.adopt(id, refused));
    this.#noteGone(this.#stories.add(id, cause));
    return true;
  }

  #noteGone(last: Cause | null): void {
    if (last !== null) this.#since = Math.max(this.#since, last.at);
  }

  /** When a block came, or else when it says it was made. */
  #timeOf(node: HeaderNode): number {
    return this.#arrivals.get(node.key)?.at ?? node.header.time;
  }

  #originOf(link: number | null): Origin {
    if (link === null) return { kind: 'user' };
    const known = this.#origins.get(link);
    if (known !== undefined) return known;
    const peer = this.#parts.peer(link);
    if (peer === undefined) return { kind: 'peer', node: null, address: null };
    const origin: Origin = { kind: 'peer', node: peer.node, address: peer.address };
    if (this.#origins.size >= ORIGINS_MAX) this.#origins.clear();
    this.#origins.set(link, origin);
    return origin;
  }

  /** The transaction with the sender and nonce of this one that the last change of the tip mined. */
  #rivalOf(transaction: Transaction): string | null {
    if (this.#mined === null) return null;
    this.#mined.places ??= new Map(
      this.#mined.change.connected.flatMap(({ transactions }) =>
        transactions.map((mined): [string, string] => [placeOf(mined), mined.key]),
      ),
    );
    return this.#mined.places.get(placeOf(transaction)) ?? null;
  }
}

function placeOf({ sender, nonce }: Transaction): string {
  return `${toHex(sender)}/${nonce}`;
}

function repeats(last: Cause | undefined, cause: Cause): boolean {
  if (last?.what !== cause.what) return false;
  if (last.what === 'pending') return true;
  if ((last.what === 'waiting' || last.what === 'refused') && 'reason' in cause)
    return last.reason?.code === cause.reason?.code;
  return last.what === 'mined' && last.block.id === (cause as typeof last).block.id;
}
