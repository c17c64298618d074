/** Owns finding the ends of all branches that a ledger knows, its own among them. */
import type { HeaderNode } from '../chain/consensus/header-tree.ts';
import type { Ledger } from '../chain/ledger/ledger.ts';
import type { ForkTip } from './rpc/view.ts';

/** In no order; looks at every header. */
export function branchesOf(ledger: Ledger): ForkTip[] {
  const tips: ForkTip[] = [];
  for (const node of ledger.headers.values()) {
    const isTip = node === ledger.tip || (node.children.length === 0 && !ledger.isActive(node));
    if (!isTip) continue;
    const forkHeight = ledger.headers.commonAncestor(node, ledger.tip).height;
    tips.push({ node, forkHeight, status: statusOf(ledger, node) });
  }
  return tips;
}

function statusOf(ledger: Ledger, node: HeaderNode): ForkTip['status'] {
  if (node.invalid) return 'invalid';
  if (ledger.isActive(node)) return 'active';
  return node.completed > 0 ? 'valid' : 'headers';
}
