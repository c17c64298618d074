/**
 * Owns the node processes of a testnet: starting one with its launcher in a session of its own, so that Ctrl-C reaches the
 * testnet's command alone, and ending one. Nothing is signalled unless it is that very process, and a node is down only
 * when its folder is free.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makePrivateDirectory } from '../../node/files.ts';
import { type ProcessIdentity, presenceOf } from '../../node/process-identity.ts';
import { CliError } from '../faults.ts';
import { type NodeProcess, type Standing, standingOf } from '../node-file.ts';
import { genesisPath, lagOf, type NodePlan, nodeDir, p2pUrl, type TestnetPlan } from './plan.ts';
import { waitUntil } from './wait.ts';

/** Longest orderly stop; after that it is ended the hard way, which a node survives just as well. */
const ORDERLY_STOP_MS = 8_000;
const KILL_MS = 5_000;
/** A process that has just begun takes the folder before it says who it is. */
const UNNAMED_MS = 3_000;
const LOG_TAIL_LINES = 5;

/**
 * Starts the node and returns its launcher at once. `burst` is how many hashes its miner does unthrottled at first. Its
 * output goes to `output.log` in its folder, begun anew each time.
 */
export function startProcess(dir: string, plan: TestnetPlan, node: NodePlan, burst = 0): ChildProcess {
  const dataDir = nodeDir(dir, node.index);
  makePrivateDirectory(dataDir);
  const log = openSync(join(dataDir, 'output.log'), 'w', 0o600);
  try {
    const args = [
      fileURLToPath(new URL('./launcher.js', import.meta.url)),
      ...nodeArguments(dir, plan, node, burst),
    ];
    const child = spawn(process.execPath, args, {
      detached: true,
      stdio: ['ignore', log, log],
      windowsHide: true,
    });
    child.on('error', () => {});
    child.unref();
    if (child.pid === undefined) throw new CliError('NO_PROCESS', `node ${node.index} could not be started`);
    return child;
  } finally {
    closeSync(log);
  }
}

function nodeArguments(dir: string, plan: TestnetPlan, node: NodePlan, burst: number): string[] {
  const others = plan.nodes.filter((other) => other.index !== node.index);
  const lag = lagOf(plan, node.index);
  return [
    '--data',
    nodeDir(dir, node.index),
    '--genesis',
    genesisPath(dir),
    '--listen',
    `127.0.0.1:${node.p2pPort}`,
    '--rpc',
    `127.0.0.1:${node.rpcPort}`,
    ...others.flatMap((other) => ['--peer', p2pUrl(other)]),
    '--mine',
    node.miner,
    '--hashrate',
    String(plan.hashrate),
    ...(burst > 0 ? ['--burst', String(burst)] : []),
    ...(lag > 0 ? ['--lag', String(lag)] : []),
  ];
}

/** Ends a launcher that this command started, and its node, whatever state they are in. */
export async function endLauncher(child: ChildProcess): Promise<void> {
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  if (ended()) return;
  child.ref();
  child.kill('SIGTERM');
  if (await waitUntil(ended, ORDERLY_STOP_MS)) return;
  // Its node goes with it.
  child.kill('SIGKILL');
  await waitUntil(ended, KILL_MS);
}

/** Ends the running node of a folder. True if there was one. 'UNKNOWN_PROCESS' if it can't be told which it is. */
export async function stopProcess(dataDir: string): Promise<boolean> {
  const standing = await settledStanding(dataDir);
  if (standing.state === 'down') return false;
  const process = needProcess(dataDir, standing);
  signal(process, 'SIGTERM', dataDir);
  if (!(await waitUntil(() => isGone(process), ORDERLY_STOP_MS))) await kill(process, dataDir);
  return true;
}

/** Ends a node with SIGKILL, as a crash would. Its pid, or null if it wasn't running. */
export async function killProcess(dataDir: string): Promise<number | null> {
  const standing = await settledStanding(dataDir);
  if (standing.state === 'down') return null;
  const process = needProcess(dataDir, standing);
  await kill(process, dataDir);
  return process.pid;
}

/** As `standingOf`, but a process that has only just begun may take its time to say who it is. */
async function settledStanding(dataDir: string): Promise<Standing> {
  let standing = await standingOf(dataDir);
  await waitUntil(async () => {
    standing = await standingOf(dataDir);
    return standing.state !== 'held';
  }, UNNAMED_MS);
  return standing;
}

function needProcess(dataDir: string, standing: Exclude<Standing, { state: 'down' }>): NodeProcess {
  if (standing.state === 'running') return standing.process;
  throw new CliError(
    'UNKNOWN_PROCESS',
    `${dataDir} is held by ${standing.why}, and from here it can't be told which process that is`,
    'nothing was signalled: end it where it was started (another user, another container)',
  );
}

async function kill(process: NodeProcess, dataDir: string): Promise<void> {
  signal(process, 'SIGKILL', dataDir);
  if (await waitUntil(() => isGone(process), KILL_MS)) return;
  throw new CliError(
    'STILL_RUNNING',
    `process ${process.pid} does not end`,
    `look at it with: ps -p ${process.pid}`,
  );
}

/** True once the node is gone, and its launcher with it. */
function isGone({ launcher, ...node }: NodeProcess): boolean {
  return presenceOf(node) !== 'running' && (launcher === null || presenceOf(launcher) !== 'running');
}

function signal(target: ProcessIdentity, name: NodeJS.Signals, dataDir: string): void {
  if (presenceOf(target) !== 'running') return;
  try {
    process.kill(target.pid, name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH') return;
    if (code !== 'EPERM') throw error;
    throw new CliError(
      'NOT_PERMITTED',
      `the node in ${dataDir} runs as process ${target.pid} of another user, and goes on`,
      'end it as that user, or with sudo',
    );
  }
}

/** The last lines that a node wrote before it ended, for an error message. */
export function logTail(dataDir: string): string {
  try {
    const lines = readFileSync(join(dataDir, 'output.log'), 'utf8').trimEnd().split('\n');
    return lines.slice(-LOG_TAIL_LINES).join('\n');
  } catch {
    return '';
  }
}
