/** Owns the way along a branch. */
import type { HeaderNode } from '../consensus/header-tree.ts';

/** The headers from above `fork` up to `tip`, oldest first. */
export function branch(fork: HeaderNode, tip: HeaderNode): HeaderNode[] {
  const nodes: HeaderNode[] = [];
  for (let at = tip; at !== fork; at = at.parent!) nodes.push(at);
  return nodes.reverse();
}
