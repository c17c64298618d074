/**
 * Owns what is said about the storage of a node: whether it has all that it had, and if not, what is missing, why, and
 * where it comes from. Pure, but for the port to the node.
 */
import { ASIDE_REASONS, type Aside } from './store-aside.ts';

/**
 * `sound`: nothing is missing. `rebuilding`: it is made again from what is on this disk. `fetching`: it comes from peers.
 * `lost`: it is neither here nor with any peer that is linked now.
 */
export type StorageState = 'sound' | 'rebuilding' | 'fetching' | 'lost';

export interface StorageCondition {
  readonly state: StorageState;
  /** Height of the chain now, and the height that it had reached. Null while not known. */
  readonly done: number | null;
  readonly of: number | null;
  /** Why it is not sound, for people. */
  readonly reason: string | null;
  /** Folder or file in the node's folder that was kept of what was lost. */
  readonly kept: string | null;
}

export const SOUND: StorageCondition = { state: 'sound', done: null, of: null, reason: null, kept: null };

/** What the condition follows from. */
export interface StorageFacts {
  /** The database that was moved aside, or null. */
  readonly loss: Aside | null;
  /** How far the chain had come. */
  readonly reached: { readonly height: number; readonly work: bigint } | null;
  readonly tip: { readonly height: number; readonly work: bigint };
  /** The best header that is known. */
  readonly best: { readonly height: number; readonly work: bigint };
  /** How far the state is made again from stored blocks, or null. */
  readonly rebuilding: { readonly height: number; readonly of: number } | null;
  readonly syncing: boolean;
}

/** What is known of the blocks of the chain that the disk should have. */
export interface BlockFacts {
  readonly tip: { readonly height: number };
  /** How many of them the disk has lost. */
  readonly lostBlocks: number;
  /** There are peers, which are asked for them. */
  readonly linked: boolean;
}

/** The condition of a node whose state is whole: its files may still have lost blocks. */
export function conditionOfBlocks({ tip, lostBlocks, linked }: BlockFacts): StorageCondition {
  if (lostBlocks === 0) return SOUND;
  const reason = `blocks of the chain that were damaged or deleted: ${lostBlocks}`;
  return {
    state: linked ? 'fetching' : 'lost',
    done: tip.height - lostBlocks,
    of: tip.height,
    reason,
    kept: null,
  };
}

/** The condition as it follows from the facts. */
export function conditionOf(facts: StorageFacts): StorageCondition {
  const { loss, reached, tip, best, rebuilding } = facts;
  // Without a note of how far it had come, all blocks that are stored or that peers have must do.
  const whole =
    reached === null ? tip.height > 0 && !facts.syncing && tip.work >= best.work : tip.work >= reached.work;
  if (rebuilding === null && (whole || (loss === null && reached === null))) return SOUND;
  const about = {
    done: tip.height,
    of: rebuilding?.of ?? reached?.height ?? (best.height > tip.height ? best.height : null),
    reason:
      loss !== null
        ? ASIDE_REASONS[loss.reason]
        : rebuilding === null
          ? 'blocks that it had are missing'
          : null,
    kept: loss?.kept ?? null,
  };
  if (rebuilding !== null) return { state: 'rebuilding', ...about };
  const offered = best.work > tip.work && (reached === null || best.work >= reached.work);
  return { state: offered ? 'fetching' : 'lost', ...about };
}

/** One sentence for people, or null if all is well. */
export function describeCondition({ state, done, of, reason, kept }: StorageCondition): string | null {
  if (state === 'sound') return null;
  const count = `block ${done ?? 0} of ${of ?? 'an unknown number'}`;
  const what = {
    rebuilding: `rebuilding from its own blocks: ${count}`,
    fetching: `fetching the ledger from its peers again: ${count}`,
    lost: `the ledger is lost here, and no linked peer has it: ${count}`,
  }[state];
  const why = reason === null ? '' : `; ${reason}`;
  return `${what}${why}${kept === null ? '' : `; what was left is kept in ${kept}`}`;
}

/** What a node says of its own health, beside whether it is catching up. */
export interface Health {
  readonly storage: StorageCondition;
  /** Why the clock holds blocks up, or null. */
  readonly clock: string | null;
  /** A crash of the last day after which the node was started again, or null. */
  readonly crash: string | null;
  /** Why accepted transactions may be lost, or null. */
  readonly journal: string | null;
}

export const WELL: Health = { storage: SOUND, clock: null, crash: null, journal: null };

/** A sentence for each thing that is or was wrong. */
export function warningsOf({ storage, clock, crash, journal }: Health): string[] {
  return [describeCondition(storage), clock, crash, journal].filter((warning) => warning !== null);
}
