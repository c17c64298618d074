/**
 * Owns which ledger answers are checked for: the genesis this machine has of the testnet or node that is asked, or else
 * the one that the named nodes give, if they all give the same. With it the chain that was verified before.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { contextOf } from '../chain/consensus/header-rules.ts';
import { equalBytes, fromHex, toHex } from '../chain/format/bytes.ts';
import { headerId } from '../chain/format/header.ts';
import { parseParams } from '../chain/format/params.ts';
import type { RpcClient } from '../wallet/client.ts';
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

interface Claim {
  readonly genesis: unknown;
  /** As somebody says; it is computed anew the first time. */
  readonly chainId: string | null;
}

/** The verified chain of the ledger that the nodes are of; just its genesis the first time. */
export async function findChain(context: Context, rpc: RpcClient): Promise<VerifiedChain> {
  const local = localClaim(context);
  const { genesis, chainId } = local ?? (await claimOf(rpc));
  const params = parseParams(genesis);
  const known = chainId === null ? null : loadChain(context.places, params, fromHex(chainId, 32));
  if (known !== null) return known;
  const ledger = await computeLedger(params);
  if (local === null) {
    if (chainId !== toHex(ledger.genesis.id)) {
      throw new CliError(
        'BAD_GENESIS',
        `${rpc.nodes[0]} gives a genesis that is not its chain id's`,
        'ask another --node',
      );
    }
    const id = toHex(ledger.genesis.id).slice(0, 16);
    context.output.note(
      `first time here: ledger ${params.name} (${id}…) is taken to be what the node says its genesis is`,
    );
  }
  return loadChain(context.places, params, ledger.genesis.id) ?? startChain(ledger);
}

async function computeLedger(params: LightLedger['params']): Promise<LightLedger> {
  const { makeGenesis } = await import('../chain/ledger/genesis.ts');
  const { header } = await makeGenesis(params);
  return { params, genesis: contextOf(null, header, headerId(header)) };
}

/** Of the testnet or the node that was found here. */
function localClaim(context: Context): Claim | null {
  const { places } = context;
  const { kind } = context.found();
  if (kind === 'testnet') {
    return {
      genesis: readJson(genesisPath(places.testnet)),
      chainId: readPlan(places.testnet)?.chainId ?? null,
    };
  }
  if (context.urls.length > 0) return null;
  const chainId = readNodeFile(places.node)?.chainId ?? null;
  return { genesis: readJson(join(places.node, 'genesis.json')), chainId };
}

/** What the nodes say. They must agree: which of two ledgers is meant nobody here can know. */
async function claimOf(rpc: RpcClient): Promise<Claim> {
  const asked = await Promise.allSettled(
    rpc.nodes.slice(0, ASKED).map(async (node) => {
      const result = await rpc.callOn(node, 'params', {});
      return {
        node,
        chainId: answers.params(result, 'params').chainId,
        genesis: (result as { genesis: unknown }).genesis,
      };
    }),
  );
  const [first, second] = asked.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  if (first === undefined) {
    const faults = asked.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as Error] : []));
    const failures = faults.flatMap((fault) => (fault instanceof NoNodeError ? fault.failures : []));
    throw failures.length === faults.length ? new NoNodeError(failures) : faults[0]!;
  }
  if (second !== undefined && !equalBytes(fromHex(first.chainId), fromHex(second.chainId))) {
    const [a, b] = [first, second].map(({ node, chainId }) => `${node} is of ${chainId.slice(0, 16)}…`);
    throw new CliError(
      'OTHER_LEDGER',
      `the nodes are of different ledgers: ${a}, ${b}`,
      'name nodes of one ledger only',
    );
  }
  return first;
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    throw new CliError('BAD_GENESIS', `${path} can't be read`, '--trust answers without checking');
  }
}
