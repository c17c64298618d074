/**
 * Owns what a client keeps of the chain it has verified: its last headers in a row, and a few far earlier ones to fall
 * back to when the chain was reorganised. Immutable. Bounded by `RECENT_MAX` and, since the gaps between them double,
 * by about 32 checkpoints.
 */
import type { HeaderContext } from '../../chain/consensus/header-rules.ts';
import { assert } from '../../chain/errors.ts';
import { equalBytes } from '../../chain/format/bytes.ts';
import type { Params } from '../../chain/format/params.ts';

/** Headers in a row that are kept: reorganisations this deep cost no second look. */
export const RECENT_MAX = 64;

/** What must be known beforehand: the parameters, and the genesis block that follows from them. */
export interface LightLedger {
  readonly params: Params;
  readonly genesis: HeaderContext;
}

export interface VerifiedChain {
  readonly ledger: LightLedger;
  /** Sparse, oldest first; the genesis is the first. All below `recent`, but the genesis may be its first too. */
  readonly checkpoints: readonly HeaderContext[];
  /** In a row, oldest first; the last is the end of the chain. Never empty. */
  readonly recent: readonly HeaderContext[];
  /** Height up to which headers were drawn samples of; 0 if each was checked. */
  readonly sampledTo: number;
}

/** Headers of one node's best chain, in a row, oldest first, its tip last. */
export interface Branch {
  /** The last header it shares with what was verified before. */
  readonly fork: HeaderContext;
  readonly contexts: readonly HeaderContext[];
  readonly sampledTo: number;
}

export function startChain(ledger: LightLedger): VerifiedChain {
  return { ledger, checkpoints: [ledger.genesis], recent: [ledger.genesis], sampledTo: 0 };
}

export function endOfChain({ recent }: Pick<VerifiedChain, 'recent'>): HeaderContext {
  return recent.at(-1)!;
}

export function endOfBranch({ contexts }: Branch): HeaderContext {
  return contexts.at(-1)!;
}

/** The header at a height, if it is one of those in a row. */
export function contextAt(contexts: readonly HeaderContext[], height: number): HeaderContext | undefined {
  return contexts[height - contexts[0]!.header.height];
}

/** Verified headers to try in turn when a node doesn't have the end of the chain, newest first; the genesis is last. */
export function fallbacks({ checkpoints, recent }: VerifiedChain): HeaderContext[] {
  const end = recent.at(-1)!.header.height;
  const near = [end, end - 8, end - 32, recent[0]!.header.height];
  const tried = near.map((height) => contextAt(recent, height)).filter((context) => context !== undefined);
  const all = [...tried, ...[...checkpoints].reverse()];
  return all.filter((context, i) => all.findIndex(({ id }) => equalBytes(id, context.id)) === i);
}

/** The chain that ends in `end`, a header of the branch. */
export function followBranch(chain: VerifiedChain, branch: Branch, end: HeaderContext): VerifiedChain {
  const row = branch.contexts.slice(0, end.header.height - branch.contexts[0]!.header.height + 1);
  assert(row.at(-1) === end, 'a chain ends in a header of its branch');
  const recent = row.slice(-RECENT_MAX);
  const below = ({ header }: HeaderContext): boolean => header.height < recent[0]!.header.height;
  // Of what was kept before, only what the branch didn't leave: it begins at a header of the chain, or samples from one.
  const fork = branch.fork.header.height;
  const earlier = [...chain.checkpoints, ...chain.recent].filter(({ header }) => header.height <= fork);
  return {
    ledger: chain.ledger,
    checkpoints: thin([chain.ledger.genesis, ...[...earlier, ...row].filter(below)], end.header.height),
    recent,
    sampledTo: branch.sampledTo,
  };
}

/** Those whose distance from the end at least doubles, oldest first, and the genesis. */
function thin(contexts: readonly HeaderContext[], end: number): HeaderContext[] {
  const sorted = [...contexts].sort((a, b) => b.header.height - a.header.height);
  const kept: HeaderContext[] = [];
  let distance = RECENT_MAX;
  for (const context of sorted) {
    const { height } = context.header;
    if (height > 0 && end - height < distance) continue;
    if (kept.at(-1)?.header.height === height) continue;
    kept.push(context);
    distance = 2 * (end - height);
  }
  return kept.reverse();
}
