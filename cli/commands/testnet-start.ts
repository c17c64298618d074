/** Owns `pier testnet start`. */
import { parseWhole } from '../arguments.ts';
import type { Context } from '../context.ts';
import { CliError } from '../faults.ts';
import { layTable } from '../layout.ts';
import { err } from '../streams.ts';
import { keysDir, nodeDir, p2pUrl, rpcUrl } from '../testnet/plan.ts';
import { type Started, startTestnet } from '../testnet/start.ts';

export interface StartOptions {
  readonly nodes?: string;
  readonly basePort?: string;
  readonly blockTime?: string;
  readonly fresh?: boolean;
  readonly detach?: boolean;
}

const DEFAULT_NODES = 5;
const NODES_MAX = 50;
const DEFAULT_BLOCK_TIME_MS = 2_000;

export async function run(context: Context, options: StartOptions): Promise<void> {
  if (context.output.json && options.detach !== true) {
    throw new CliError('USAGE', 'the live view is for people', 'add --detach to get JSON');
  }
  const dir = context.places.testnet;
  const { nodes, basePort, blockTime } = options;
  const wish = {
    nodes: nodes === undefined ? DEFAULT_NODES : parseWhole(nodes, '--nodes', 1, NODES_MAX),
    basePort: basePort === undefined ? undefined : parsePort(basePort),
    blockTimeMs:
      blockTime === undefined ? DEFAULT_BLOCK_TIME_MS : parseWhole(blockTime, '--block-time', 100, 600_000),
  };
  const given = [
    ...(nodes === undefined ? [] : ['--nodes']),
    ...(basePort === undefined ? [] : ['--base-port']),
    ...(blockTime === undefined ? [] : ['--block-time']),
  ];
  const progress = context.output.progress('starting a testnet');
  const began = performance.now();
  let started: Started;
  try {
    started = await startTestnet(dir, { wish, given, fresh: options.fresh === true }, progress);
  } finally {
    progress.stop();
  }
  for (const note of started.notes) err.text(`note: ${note}\n`);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  if (options.detach === true) return tell(context, dir, started, seconds);
  const { showLive } = await import('../testnet/live.ts');
  await showLive(dir, { seconds, resumed: started.resumed });
}

function parsePort(text: string): number {
  const port = parseWhole(text, '--base-port', 0, 65_535);
  if (port > 0 && port < 1024)
    throw new CliError('USAGE', `--base-port is ${port}`, 'give 0, or 1024 and up');
  return port;
}

function tell(context: Context, dir: string, { plan, reports, resumed }: Started, seconds: string): void {
  const nodes = plan.nodes.map((node) => ({
    index: node.index,
    pid: reports.find(({ index }) => index === node.index)!.pid,
    rpc: rpcUrl(node),
    p2p: p2pUrl(node),
    dataDir: nodeDir(dir, node.index),
  }));
  context.output.result({ dir, chainId: plan.chainId, nodes }, () => {
    const rows = nodes.map(({ index, pid, rpc, p2p }) => [`node ${index}`, `pid ${pid}`, rpc, p2p]);
    return [
      `testnet ${resumed ? 'goes on' : 'started'}: ${nodes.length} nodes agree after ${seconds} s`,
      ...layTable(rows),
      `data    ${dir}`,
      `keys    ${keysDir(dir)}: unencrypted, for play; "faucet" has 1,000,000 PIER`,
      'try     pier key new alice && pier send faucet alice 100 --wait',
      'end     pier testnet stop',
    ].join('\n');
  });
}
