/**
 * Owns what the file system says about a node: the `node.json` that it writes while it runs, and whether the process
 * named there is still that node. A pid alone proves nothing, since the system gives it to others later.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeSecret } from '../wallet/secret-text.ts';

/** What a running node says about itself. */
export interface NodeFile {
  readonly pid: number;
  /** Hex. */
  readonly chainId: string;
  /** Node id, hex. */
  readonly node: string;
  /** `http://host:port` */
  readonly rpc: string;
  /** `ws://host:port`, or null if it takes no links. */
  readonly p2p: string | null;
  readonly startedAt: number;
}

/** The node's file, or null if there is none or it is cut short. */
export function readNodeFile(dataDir: string): NodeFile | null {
  try {
    const file = JSON.parse(readFileSync(join(dataDir, 'node.json'), 'utf8'));
    return typeof file?.rpc === 'string' && Number.isSafeInteger(file.pid) ? file : null;
  } catch {
    return null;
  }
}

/** The running node of a data folder, or null: no file, no process, or the pid is somebody else's by now. */
export function findRunningNode(dataDir: string): NodeFile | null {
  const file = readNodeFile(dataDir);
  return file !== null && isNodeProcess(file.pid, dataDir) ? file : null;
}

/** The bearer cookie that the node wants for what changes it. */
export function readCookie(dataDir: string): string {
  const path = join(dataDir, 'cookie');
  return decodeSecret(readFileSync(path), path).trim();
}

/**
 * True if the pid is a living process that runs the node of this folder, and so may be signalled. A testnet's nodes
 * name their folder on their command line; `pier node start` may use the default one and name none.
 */
export function isNodeProcess(pid: number, dataDir: string): boolean {
  if (!isAlive(pid)) return false;
  const command = commandOf(pid);
  // A process that has ended but was not collected yet has no command line.
  if (command === null) return false;
  return `${command} `.includes(` ${dataDir} `) || / node start( |$)/.test(command);
}

function isAlive(pid: number): boolean {
  if (pid <= 1) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // ESRCH: nobody. EPERM: somebody else's process, so none of ours.
    return false;
  }
}

/** The command line of a process, or null. */
function commandOf(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    if (process.platform === 'linux') return null;
  }
  try {
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return null;
  }
}
