/** Owns what a soak asks of nodes: whether they agree, where transactions are, and whether a chain is right. */
import { request } from 'node:http';
import { waitUntil } from '../../cli/testnet/wait.ts';
import { NodeProcess } from '../bench/node-process.ts';

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

export const statusOf = (node: NodeProcess): Promise<Status> => node.call<Status>('status');

/** True once all have the same tip and state root, within the time. */
export function agree(nodes: readonly NodeProcess[], timeoutMs: number): Promise<boolean> {
  return waitUntil(async () => {
    const all = await Promise.all(nodes.map(statusOf));
    return all.every(({ tip, stateRoot }) => tip === all[0]!.tip && stateRoot === all[0]!.stateRoot);
  }, timeoutMs);
}

/** How many of the transactions are in each status: `mined`, `pending`, `dropped`, `unknown`. */
export async function countStatuses(node: NodeProcess, ids: readonly string[]): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (let at = 0; at < ids.length; at += BATCH) {
    const calls = ids
      .slice(at, at + BATCH)
      .map((id, i) => ({ jsonrpc: '2.0', id: i, method: 'transaction', params: { id } }));
    const answers = (await post(node.rpc, calls)) as { result: { status: string } }[];
    for (const { result } of answers) counts.set(result.status, (counts.get(result.status) ?? 0) + 1);
  }
  return counts;
}

/** True if a fresh node that believes nothing gets the same tip and state from this one. */
export async function isRepeatable(
  node: NodeProcess,
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

function post(url: string, body: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { method: 'POST', headers: { 'content-type': 'application/json' } },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part) => {
          text += part;
        });
        response.on('end', () => resolve(JSON.parse(text)));
      },
    );
    sent.on('error', reject);
    sent.end(JSON.stringify(body));
  });
}
