/**
 * Owns the node processes of a testnet: starting one in a session of its own, so that Ctrl-C reaches the testnet's
 * command alone, and ending one. Nothing is signalled before it was made sure that the pid is still that node.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CliError } from '../faults.ts';
import { findRunningNode, isNodeProcess } from '../node-file.ts';
import { genesisPath, lagOf, type NodePlan, nodeDir, p2pUrl, type TestnetPlan } from './plan.ts';
import { waitUntil } from './wait.ts';

/** Longest orderly stop; after that it is ended the hard way, which a node survives just as well. */
const ORDERLY_STOP_MS = 8_000;
const KILL_MS = 5_000;
const LOG_TAIL_LINES = 5;

/**
 * Starts the node and returns at once. `burst` is how many hashes its miner does unthrottled at first. Its output goes to
 * `output.log` in its folder, begun anew each time.
 */
export function startProcess(dir: string, plan: TestnetPlan, node: NodePlan, burst = 0): number {
  const dataDir = nodeDir(dir, node.index);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  // Left by a node that was killed: whoever waits for the new one must not read it.
  rmSync(join(dataDir, 'node.json'), { force: true });
  const log = openSync(join(dataDir, 'output.log'), 'w', 0o600);
  try {
    const args = [
      fileURLToPath(new URL('./node.js', import.meta.url)),
      ...nodeArguments(dir, plan, node, burst),
    ];
    const child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', log, log] });
    child.on('error', () => {});
    child.unref();
    if (child.pid === undefined) throw new CliError('NO_PROCESS', `node ${node.index} could not be started`);
    return child.pid;
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

/** Ends the running node of a folder. True if there was one. */
export async function stopProcess(dataDir: string): Promise<boolean> {
  const file = findRunningNode(dataDir);
  if (file === null) return false;
  await endProcess(file.pid, dataDir);
  return true;
}

/** Ends a node's process in an orderly way, or else the hard way; it may not have said yet where it is. */
export async function endProcess(pid: number, dataDir: string): Promise<void> {
  signal(pid, dataDir, 'SIGTERM');
  if (!(await waitUntil(() => !isNodeProcess(pid, dataDir), ORDERLY_STOP_MS))) await killPid(pid, dataDir);
}

/** Ends a node with SIGKILL, as a crash would. False if it wasn't running. */
export async function killProcess(dataDir: string): Promise<number | null> {
  const file = findRunningNode(dataDir);
  if (file === null) return null;
  await killPid(file.pid, dataDir);
  return file.pid;
}

async function killPid(pid: number, dataDir: string): Promise<void> {
  signal(pid, dataDir, 'SIGKILL');
  if (await waitUntil(() => !isNodeProcess(pid, dataDir), KILL_MS)) return;
  throw new CliError('STILL_RUNNING', `process ${pid} does not end`, `look at it with: ps -p ${pid}`);
}

function signal(pid: number, dataDir: string, name: NodeJS.Signals): void {
  if (!isNodeProcess(pid, dataDir)) return;
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as { code?: string }).code !== 'ESRCH') throw error;
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
