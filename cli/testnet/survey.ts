/** Owns asking every node of a testnet how it is, and waiting until all are as one wants them. */
import type { ChildProcess } from 'node:child_process';
import { statfsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeCondition, type StorageCondition } from '../../node/condition.ts';
import { CliError } from '../faults.ts';
import { readCondition, standingOf } from '../node-file.ts';
import { callNode } from '../node-rpc.ts';
import { type NodePlan, nodeDir, type TestnetPlan } from './plan.ts';
import { logTail } from './processes.ts';

/** The fields of the RPC's `status` that the testnet's commands use. */
export interface NodeStatus {
  readonly chainId: string;
  readonly node: string;
  readonly height: number;
  readonly tip: string;
  /** Decimal: of the whole chain. */
  readonly work: string;
  readonly stateRoot: string;
  /** Time of the tip, milliseconds. */
  readonly time: number;
  readonly peers: number;
  readonly mempool: number;
  readonly supply: string;
  readonly syncing: boolean;
  /** Nodes of earlier versions give neither. */
  readonly storage?: StorageCondition | null;
  readonly warnings?: readonly string[];
}

export interface NodeReport {
  readonly index: number;
  readonly pid: number | null;
  /** Null while it is down or doesn't answer. */
  readonly status: NodeStatus | null;
  /** In a word, where there is no status: `down`, `starting`, `silent`; or who holds its folder. */
  readonly standing: string;
}

const STATUS_TIMEOUT_MS = 2_000;
const READY_POLL_MS = 40;
const READY_MS = 60_000;

/** How each node is, by index; a node that is down or silent has no status. */
export function surveyNodes(dir: string, plan: TestnetPlan): Promise<NodeReport[]> {
  return Promise.all(plan.nodes.map((node) => surveyNode(dir, node)));
}

export async function surveyNode(dir: string, node: NodePlan): Promise<NodeReport> {
  const { index } = node;
  const dataDir = nodeDir(dir, index);
  const seen = await standingOf(dataDir);
  if (seen.state === 'down') return { index, pid: null, status: null, standing: 'down' };
  if (seen.state === 'held') return { index, pid: null, status: null, standing: `held by ${seen.why}` };
  const { pid } = seen.process;
  const silent = { index, pid, status: null };
  if (seen.file === null) {
    const condition = readCondition(dataDir);
    const text = condition === null ? null : describeCondition(condition);
    return { ...silent, standing: text ?? 'starting' };
  }
  try {
    const status = await callNode<NodeStatus>(seen.file.rpc, 'status', {}, { timeoutMs: STATUS_TIMEOUT_MS });
    // Another program may have taken the port meanwhile.
    const same = status.node === seen.file.node;
    return same ? { index, pid, status, standing: 'up' } : { ...silent, standing: 'silent' };
  } catch {
    return { ...silent, standing: 'silent' };
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
 * Asks until `done` holds for the reports. `launchers` are the processes that must go on meanwhile: if one ends, the wait
 * ends with what it wrote last. `tell` gets a line for the progress. A node that says what it rebuilds is waited for.
 */
export async function waitForNodes(
  dir: string,
  plan: TestnetPlan,
  {
    done,
    launchers,
    tell,
  }: {
    done: (reports: NodeReport[]) => boolean;
    launchers: ReadonlyMap<number, ChildProcess>;
    tell: (text: string) => void;
  },
): Promise<NodeReport[]> {
  let end = performance.now() + READY_MS;
  let progress = '';
  for (;;) {
    const reports = await surveyNodes(dir, plan);
    if (done(reports)) return reports;
    for (const [index, { exitCode, signalCode }] of launchers) {
      if (exitCode !== null || signalCode !== null) throw startFailure(dir, index);
    }
    const now = workUnderWay(dir, reports);
    if (now !== progress) end = performance.now() + READY_MS;
    progress = now;
    if (performance.now() > end) throw lateFailure(dir, reports);
    tell(progress === '' ? describe(reports) : progress);
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

/** What nodes rebuild or fetch, as far as they say so: while it changes, they are worth waiting for. */
function workUnderWay(dir: string, reports: readonly NodeReport[]): string {
  const told = reports.flatMap(({ index, status }) => {
    const condition = status === null ? readCondition(nodeDir(dir, index)) : (status.storage ?? null);
    const text = condition === null ? null : describeCondition(condition);
    return text === null ? [] : [`node ${index}: ${text}`];
  });
  return told.join('; ');
}

function startFailure(dir: string, index: number): CliError {
  const tail = logTail(nodeDir(dir, index));
  if (tail === '' && isFull(nodeDir(dir, index))) {
    return new CliError(
      'DISK_FULL',
      `node ${index} could not start: the disk is full`,
      'free some space and try again',
    );
  }
  return new CliError(
    'NODE_FAILED',
    `node ${index} ended while starting${tail === '' ? '' : `:\n${tail}`}`,
    `its log is in ${nodeDir(dir, index)}`,
  );
}

/** True if there is no room on the disk of that folder. Not every system tells. */
function isFull(folder: string): boolean {
  try {
    return statfsSync(folder).bavail === 0;
  } catch {
    return false;
  }
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
