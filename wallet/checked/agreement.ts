/**
 * Owns the choice of the header that answers are checked against: the highest that all asked nodes have on their best
 * chains, or, if there is one node only, one deep enough that a few blocks of forged work don't reach it. Holds no state.
 */
import type { HeaderContext } from '../../chain/consensus/header-rules.ts';
import { equalBytes } from '../../chain/format/bytes.ts';
import { type Branch, contextAt, endOfBranch } from '../headers/verified-chain.ts';

/** Blocks below the tip of a lone node: a forger would have to do the work of so many. */
export const DEPTH = 6;
/** Blocks by which the best chains of nodes may differ: a node proves its state this far back. */
export const LAG_MAX = 16;

/** One node's best chain. */
export interface Witness {
  readonly node: string;
  readonly branch: Branch;
}

export interface Agreement {
  readonly header: HeaderContext;
  /** The node whose chain the others are compared with, and that chain. */
  readonly node: string;
  readonly branch: Branch;
  /** Nodes that have it on their best chain. */
  readonly nodes: readonly string[];
  /** Blocks it lies below the highest tip of these. */
  readonly below: number;
  /** Nodes left out: their best chain has less work and leaves that of the others too far down. */
  readonly apart: readonly { readonly node: string; readonly blocks: number }[];
}

/**
 * The header to check against. `witnesses` is not empty. `preferred` names the node whose answer is wanted whatever
 * the others say; else the most work decides who is left out. `depth` is how far below the tip of a lone node it lies.
 */
export function agree(witnesses: readonly Witness[], preferred?: string, depth = DEPTH): Agreement {
  const byWork = [...witnesses].sort((a, b) => Number(isHeavier(b, a)) - Number(isHeavier(a, b)));
  const first = byWork.find(({ node }) => node === preferred) ?? byWork[0]!;
  const top = endOfBranch(first.branch).header.height;
  const together: Witness[] = [];
  const apart: { node: string; blocks: number }[] = [];
  for (const witness of byWork) {
    const shared = sharedHeight(first.branch, witness.branch);
    if (shared !== null && top - shared <= LAG_MAX) together.push(witness);
    else apart.push({ node: witness.node, blocks: shared === null ? top : top - shared });
  }
  const nodes = together.map(({ node }) => node);
  const highest = Math.max(...together.map(({ branch }) => endOfBranch(branch).header.height));
  const height =
    together.length > 1
      ? Math.min(...together.map(({ branch }) => sharedHeight(first.branch, branch)!))
      : Math.max(first.branch.contexts[0]!.header.height, top - depth);
  const header = contextAt(first.branch.contexts, height)!;
  return { header, node: first.node, branch: first.branch, nodes, below: highest - height, apart };
}

/** Height of the last header that both have; `null` if they share none of those in a row. */
function sharedHeight(a: Branch, b: Branch): number | null {
  let height = Math.min(endOfBranch(a).header.height, endOfBranch(b).header.height);
  for (; ; height--) {
    const [left, right] = [contextAt(a.contexts, height), contextAt(b.contexts, height)];
    if (left === undefined || right === undefined) return null;
    if (equalBytes(left.id, right.id)) return height;
  }
}

const isHeavier = (a: Witness, b: Witness): boolean =>
  endOfBranch(a.branch).work > endOfBranch(b.branch).work;
