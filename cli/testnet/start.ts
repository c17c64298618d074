/** Owns bringing a testnet up: made or resumed, its processes started, and waited for until all agree. */
import { existsSync } from 'node:fs';
import { CliError } from '../faults.ts';
import { findRunningNode } from '../node-file.ts';
import type { Progress } from '../output.ts';
import { createTestnet, refuseStrangers, type TestnetWish, wipeTestnet } from './create.ts';
import { onEnding } from './ending.ts';
import { withLock } from './lock.ts';
import { type NodePlan, nodeDir, planPath, readPlan, type TestnetPlan, writePlan } from './plan.ts';
import { choosePorts, isFree } from './ports.ts';
import { endProcess, startProcess, stopProcess } from './processes.ts';
import { isReady, type NodeReport, waitForNodes } from './survey.ts';

export interface StartWish {
  /** Of a new testnet; one that exists keeps what it has. */
  readonly wish: TestnetWish;
  /** Options of a new testnet that were given, by name. */
  readonly given: readonly string[];
  readonly fresh: boolean;
}

export interface Started {
  readonly plan: TestnetPlan;
  readonly pids: ReadonlyMap<number, number>;
  readonly resumed: boolean;
}

/** Blocks' worth of hashes: but for one start in 400 enough for the first block. */
const BURST_BLOCKS = 6;

/** Starts the testnet in `dir`; ready when all nodes are linked and agree on a mined block. */
export function startTestnet(dir: string, start: StartWish, progress: Progress): Promise<Started> {
  return withLock(dir, async () => {
    refuseRunning(dir);
    if (start.fresh) wipeTestnet(dir);
    const existing = readPlan(dir);
    if (existing !== null && start.given.length > 0) throw alreadyMade(dir, existing, start.given);
    if (existing === null) refuseStrangers(dir);
    progress.update('making a ledger');
    const made = existing ?? (await createTestnet(dir, start.wish, Date.now()));
    // Everyone may link again, and none lags: a start that left some apart would never be ready.
    const plan = { ...(await withFreePorts(made)), groups: null, lags: {}, stopped: false };
    writePlan(dir, plan);
    // A new testnet's first block shouldn't be waited for: its first node may look for it at full speed.
    const work = (plan.hashrate * plan.nodes.length * start.wish.blockTimeMs) / 1000;
    const burst = existing === null ? Math.ceil(BURST_BLOCKS * work) : 0;
    const started = await bringUp(dir, plan, burst, progress);
    return { ...started, resumed: existing !== null };
  });
}

async function bringUp(
  dir: string,
  plan: TestnetPlan,
  burst: number,
  progress: Progress,
): Promise<Omit<Started, 'resumed'>> {
  const pids = new Map<number, number>();
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
  };
  const forget = onEnding('starting', interrupt);
  const done = (reports: readonly NodeReport[]) => {
    if (interrupted)
      throw new CliError('INTERRUPTED', 'interrupted before it was ready: all nodes were stopped');
    return isReady(reports);
  };
  try {
    for (const node of plan.nodes) {
      pids.set(node.index, startProcess(dir, plan, node, node.index === 1 ? burst : 0));
    }
    const tell = (text: string) => progress.update(text);
    const reports = await waitForNodes(dir, plan, { done, pids, tell });
    const ids = Object.fromEntries(reports.map(({ index, status }) => [index, status!.node]));
    const ready = { ...plan, chainId: reports[0]!.status!.chainId, ids };
    writePlan(dir, ready);
    return { plan: ready, pids };
  } catch (error) {
    await Promise.all([...pids].map(([index, pid]) => endProcess(pid, nodeDir(dir, index))));
    throw error;
  } finally {
    forget();
  }
}

/** Ends all nodes in an orderly way, at the same time. How many were running. */
export async function stopAll(dir: string, plan: TestnetPlan): Promise<number> {
  const ended = await Promise.all(plan.nodes.map((node) => stopProcess(nodeDir(dir, node.index))));
  return ended.filter(Boolean).length;
}

/** Ports that others took meanwhile are given up for free ones. */
async function withFreePorts(plan: TestnetPlan): Promise<TestnetPlan> {
  const ports = plan.nodes.flatMap(({ rpcPort, p2pPort }) => [rpcPort, p2pPort]);
  const free = await Promise.all(ports.map(isFree));
  if (free.every(Boolean)) return plan;
  const chosen = await choosePorts(0, plan.nodes.length);
  const nodes: NodePlan[] = plan.nodes.map((node, i) => ({ ...node, ...chosen[i]! }));
  return { ...plan, nodes };
}

function refuseRunning(dir: string): void {
  const plan = existsSync(planPath(dir)) ? readPlan(dir) : null;
  const running = (plan?.nodes ?? []).filter(({ index }) => findRunningNode(nodeDir(dir, index)) !== null);
  if (running.length === 0) return;
  const nodes = running.map(({ index }) => index).join(', ');
  const hint = 'stop it with: pier testnet stop   (or use another folder with --dir)';
  throw new CliError('ALREADY_RUNNING', `the testnet in ${dir} is running: node ${nodes}`, hint);
}

function alreadyMade(dir: string, plan: TestnetPlan, given: readonly string[]): CliError {
  const message = `the testnet in ${dir} exists, with ${plan.nodes.length} nodes: ${given.join(', ')} can't change it`;
  return new CliError(
    'TESTNET_EXISTS',
    message,
    'leave that out to go on with it, or begin anew with --fresh',
  );
}
