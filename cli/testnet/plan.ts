/**
 * Owns `testnet.json`: which nodes a testnet has, their ports, how it is split, and who lags. It changes under the
 * testnet's lock only, and is replaced as a whole. Before it says what there is, it says that it is being made or wiped,
 * so that whoever finds the folder half done knows what to do with it.
 */
import { join } from 'node:path';
import { readFileIfThere, writeFileAtomically } from '../../node/files.ts';
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

/** How far a chain has come. */
export interface ReachedPlan {
  readonly height: number;
  /** Decimal: of the whole chain. */
  readonly work: string;
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
  /** True while `testnet start` waits for the nodes: if it is found, that start was killed. */
  readonly starting: boolean;
  /** The least that the chain had come to when it was last looked at; null before. */
  readonly reached: ReachedPlan | null;
}

/** `damaged`: not to be read. `foreign`: of another version. */
export type PlanState =
  | { readonly kind: 'none' | 'damaged' | 'foreign' | 'making' | 'wiping' }
  | { readonly kind: 'whole'; readonly plan: TestnetPlan };

/** A new testnet's plan. */
export function createPlan(hashrate: number, nodes: readonly NodePlan[]): TestnetPlan {
  const undisturbed = { groups: null, lags: {} };
  return {
    version: VERSION,
    chainId: null,
    hashrate,
    nodes,
    ...undisturbed,
    ids: {},
    stopped: false,
    starting: false,
    reached: null,
  };
}

/** What the testnet's file says. Throws what the file system says. */
export function readPlanState(dir: string): PlanState {
  const bytes = readFileIfThere(planPath(dir));
  if (bytes === null) return { kind: 'none' };
  const plan = parse(new TextDecoder().decode(bytes));
  if (plan === null) return { kind: 'damaged' };
  if (plan.version !== VERSION) return { kind: typeof plan.version === 'number' ? 'foreign' : 'damaged' };
  if (plan.unfinished === 'making' || plan.unfinished === 'wiping') return { kind: plan.unfinished };
  if (!Array.isArray(plan.nodes) || !plan.nodes.every(isNode)) return { kind: 'damaged' };
  // Earlier versions wrote no lags, and nothing of starts.
  const { lags = {}, ids = {}, groups = null, starting = false, reached = null } = plan;
  return { kind: 'whole', plan: { ...(plan as TestnetPlan), lags, ids, groups, starting, reached } };
}

/** The plan of the testnet in `dir`, or null if there is none that can be used. */
export function readPlan(dir: string): TestnetPlan | null {
  const state = readPlanState(dir);
  return state.kind === 'whole' ? state.plan : null;
}

/** The plan of the testnet in `dir`. Throws `CliError` with what to do if there is none. */
export function needPlan(dir: string): TestnetPlan {
  const state = readPlanState(dir);
  if (state.kind === 'whole') return state.plan;
  throw planFault(dir, state.kind);
}

/** What to say and do about a testnet whose file can't be used. */
export function planFault(dir: string, kind: Exclude<PlanState['kind'], 'whole'>): CliError {
  const path = planPath(dir);
  switch (kind) {
    case 'none':
      return new CliError('NO_TESTNET', `there is no testnet in ${dir}`, 'start one with: npm start');
    case 'foreign': {
      const hint =
        'use that version, or choose another folder with --dir, or begin anew with: pier testnet start --fresh';
      return new CliError('BAD_TESTNET', `${path} is of another version of Pier`, hint);
    }
    case 'damaged': {
      const hint = 'go on with: pier testnet start, which makes it again from the folders beside it';
      return new CliError('BAD_TESTNET', `${path} is damaged`, hint);
    }
    default: {
      const what = kind === 'making' ? 'made' : 'begun anew';
      const hint = 'go on with: pier testnet start';
      return new CliError(
        'UNFINISHED_TESTNET',
        `the testnet in ${dir} was being ${what} when that was ended`,
        hint,
      );
    }
  }
}

/** Replaces the plan as a whole. */
export function writePlan(dir: string, plan: TestnetPlan): void {
  writeFileAtomically(planPath(dir), `${JSON.stringify(plan, null, 2)}\n`);
}

/** Says that there is no testnet here yet, or not any more. */
export function writeUnfinished(dir: string, unfinished: 'making' | 'wiping'): void {
  writeFileAtomically(planPath(dir), `${JSON.stringify({ version: VERSION, unfinished })}\n`);
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

function isNode(node: Partial<NodePlan> | null): boolean {
  const numbers = [node?.index, node?.rpcPort, node?.p2pPort];
  return (
    numbers.every((value) => Number.isSafeInteger(value) && value! > 0) && typeof node?.miner === 'string'
  );
}

function parse(text: string): (Partial<TestnetPlan> & { unfinished?: unknown }) | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
