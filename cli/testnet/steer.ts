/** Owns calls that change a node of a testnet. They carry its cookie, which is for that node alone. */
import { CliError } from '../faults.ts';
import { readCookie } from '../node-file.ts';
import { callNode } from '../node-rpc.ts';
import { type NodePlan, nodeDir, rpcUrl } from './plan.ts';
import { surveyNode } from './survey.ts';

/** Asks first which node answers: another program may have its port. 'NO_NODE' then, and if nobody answers. */
export async function steer(dir: string, node: NodePlan, method: string, params: object): Promise<void> {
  const { status } = await surveyNode(dir, node);
  if (status === null) {
    const message = `node ${node.index} does not answer at ${rpcUrl(node)}, or another program has its port`;
    throw new CliError('NO_NODE', message, 'see: pier testnet status');
  }
  await callNode(rpcUrl(node), method, params, { cookie: readCookie(nodeDir(dir, node.index)) });
}
