/**
 * Owns which ledger answers are checked for: the genesis this machine has of the testnet or node that is asked, or else
 * the one that the named nodes give, if they all give the same. With it the chain that was verified before.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { contextOf } from '../chain/consensus/header-rules.ts';
import { fromHex, toHex } from '../chain/format/bytes.ts';
import { headerId } from '../chain/format/header.ts';
import { type Params, parseParams } from '../chain/format/params.ts';
import { showString } from '../chain/format/text.ts';
import type { RpcClient } from '../wallet/client.ts';
import { WalletError } from '../wallet/errors.ts';
import { type LightLedger, startChain, type VerifiedChain } from '../wallet/headers/verified-chain.ts';
import * as answers from '../wallet/ledger-answers.ts';
import { NoNodeError } from '../wallet/rpc-errors.ts';
import { loadChain } from './chain-store.ts';
import type { Context } from './context.ts';
import { CliError } from './faults.ts';
import { readNodeFile } from './node-file.ts';
import { genesisPath, readPlan } from './testnet/plan.ts';

/** Nodes that are asked for their genesis. */
const ASKED = 2;

/** The verified chain of the ledger that the nodes are of; just its genesis the first time. */
export async function findChain(context: Context, rpc: RpcClient): Promise<VerifiedChain> {
  const local = await localChain(context);
  if (local !== null) return local;
  const claimed = await claimedChain(context, rpc);
  if (isNew(claimed)) {
    const told = 'is taken to be what the node says its genesis is';
    context.output.note(`first time here: ledger ${nameOfLedger(claimed)} ${told}`);
  }
  return claimed;
}

const isNew = ({ recent }: VerifiedChain): boolean => recent.at(-1)!.header.height === 0;

/** For people: its name and the beginning of its id. */
export function nameOfLedger({ ledger }: VerifiedChain): string {
  return `${showString(ledger.params.name)} (${toHex(ledger.genesis.id).slice(0, 16)}…)`;
}

/** Of the testnet or the node that was found here; null if the nodes are neither's. */
export async function localChain(context: Context): Promise<VerifiedChain | null> {
  const { places } = context;
  const { kind } = context.found();
  if (kind === 'testnet') {
    const chainId = readPlan(places.testnet)?.chainId ?? null;
    return chainOf(context, parseParams(readJson(genesisPath(places.testnet))), chainId);
  }
  if (kind === 'none') return null;
  const chainId = readNodeFile(places.node)?.chainId ?? null;
  return chainOf(context, parseParams(readJson(join(places.node, 'genesis.json'))), chainId);
}

/** The chain of a ledger with these parameters. `chainId`, if somebody says it, saves working it out when it is right. */
export async function chainOf(
  context: Context,
  params: Params,
  chainId: string | null,
): Promise<VerifiedChain> {
  // What was kept under that id names its parameters, so a false id finds nothing.
  const known = chainId === null ? null : loadChain(context.places, params, fromHex(chainId, 32));
  if (known !== null) return known;
  const ledger = await computeLedger(params);
  return loadChain(context.places, params, ledger.genesis.id) ?? startChain(ledger);
}

async function computeLedger(params: Params): Promise<LightLedger> {
  const { makeGenesis } = await import('../chain/ledger/genesis.ts');
  const { header } = await makeGenesis(params);
  return { params, genesis: contextOf(null, header, headerId(header)) };
}

/**
 * What the nodes say, each claim checked in itself. They must agree, unless `wanted` says which ledger is meant: which
 * of two is meant nobody here can know. Throws 'OTHER_LEDGER', or what was wrong with the first node.
 */
export async function claimedChain(
  context: Context,
  rpc: RpcClient,
  wanted?: string,
): Promise<VerifiedChain> {
  const nodes = wanted === undefined ? rpc.nodes.slice(0, ASKED) : rpc.nodes;
  const asked = await Promise.allSettled(
    nodes.map(async (node) => ({ node, chain: await claimOf(context, rpc, node) })),
  );
  const claims = asked.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  const [first] = claims;
  if (first === undefined) {
    const faults = asked.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as Error] : []));
    const failures = faults.flatMap((fault) => (fault instanceof NoNodeError ? fault.failures : []));
    throw failures.length === faults.length ? new NoNodeError(failures) : faults[0]!;
  }
  const told = claims.map(({ node, chain }) => `${node} is of ${nameOfLedger(chain)}`).join(', ');
  const idOf = ({ chain }: { chain: VerifiedChain }) => toHex(chain.ledger.genesis.id);
  if (wanted !== undefined) {
    const right = claims.find((claim) => idOf(claim) === wanted);
    if (right !== undefined) return right.chain;
    throw new CliError(
      'OTHER_LEDGER',
      `no node is of the ledger ${wanted.slice(0, 16)}…: ${told}`,
      'name a node of that ledger with --node; another ledger is chosen with --genesis FILE',
    );
  }
  if (claims.some((claim) => idOf(claim) !== idOf(first))) {
    const message = `the nodes are of different ledgers: ${told}`;
    throw new CliError('OTHER_LEDGER', message, 'name nodes of one ledger only');
  }
  return first.chain;
}

async function claimOf(context: Context, rpc: RpcClient, node: string): Promise<VerifiedChain> {
  const result = await rpc.callOn(node, 'params', {});
  const { chainId } = answers.params(result, 'params');
  const chain = await chainOf(context, parseParams((result as { genesis: unknown }).genesis), chainId);
  if (toHex(chain.ledger.genesis.id) === chainId) return chain;
  throw new WalletError(
    'BAD_ANSWER',
    `${node} gives a genesis that is not its chain id's`,
    'ask another --node',
  );
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    throw new CliError('BAD_GENESIS', `${path} can't be read`, '--trust answers without checking');
  }
}
