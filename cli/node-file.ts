/**
 * Owns what a node's folder says about its node: where it listens, which process it is, and whether that process still
 * runs. A node that runs holds the folder's lock, so a stale file never counts, and a missing one hides nothing.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StorageCondition } from '../node/condition.ts';
import { nodeFolderHolder } from '../node/node-lock.ts';
import { type ProcessIdentity, presenceOf } from '../node/process-identity.ts';
import { decodeSecret } from '../wallet/secret-text.ts';

/** What a running node says about itself. */
export interface NodeFile extends ProcessIdentity {
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

/** A node's process, and the launcher that would start it again after a crash, if it has one. */
export interface NodeProcess extends ProcessIdentity {
  readonly launcher: ProcessIdentity | null;
}

/**
 * `running`: this process is the node, for certain. `held`: something has the folder, and which process that is can't be
 * told from here; it must not be signalled.
 */
export type Standing =
  | { readonly state: 'down' }
  | { readonly state: 'running'; readonly process: NodeProcess; readonly file: NodeFile | null }
  | { readonly state: 'held'; readonly why: string };

/** The node's file, or null if there is none or it is cut short. */
export function readNodeFile(dataDir: string): NodeFile | null {
  const file = readJson<NodeFile>(dataDir, 'node.json');
  if (typeof file?.rpc !== 'string') return null;
  const process = identityIn(file);
  return process === null ? null : ({ ...file, ...process } as NodeFile);
}

/**
 * The node of a folder if it seems to run, for asking it: no file or a process that is gone is null. That a process
 * is this node is not proved where the system does not tell when it started.
 */
export function findRunningNode(dataDir: string): NodeFile | null {
  const file = readNodeFile(dataDir);
  return file !== null && presenceOf(file) !== 'gone' ? file : null;
}

/** What is known of the node in a folder. Rejects with nothing. */
export async function standingOf(dataDir: string): Promise<Standing> {
  const process = readProcess(dataDir);
  if (process !== null && presenceOf(process) === 'running') {
    const file = readNodeFile(dataDir);
    return { state: 'running', process, file: file?.pid === process.pid ? file : null };
  }
  try {
    const holder = await nodeFolderHolder(dataDir);
    if (holder === null) return { state: 'down' };
    return { state: 'held', why: holder === '' ? 'a process that does not answer' : holder };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM')
      return { state: 'held', why: 'another user, who keeps others out' };
    if (code === 'ENOTDIR') return { state: 'down' };
    throw error;
  }
}

/** The bearer cookie that the node wants for what changes it. */
export function readCookie(dataDir: string): string {
  const path = join(dataDir, 'cookie');
  return decodeSecret(readFileSync(path), path).trim();
}

/** What is missing in the node's storage, as it wrote it down last; null if nothing is. */
export function readCondition(dataDir: string): StorageCondition | null {
  const condition = readJson<StorageCondition>(dataDir, 'condition.json');
  return typeof condition?.state === 'string' ? (condition as StorageCondition) : null;
}

/** The node writes it first of all; earlier than `node.json`. */
function readProcess(dataDir: string): NodeProcess | null {
  const file = readJson<NodeProcess>(dataDir, 'process.json');
  const process = identityIn(file);
  return process === null ? null : { ...process, launcher: identityIn(file?.launcher) };
}

function identityIn(value: Partial<ProcessIdentity> | null | undefined): ProcessIdentity | null {
  if (value == null || !Number.isSafeInteger(value.pid)) return null;
  const { pid, started, command } = value;
  return {
    pid: pid!,
    started: typeof started === 'string' ? started : null,
    command: Array.isArray(command) ? command : null,
  };
}

function readJson<T>(dataDir: string, name: string): Partial<T> | null {
  try {
    const value: unknown = JSON.parse(readFileSync(join(dataDir, name), 'utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
