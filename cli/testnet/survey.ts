/** Owns asking every node of a testnet how it is, and waiting until all are as one wants them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CliError } from '../faults.ts';
import { findRunningNode } from '../node-file.ts';
import { callNode } from '../node-rpc.ts';
import { type NodePlan, nodeDir, rpcUrl, type TestnetPlan } from './plan.ts';
import { logTail } from './processes.ts';

/** The fields of the RPC's `status` that the testnet's commands use. */
export interface NodeStatus {
  readonly chainId: string;
  readonly node: string;
  readonly height: number;
  readonly tip: string;
  readonly stateRoot: string;
  /** Time of the tip, milliseconds. */
  readonly time: number;
  readonly peers: number;
  readonly mempool: number;
  readonly supply: string;
}

export interface NodeReport {
  readonly index: number;
  readonly pid: number | null;
  /** Null while it is down or doesn't answer. */
  readonly status: NodeStatus | null;
}

const STATUS_TIMEOUT_MS = 2_000;
const READY_POLL_MS = 40;
const READY_MS = 60_000;

/** How each node is, by index; a node that is down or silent has no status. */
export function surveyNodes(dir: string, plan: TestnetPlan): Promise<NodeReport[]> {
  return Promise.all(plan.nodes.map((node) => surveyNode(dir, node)));
}

export async function surveyNode(dir: string, node: NodePlan): Promise<NodeReport> {
  const file = findRunningNode(nodeDir(dir, node.index));
  if (file === null) return { index: node.index, pid: null, status: null };
  try {
    const status = await callNode<NodeStatus>(rpcUrl(node), 'status', {}, { timeoutMs: STATUS_TIMEOUT_MS });
    // Another program may have taken the port meanwhile.
    return { index: node.index, pid: file.pid, status: status.node === file.node ? status : null };
  } catch {
    return { index: node.index, pid: file.pid, status: null };
  }
}

/** True if every node is up, linked to every other, and all are at one tip above the genesis. */
export function isReady(reports: readonly NodeReport[]): boolean {
  const tips = new Set(reports.map(({ status }) => status?.tip));
  return (
    tips.size === 1 &&
    reports.every(({ status }) => status !== null && status.height >= 1 && status.peers >= reports.length - 1)
  );
}

/**
 * Asks until `done` holds for the reports. `pids` are the processes that must go on meanwhile: if one ends, the wait
 * ends with what it wrote last. `tell` gets a line for the progress.
 */
export async function waitForNodes(
  dir: string,
  plan: TestnetPlan,
  {
    done,
    pids,
    tell,
  }: {
    done: (reports: NodeReport[]) => boolean;
    pids: ReadonlyMap<number, number>;
    tell: (text: string) => void;
  },
): Promise<NodeReport[]> {
  const end = performance.now() + READY_MS;
  for (;;) {
    const reports = await surveyNodes(dir, plan);
    if (done(reports)) return reports;
    for (const [index, pid] of pids) if (!exists(pid)) throw startFailure(dir, index);
    if (performance.now() > end) throw lateFailure(dir, reports);
    tell(describe(reports));
    await sleep(READY_POLL_MS);
  }
}

function describe(reports: readonly NodeReport[]): string {
  const up = reports.filter(({ status }) => status !== null);
  if (up.length < reports.length) return `starting nodes: ${up.length} of ${reports.length}`;
  const links = up.filter(({ status }) => status!.peers >= reports.length - 1).length;
  if (links < reports.length) return `connecting nodes: ${links} of ${reports.length}`;
  return `agreeing on a block: height ${Math.max(...up.map(({ status }) => status!.height))}`;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function startFailure(dir: string, index: number): CliError {
  const tail = logTail(nodeDir(dir, index));
  return new CliError(
    'NODE_FAILED',
    `node ${index} ended while starting${tail === '' ? '' : `:\n${tail}`}`,
    `its log is in ${nodeDir(dir, index)}`,
  );
}

function lateFailure(dir: string, reports: readonly NodeReport[]): CliError {
  const seconds = READY_MS / 1000;
  return new CliError(
    'NOT_READY',
    `not ready after ${seconds} s (${describe(reports)})`,
    `logs are in ${dir}/node-*`,
  );
}

/** The node must be up for that. */
export function notRunning(index: number): CliError {
  return new CliError(
    'NODE_DOWN',
    `node ${index} is not running`,
    `start it with: pier testnet restart ${index}`,
  );
}
