/** Owns `pier peers`: whom a node is linked to. */
import { openClient } from '../client.ts';
import type { Context } from '../context.ts';
import { formatBytes, formatSpan, layTable, shortId } from '../layout.ts';

export async function run(context: Context): Promise<void> {
  const client = openClient(context);
  const { peers, tip } = await client.peers();
  const document = { peers, height: tip.height, tip: tip.id };
  context.output.result(document, () => {
    if (peers.length === 0) return `${client.rpc.node} has no peers`;
    const rows = peers.map((peer) => [
      shortId(peer.node),
      peer.address,
      peer.direction,
      String(peer.height),
      formatSpan(peer.connectedMs),
      peer.pingMs === null ? '' : `${peer.pingMs} ms`,
      formatBytes(peer.bytesIn),
      formatBytes(peer.bytesOut),
    ]);
    const header = ['NODE', 'ADDRESS', 'LINK', 'HEIGHT', 'SINCE', 'PING', 'IN', 'OUT'];
    const right = 'right' as const;
    return layTable([header, ...rows], ['left', 'left', 'left', right, right, right, right, right]).join(
      '\n',
    );
  });
}
