/** Owns `pier status`: one node's view of the ledger. */
import { formatPier } from '../../chain/format/amount.ts';
import { openClient } from '../client.ts';
import type { Context } from '../context.ts';
import { countOf, formatSpan, layFacts } from '../layout.ts';

export async function run(context: Context): Promise<void> {
  const client = openClient(context);
  const status = await client.status();
  const document = {
    height: status.height,
    tip: status.tip,
    stateRoot: status.stateRoot,
    work: status.work,
    peers: status.peers,
    mempool: status.mempool,
    supply: formatPier(status.supply),
    node: status.node,
  };
  const behind = status.headers - status.height;
  context.output.result(document, () =>
    layFacts([
      ['ledger', `${status.name} (${status.chainId.slice(0, 16)}…)`],
      ['height', `${status.height}${behind > 0 ? ` of ${status.headers}: catching up` : ''}`],
      ['tip', status.tip],
      ['state root', status.stateRoot],
      ['last block', `${formatSpan(Date.now() - status.time)} ago`],
      ['work', `${status.work} hashes`],
      ['peers', String(status.peers)],
      ['mempool', countOf(status.mempool, 'transaction')],
      ['supply', `${document.supply} PIER`],
      ['mining', status.mining === null ? 'no' : `${status.mining.hashrate} hashes a second`],
      ['node', `${status.node.slice(0, 16)}… at ${client.rpc.node}`],
    ]),
  );
}
