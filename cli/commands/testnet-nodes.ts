/** Owns what one does to a running testnet's nodes: `pier testnet status`, `stop`, `kill`, `restart` and `add`. */
import { parseWhole } from '../arguments.ts';
import type { Context } from '../context.ts';
import { CliError } from '../faults.ts';
import { countOf, formatSpan, layTable, shortId } from '../layout.ts';
import { createMiner } from '../testnet/create.ts';
import { nodeIndices } from '../testnet/folders.ts';
import { applyGroup, describeGroups } from '../testnet/groups.ts';
import { withLock } from '../testnet/lock.ts';
import {
  lagOf,
  type NodePlan,
  needPlan,
  nodeDir,
  nodeOf,
  p2pUrl,
  rpcUrl,
  type TestnetPlan,
  writePlan,
} from '../testnet/plan.ts';
import { choosePorts, isFree } from '../testnet/ports.ts';
import { endLauncher, killProcess, startProcess, stopProcess } from '../testnet/processes.ts';
import { stopAll } from '../testnet/start.ts';
import { type NodeReport, notRunning, surveyNodes, waitForNodes } from '../testnet/survey.ts';

export async function status(context: Context): Promise<void> {
  const dir = context.places.testnet;
  const plan = needPlan(dir);
  const reports = await surveyNodes(dir, plan);
  const nodes = reports.map(({ index, status }) => ({
    index,
    up: status !== null,
    height: status?.height ?? null,
    tip: status?.tip ?? null,
    stateRoot: status?.stateRoot ?? null,
    peers: status?.peers ?? null,
    lagMs: lagOf(plan, index),
  }));
  const warnings = warningsIn(reports);
  const document = warnings.length === 0 ? { nodes } : { nodes, warnings };
  context.output.result(document, () => [describeStatus(dir, plan, reports), ...warnings].join('\n'));
}

/** What the nodes say is wrong, each thing once. */
function warningsIn(reports: readonly NodeReport[]): string[] {
  const by = new Map<string, number[]>();
  for (const { index, status } of reports) {
    for (const warning of status?.warnings ?? []) by.set(warning, [...(by.get(warning) ?? []), index]);
  }
  return [...by].map(([warning, indices]) => `node ${indices.join(', ')}: ${warning}`);
}

function describeStatus(dir: string, plan: TestnetPlan, reports: readonly NodeReport[]): string {
  const up = reports.filter(({ status }) => status !== null);
  if (reports.every(({ standing }) => standing === 'down'))
    return `the testnet in ${dir} is down; start it with: npm start`;
  const rows = reports.map(({ index, status, standing }) => {
    if (status === null) return [String(index), standing];
    const lag = lagOf(plan, index);
    return [
      String(index),
      lag === 0 ? 'up' : `up, lags ${lag} ms`,
      String(status.height),
      shortId(status.tip),
      shortId(status.stateRoot),
      String(status.peers),
      String(status.mempool),
      formatSpan(Date.now() - status.time),
    ];
  });
  const right = 'right' as const;
  const header = ['NODE', '', 'HEIGHT', 'TIP', 'STATE', 'PEERS', 'MEMPOOL', 'LAST BLOCK'];
  const lines = layTable([header, ...rows], ['left', 'left', right, 'left', 'left', right, right, right]);
  const tips = new Set(up.map(({ status }) => status!.tip)).size;
  lines.push('', tips === 1 ? 'all that are up agree' : `${tips} different tips`);
  const disturbances = [
    ...(plan.groups === null ? [] : [`split: ${describeGroups(plan.groups)}`]),
    ...Object.entries(plan.lags).map(([index, ms]) => `node ${index} lags ${ms} ms`),
  ];
  if (disturbances.length > 0) lines.push(`${disturbances.join('; ')}   (end it with: pier testnet heal)`);
  return lines.join('\n');
}

export async function stop(context: Context): Promise<void> {
  const dir = context.places.testnet;
  // Nodes can be stopped without a plan that can be read.
  if (nodeIndices(dir).length === 0) needPlan(dir);
  await withLock(dir, async () => {
    const progress = context.output.progress('stopping the nodes');
    try {
      const stopped = await stopAll(dir);
      progress.stop();
      context.output.result(
        { stopped },
        stopped === 0 ? 'nothing was running' : `stopped ${countOf(stopped, 'node')}`,
      );
    } finally {
      progress.stop();
    }
  });
}

export async function kill(context: Context, which: string): Promise<void> {
  const { dir, plan, node } = pick(context, which);
  const pid = await killProcess(nodeDir(dir, node.index));
  if (pid === null) throw notRunning(node.index);
  const others = plan.nodes.length - 1;
  context.output.result({ index: node.index, pid }, () =>
    [
      `node ${node.index} (pid ${pid}) was killed${others > 0 ? '; the others go on' : ''}`,
      `bring it back with: pier testnet restart ${node.index}`,
    ].join('\n'),
  );
}

export async function restart(context: Context, which: string): Promise<void> {
  const { dir, node: picked } = pick(context, which);
  await withLock(dir, async () => {
    const progress = context.output.progress(`restarting node ${picked.index}`);
    try {
      await stopProcess(nodeDir(dir, picked.index));
      const { plan, node } = await withOwnPorts(dir, needPlan(dir), picked.index);
      const pid = await startNode(dir, plan, node, (text) => progress.update(text));
      progress.stop();
      const document = describeNode(dir, node, pid);
      context.output.result(document, `node ${node.index} is up again (pid ${pid}) and catching up`);
    } finally {
      progress.stop();
    }
  });
}

export async function add(context: Context): Promise<void> {
  const dir = context.places.testnet;
  needPlan(dir);
  await withLock(dir, async () => {
    const before = needPlan(dir);
    refuseSplit(before);
    const progress = context.output.progress('adding a node');
    try {
      const index = Math.max(...before.nodes.map((node) => node.index)) + 1;
      const last = Math.max(...before.nodes.flatMap(({ rpcPort, p2pPort }) => [rpcPort, p2pPort]));
      const [ports] = await choosePorts(last + 1, 1);
      const node: NodePlan = { index, ...ports!, miner: await createMiner(dir, index) };
      const plan = { ...before, nodes: [...before.nodes, node] };
      writePlan(dir, plan);
      const pid = await startNode(dir, plan, node, (text) => progress.update(text));
      progress.stop();
      const text = `node ${index} is up (pid ${pid}) and fetches the ledger from the others`;
      context.output.result(describeNode(dir, node, pid), text);
    } finally {
      progress.stop();
    }
  });
}

/** Starts one node, waits until it answers, and gives it its group again before anything else is said. */
async function startNode(
  dir: string,
  plan: TestnetPlan,
  node: NodePlan,
  tell: (text: string) => void,
): Promise<number> {
  const launcher = startProcess(dir, plan, node);
  const only = { ...plan, nodes: [node] };
  const up = (reports: NodeReport[]) => reports[0]!.status !== null;
  const launchers = new Map([[node.index, launcher]]);
  const [report] = await waitForNodes(dir, only, { done: up, launchers, tell }).catch(async (error) => {
    await endLauncher(launcher);
    throw error;
  });
  const known = { ...plan, ids: { ...plan.ids, [node.index]: report!.status!.node }, stopped: false };
  writePlan(dir, known);
  await applyGroup(dir, known, node);
  return report!.pid!;
}

/** The node with ports that are free: its own, unless another program took them. */
async function withOwnPorts(
  dir: string,
  plan: TestnetPlan,
  index: number,
): Promise<{ plan: TestnetPlan; node: NodePlan }> {
  const node = nodeOf(plan, index);
  if ((await isFree(node.rpcPort)) && (await isFree(node.p2pPort))) return { plan, node };
  const [ports] = await choosePorts(0, 1);
  const moved = { ...node, ...ports! };
  const nodes = plan.nodes.map((other) => (other.index === index ? moved : other));
  const changed = { ...plan, nodes };
  writePlan(dir, changed);
  return { plan: changed, node: moved };
}

function pick(context: Context, which: string): { dir: string; plan: TestnetPlan; node: NodePlan } {
  const dir = context.places.testnet;
  const plan = needPlan(dir);
  return { dir, plan, node: nodeOf(plan, parseWhole(which, 'the node', 1, 9999)) };
}

function describeNode(dir: string, node: NodePlan, pid: number): object {
  return { index: node.index, pid, rpc: rpcUrl(node), p2p: p2pUrl(node), dataDir: nodeDir(dir, node.index) };
}

function refuseSplit(plan: TestnetPlan): void {
  if (plan.groups === null) return;
  const message = `the testnet is split (${describeGroups(plan.groups)}): a new node would be on no side`;
  throw new CliError('SPLIT', message, 'heal it first: pier testnet heal');
}
