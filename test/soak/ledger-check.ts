/** Owns what a soak asks of nodes: whether they agree, where transactions are, and whether a chain is right. */
import { waitUntil } from '../../cli/testnet/wait.ts';
import { NodeProcess } from '../bench/node-process.ts';
import { postJson } from './answers.ts';
import type { Callee } from './load.ts';

export interface Status {
  readonly height: number;
  readonly tip: string;
  readonly stateRoot: string;
  readonly mempool: number;
  readonly work: string;
  readonly supply: string;
}

/** Calls of one batch. */
const BATCH = 100;

export const statusOf = (node: Callee): Promise<Status> => node.call<Status>('status');

/** True once all have the same tip and state root, within the time. */
export function agree(nodes: readonly Callee[], timeoutMs: number): Promise<boolean> {
  return waitUntil(async () => {
    const all = await Promise.all(nodes.map(statusOf));
    return all.every(({ tip, stateRoot }) => tip === all[0]!.tip && stateRoot === all[0]!.stateRoot);
  }, timeoutMs);
}

/** How many of the transactions are in each status: `mined`, `pending`, `dropped`, `unknown`. */
export async function countStatuses(
  node: { readonly rpc: string },
  ids: readonly string[],
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (let at = 0; at < ids.length; at += BATCH) {
    const calls = ids
      .slice(at, at + BATCH)
      .map((id, i) => ({ jsonrpc: '2.0', id: i, method: 'transaction', params: { id } }));
    const answers = (await postJson(node.rpc, calls)) as { result: { status: string } }[];
    for (const { result } of answers) counts.set(result.status, (counts.get(result.status) ?? 0) + 1);
  }
  return counts;
}

/** True if a fresh node that believes nothing gets the same tip and state from this one. */
export async function isRepeatable(
  node: Callee & { readonly p2p: string },
  wish: Parameters<typeof NodeProcess.start>[0],
  timeoutMs: number,
): Promise<boolean> {
  const fresh = await NodeProcess.start(wish);
  try {
    await fresh.call('connect', { url: node.p2p });
    return await agree([node, fresh], timeoutMs);
  } finally {
    await fresh.stop();
  }
}
