/** Owns bringing a testnet up: made or resumed, its processes started, and waited for until all agree. */
import type { ChildProcess } from 'node:child_process';
import { CliError } from '../faults.ts';
import type { Progress } from '../output.ts';
import { createTestnet, refuseStrangers, restorePlan, type TestnetWish, wipeTestnet } from './create.ts';
import { onEnding } from './ending.ts';
import { nodeIndices, standingNodes } from './folders.ts';
import { withLock } from './lock.ts';
import { furthest, lossOf, reachedBefore } from './loss.ts';
import {
  type NodePlan,
  nodeDir,
  planFault,
  readPlan,
  readPlanState,
  type TestnetPlan,
  writePlan,
} from './plan.ts';
import { choosePorts, isFree } from './ports.ts';
import { endLauncher, startProcess, stopProcess } from './processes.ts';
import { isReady, type NodeReport, surveyNodes, waitForNodes } from './survey.ts';

export interface StartWish {
  /** Of a new testnet; one that exists keeps what it has. */
  readonly wish: TestnetWish;
  /** Options of a new testnet that were given, by name. */
  readonly given: readonly string[];
  readonly fresh: boolean;
}

export interface Started {
  readonly plan: TestnetPlan;
  readonly reports: readonly NodeReport[];
  readonly resumed: boolean;
  /** What the user should know though it runs, a sentence each. */
  readonly notes: readonly string[];
}

/** Blocks' worth of hashes: but for one start in 400 enough for the first block. */
const BURST_BLOCKS = 6;

/** Starts the testnet in `dir`; ready when all nodes are linked and agree on a mined block. */
export function startTestnet(dir: string, start: StartWish, progress: Progress): Promise<Started> {
  return withLock(dir, async () => {
    await clearTheWay(dir, progress);
    const { plan: existing, notes } = await findPlan(dir, start);
    progress.update('making a ledger');
    const made = existing ?? (await createTestnet(dir, start.wish, Date.now()));
    // Everyone may link again, and none lags: a start that left some apart would never be ready.
    const whole = { groups: null, lags: {}, stopped: false, starting: true };
    const plan = { ...(await withFreePorts(made)), ...whole };
    writePlan(dir, plan);
    // A new testnet's first block shouldn't be waited for: its first node may look for it at full speed.
    const work = (plan.hashrate * plan.nodes.length * start.wish.blockTimeMs) / 1000;
    const burst = existing === null ? Math.ceil(BURST_BLOCKS * work) : 0;
    const up = await bringUp(dir, plan, burst, progress);
    return { plan: up.plan, reports: up.reports, resumed: existing !== null, notes: [...notes, ...up.notes] };
  });
}

/** Nodes that run are in the way, unless a start that was killed has left them. */
async function clearTheWay(dir: string, progress: Progress): Promise<void> {
  const running = await standingNodes(dir);
  if (running.length === 0) return;
  // The lock is ours, so no other start is at work.
  if (readPlan(dir)?.starting === true) {
    progress.update('ending the nodes of a start that was interrupted');
    await Promise.all(running.map(({ index }) => stopProcess(nodeDir(dir, index))));
    return;
  }
  const nodes = running.map(({ index }) => index).join(', ');
  const held = running.find(({ standing }) => standing.state === 'held')?.standing;
  const who = held?.state === 'held' ? ` (held by ${held.why})` : '';
  const hint = 'stop it with: pier testnet stop   (or use another folder with --dir)';
  throw new CliError('ALREADY_RUNNING', `the testnet in ${dir} is running: node ${nodes}${who}`, hint);
}

/** The plan to go on with, or null if a testnet has to be made. */
async function findPlan(
  dir: string,
  { fresh, given }: StartWish,
): Promise<{ plan: TestnetPlan | null; notes: string[] }> {
  const state = readPlanState(dir);
  const none = { plan: null, notes: [] };
  if (fresh || state.kind === 'wiping') {
    wipeTestnet(dir);
    return none;
  }
  if (state.kind === 'making') return none;
  if (state.kind === 'foreign') throw planFault(dir, state.kind);
  if (state.kind === 'none' && nodeIndices(dir).length === 0) {
    refuseStrangers(dir);
    return none;
  }
  const plan = state.kind === 'whole' ? state.plan : await restorePlan(dir);
  if (plan === null) {
    const message = `testnet.json in ${dir} is ${state.kind === 'none' ? 'gone' : 'damaged'}, and the folders beside it don't make up for it`;
    throw new CliError('BAD_TESTNET', message, 'begin anew with: pier testnet start --fresh');
  }
  if (given.length > 0) throw alreadyMade(dir, plan, given);
  if (state.kind === 'whole') return { plan, notes: [] };
  return { plan, notes: ['testnet.json was damaged or gone, and was made again from the folders beside it'] };
}

async function bringUp(
  dir: string,
  plan: TestnetPlan,
  burst: number,
  progress: Progress,
): Promise<{ plan: TestnetPlan; reports: NodeReport[]; notes: string[] }> {
  const launchers = new Map<number, ChildProcess>();
  const before = reachedBefore(dir, plan);
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
  };
  const forget = onEnding('starting', interrupt);
  const loss = lossOf(dir, before);
  const done = (reports: readonly NodeReport[]) => {
    if (interrupted)
      throw new CliError('INTERRUPTED', 'interrupted before it was ready: all nodes were stopped');
    return loss.look(reports) && isReady(reports);
  };
  try {
    for (const node of plan.nodes) {
      launchers.set(node.index, startProcess(dir, plan, node, node.index === 1 ? burst : 0));
    }
    const tell = (text: string) => progress.update(text);
    const reports = await waitForNodes(dir, plan, { done, launchers, tell });
    const ids = Object.fromEntries(reports.map(({ index, status }) => [index, status!.node]));
    const { chainId } = reports[0]!.status!;
    const ready = { ...plan, chainId, ids, starting: false, reached: furthest(reports) ?? plan.reached };
    writePlan(dir, ready);
    const warnings = reports.flatMap(({ status }) => status?.warnings ?? []);
    return { plan: ready, reports, notes: [...new Set([...loss.notes, ...warnings])] };
  } catch (error) {
    await Promise.all([...launchers.values()].map(endLauncher));
    throw error;
  } finally {
    forget();
  }
}

/** Ends all nodes in an orderly way, at the same time, also those that no plan knows. How many were running. */
export async function stopAll(dir: string): Promise<number> {
  const plan = readPlan(dir);
  const reached = plan === null ? null : furthest(await surveyNodes(dir, plan));
  if (plan !== null)
    writePlan(dir, { ...plan, stopped: true, starting: false, reached: reached ?? plan.reached });
  const ended = await Promise.allSettled(nodeIndices(dir).map((index) => stopProcess(nodeDir(dir, index))));
  // All are tried before any failure is told.
  const failed = ended.find((each) => each.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return ended.filter((each) => each.status === 'fulfilled' && each.value).length;
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

function alreadyMade(dir: string, plan: TestnetPlan, given: readonly string[]): CliError {
  const message = `the testnet in ${dir} exists, with ${plan.nodes.length} nodes: ${given.join(', ')} can't change it`;
  return new CliError(
    'TESTNET_EXISTS',
    message,
    'leave that out to go on with it, or begin anew with --fresh',
  );
}
