/**
 * Owns `testnet.json`: which nodes a testnet has, their ports, how it is split, and who lags. It changes under the
 * testnet's lock only, and is replaced as a whole.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '../faults.ts';

const VERSION = 1;

export interface NodePlan {
  /** Counts from 1. */
  readonly index: number;
  readonly rpcPort: number;
  readonly p2pPort: number;
  /** Where its rewards go. */
  readonly miner: string;
}

export interface TestnetPlan {
  readonly version: typeof VERSION;
  /** Hex; known once a node has run. */
  readonly chainId: string | null;
  /** Hashes a second of each node's miner. */
  readonly hashrate: number;
  readonly nodes: readonly NodePlan[];
  /** Indices of the nodes that may link to each other, or null while everyone may. */
  readonly groups: readonly (readonly number[])[] | null;
  /** Milliseconds by index, of the nodes that lag. */
  readonly lags: Readonly<Record<string, number>>;
  /** Node ids (hex) by index, for the groups. */
  readonly ids: Readonly<Record<string, string>>;
  /** True after `testnet stop`: a live view that sees it ends. */
  readonly stopped: boolean;
}

/** A new testnet's plan. */
export function createPlan(hashrate: number, nodes: readonly NodePlan[]): TestnetPlan {
  const undisturbed = { groups: null, lags: {} };
  return { version: VERSION, chainId: null, hashrate, nodes, ...undisturbed, ids: {}, stopped: false };
}

/** The plan of the testnet in `dir`, or null if there is none. */
export function readPlan(dir: string): TestnetPlan | null {
  let text: string;
  try {
    text = readFileSync(planPath(dir), 'utf8');
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return null;
    throw error;
  }
  const plan = parse(text);
  if (plan?.version !== VERSION || !Array.isArray(plan.nodes)) {
    const hint = 'make a new testnet with: pier testnet start --fresh';
    throw new CliError('BAD_TESTNET', `${planPath(dir)} is not a testnet of this version`, hint);
  }
  // Testnets made before nodes could lag have no lags.
  return { ...plan, lags: plan.lags ?? {} };
}

/** The plan of the testnet in `dir`; 'NO_TESTNET' if there is none. */
export function needPlan(dir: string): TestnetPlan {
  const plan = readPlan(dir);
  if (plan === null)
    throw new CliError('NO_TESTNET', `there is no testnet in ${dir}`, 'start one with: npm start');
  return plan;
}

/** Replaces the plan as a whole. */
export function writePlan(dir: string, plan: TestnetPlan): void {
  const temporary = `${planPath(dir)}.${process.pid}.tmp`;
  writeFileSync(temporary, `${JSON.stringify(plan, null, 2)}\n`);
  renameSync(temporary, planPath(dir));
}

/** The node of that index; 'NO_SUCH_NODE' if the testnet has none. */
export function nodeOf(plan: TestnetPlan, index: number): NodePlan {
  const node = plan.nodes.find((candidate) => candidate.index === index);
  if (node !== undefined) return node;
  const known = plan.nodes.map((candidate) => candidate.index).join(', ');
  throw new CliError('NO_SUCH_NODE', `there is no node ${index} in this testnet`, `its nodes are ${known}`);
}

/** Milliseconds that whatever the node sends and gets takes longer. */
export function lagOf(plan: TestnetPlan, index: number): number {
  return plan.lags[index] ?? 0;
}

export function planPath(dir: string): string {
  return join(dir, 'testnet.json');
}

export function nodeDir(dir: string, index: number): string {
  return join(dir, `node-${index}`);
}

export function genesisPath(dir: string): string {
  return join(dir, 'genesis.json');
}

export function keysDir(dir: string): string {
  return join(dir, 'keys');
}

export function rpcUrl(node: NodePlan): string {
  return `http://127.0.0.1:${node.rpcPort}`;
}

export function p2pUrl(node: NodePlan): string {
  return `ws://127.0.0.1:${node.p2pPort}`;
}

function parse(text: string): TestnetPlan | null {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
