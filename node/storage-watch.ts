/**
 * Owns the condition of a node's storage over time: what it is now, who hears when it changes, and the notes in the
 * folder from which the next start knows it. `condition.json` is there while it is not sound, also before the RPC
 * answers, so that whoever waits for the node can say why.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { readAborts } from './aborts.ts';
import {
  type BlockFacts,
  conditionOf,
  conditionOfBlocks,
  describeCondition,
  SOUND,
  type StorageCondition,
  type StorageFacts,
} from './condition.ts';
import { writeFileAtomically } from './files.ts';
import { forgetJournalLoss, readJournalLoss } from './journal-loss.ts';
import type { Clock, Logger } from './ports.ts';
import { forgetReached, type Reached, readReached, writeReached } from './reached.ts';
import { forgetLoss, readLoss } from './store-aside.ts';

/** How often the height that was reached is noted. After a loss, what came later is not missed. */
const NOTE_MS = 10_000;
/** How often progress is written for those who can't ask the RPC yet. */
const TELL_MS = 500;

type ChainFacts = Omit<StorageFacts, 'loss' | 'reached'> & BlockFacts;

export class StorageWatch {
  readonly #dataDir: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  /** As it was at the start: what came before it is what can be missing. */
  readonly #reached: Reached | null;
  /** Set by whoever works on the store, while nothing can be told from the chain. */
  #given: StorageCondition | null = null;
  #chain: (() => ChainFacts) | null = null;
  #whole = false;
  #last: StorageCondition = SOUND;
  #toldAt = Number.NEGATIVE_INFINITY;
  #notedAt = Number.NEGATIVE_INFINITY;
  #healed: (() => void) | null = null;

  constructor(dataDir: string, clock: Clock, log: Logger) {
    this.#dataDir = dataDir;
    this.#clock = clock;
    this.#log = log;
    this.#reached = readReached(dataDir);
  }

  /** For `--accept-loss`: what was lost is not missed any more. */
  static accept(dataDir: string): void {
    forgetLoss(dataDir);
    forgetReached(dataDir);
    forgetJournalLoss(dataDir);
  }

  /** What a rebuild or a scrub is at; null once the chain tells by itself. */
  set(condition: StorageCondition | null): void {
    this.#given = condition;
    this.update();
  }

  /** From now on the condition follows from the chain too. `healed` is called once, when nothing is missing (any more). */
  follow(chain: () => ChainFacts, healed: () => void): void {
    this.#chain = chain;
    this.#healed = healed;
    this.update();
  }

  get current(): StorageCondition {
    const state = this.#state;
    return state.state === 'sound' && this.#chain !== null ? conditionOfBlocks(this.#chain()) : state;
  }

  /** Without regard to old blocks that are lost: the chain goes on without them. */
  get #state(): StorageCondition {
    if (this.#given !== null) return this.#given;
    if (this.#chain === null || this.#whole) return SOUND;
    return conditionOf({ ...this.#chain(), loss: readLoss(this.#dataDir), reached: this.#reached });
  }

  /** What the last crash of the process was, or null if there was none lately. */
  get lastCrash(): string | null {
    const last = readAborts(this.#dataDir, this.#clock.wallMs()).at(-1);
    if (last === undefined) return null;
    const what = last.signal === 'memory' ? 'ran out of memory' : `was ended by native code (${last.signal})`;
    return `the node ${what} at ${new Date(last.at).toISOString()} and was started again`;
  }

  /** Why accepted transactions may be lost, or null. */
  get journalLoss(): string | null {
    return readJournalLoss(this.#dataDir, this.#clock.wallMs());
  }

  /** Looks whether the condition has changed, and tells. Called after each change of the chain, and now and then. */
  update(): void {
    const now = this.current;
    const changed = now.state !== this.#last.state;
    if (changed) this.#tellLog(now);
    this.#last = now;
    const at = this.#clock.monotonicMs();
    if (changed || (now.state !== 'sound' && at - this.#toldAt >= TELL_MS)) {
      this.#toldAt = at;
      this.#tellFile(now);
    }
    if (this.#chain === null || this.#given !== null || this.#state.state !== 'sound') return;
    if (!this.#whole) this.#heal();
    if (at - this.#notedAt >= NOTE_MS) this.note();
  }

  /** Notes how far the chain has come. */
  note(): void {
    if (this.#chain === null || !this.#whole) return;
    const { height, work } = this.#chain().tip;
    this.#notedAt = this.#clock.monotonicMs();
    this.#attempt(() => writeReached(this.#dataDir, { height, work }));
  }

  #heal(): void {
    this.#whole = true;
    this.#attempt(() => forgetLoss(this.#dataDir));
    this.#healed?.();
  }

  #tellLog(condition: StorageCondition): void {
    const text = describeCondition(condition);
    if (text === null) this.#log.info('storageSound');
    else this.#log.warn('storage', { state: condition.state, text, kept: condition.kept ?? '' });
  }

  #tellFile(condition: StorageCondition): void {
    const path = join(this.#dataDir, 'condition.json');
    this.#attempt(() => {
      if (condition.state === 'sound') rmSync(path, { force: true });
      else writeFileAtomically(path, `${JSON.stringify(condition)}\n`);
    });
  }

  /** A full disk must not end a node for a note; the store will. */
  #attempt(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#log.warn('noteNotWritten', { error: String(error) });
    }
  }
}
