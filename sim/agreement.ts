/** Owns the look at all nodes of a world together: whether they agree, whether they wait for anything, where each is. */
import { toHex } from '../chain/format/bytes.ts';
import type { Transaction } from '../chain/format/transaction.ts';
import type { SimNode } from './node.ts';

/** True if these running nodes are at rest with the same tip, and the same of those transactions in their mempools. */
export function doAgree(
  nodes: readonly SimNode[],
  counts: (transaction: Transaction) => boolean = () => true,
): boolean {
  const views = nodes.map(({ reactor }) => {
    const counted = [...reactor!.pool.values()].filter(counts);
    const keys = counted.map(({ key }) => key).sort();
    return `${reactor!.ledger.tip.key} ${keys.join()}`;
  });
  return new Set(views).size <= 1 && nodes.every(({ atRest }) => atRest);
}

/** True if none of these running nodes waits for anything of its peers, or holds anything for them. */
export function areIdle(nodes: readonly SimNode[]): boolean {
  return nodes.every(({ reactor }) => {
    const { ledger, machine } = reactor!;
    const { missing, inFlight, syncing } = machine.syncState();
    const held = machine.peers().reduce((sum, peer) => sum + peer.heldBytes, ledger.heldBytes);
    return missing + inFlight + held === 0 && !syncing;
  });
}

/** One line a node: where it is and what it holds. */
export function describeNodes(nodes: readonly SimNode[]): string {
  const indexOf = (nodeKey: string): number =>
    nodes.findIndex(({ signer }) => toHex(signer.publicKey) === nodeKey);
  return nodes
    .map(({ index, reactor, isUp, gone }) => {
      if (reactor === null) return `node ${index}: ${gone ? 'gone' : isUp ? 'starting' : 'down'}`;
      const { ledger, pool, machine } = reactor;
      const peers = machine.peers().map(({ node }) => indexOf(node));
      return `node ${index}: height ${ledger.tip.height} tip ${ledger.tip.key.slice(-8)} pool ${pool.size} busy ${reactor.busy} peers ${peers.join()} sync ${JSON.stringify(machine.syncState())}`;
    })
    .join('\n');
}
