/** Owns making a testnet's folder: its keyring, its ledger, its plan. And taking an old one away. */
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { formatAddress } from '../../chain/format/address.ts';
import { isScratch, makePrivateDirectory, syncDirectory, writeFileAtomically } from '../../node/files.ts';
import { WalletError } from '../../wallet/errors.ts';
import { CliError } from '../faults.ts';
import { openTestnetKeyring } from '../keys.ts';
import { nodeIndices } from './folders.ts';
import { deriveGenesis } from './genesis.ts';
import { isTestnetLock } from './lock.ts';
import {
  createPlan,
  genesisPath,
  keysDir,
  planPath,
  type TestnetPlan,
  writePlan,
  writeUnfinished,
} from './plan.ts';
import { choosePorts, DEFAULT_BASE_PORT } from './ports.ts';

export interface TestnetWish {
  readonly nodes: number;
  /** 0: any free ports. */
  readonly basePort: number | undefined;
  readonly blockTimeMs: number;
}

/** Hashes a second of one node: about a hundredth of a core, and fine enough for blocks of a second. */
export const NODE_HASHRATE = 300;

/** Makes the folder of a new testnet, or finishes one that was begun. Nothing runs yet. */
export async function createTestnet(dir: string, wish: TestnetWish, nowMs: number): Promise<TestnetPlan> {
  makePrivateDirectory(dir);
  writeUnfinished(dir, 'making');
  const faucet = await haveKey(dir, 'faucet', { words: 12 });
  const ports = await choosePorts(wish.basePort ?? DEFAULT_BASE_PORT, wish.nodes);
  const nodes = [];
  for (const [i, pair] of ports.entries()) {
    nodes.push({ index: i + 1, ...pair, miner: await createMiner(dir, i + 1) });
  }
  const hashrate = NODE_HASHRATE * wish.nodes;
  const genesis = deriveGenesis({ blockTimeMs: wish.blockTimeMs, hashrate, faucet, nowMs });
  writeFileAtomically(genesisPath(dir), `${JSON.stringify(genesis, null, 2)}\n`);
  const plan = createPlan(NODE_HASHRATE, nodes);
  writePlan(dir, plan);
  return plan;
}

/** The key that a node mines for, `miner-1` and so on: who mined what can be seen, and its rewards can be spent. */
export async function createMiner(dir: string, index: number): Promise<string> {
  return formatAddress(await haveKey(dir, `miner-${index}`, null));
}

/** The address of a key of the testnet's own, which is made unless an earlier command was killed after it had made it. */
async function haveKey(dir: string, name: string, fresh: { words: 12 } | null): Promise<Uint8Array> {
  const keyring = openTestnetKeyring(keysDir(dir));
  try {
    return (await keyring.show(name)).address;
  } catch (error) {
    if (!(error instanceof WalletError) || error.code !== 'NO_KEY') throw error;
  }
  const made =
    fresh === null
      ? await keyring.import(name, randomBytes(32).toString('hex'))
      : await keyring.create(name, fresh);
  return made.address;
}

/** The plan of a testnet whose `testnet.json` is damaged, from its folders; null if these don't tell it. */
export async function restorePlan(dir: string): Promise<TestnetPlan | null> {
  const indices = nodeIndices(dir);
  if (indices.length === 0 || !existsSync(genesisPath(dir)) || !existsSync(keysDir(dir))) return null;
  const ports = await choosePorts(0, indices.length);
  const nodes = [];
  for (const [i, index] of indices.entries()) {
    nodes.push({ index, ...ports[i]!, miner: await createMiner(dir, index) });
  }
  return createPlan(NODE_HASHRATE, nodes);
}

/** Takes away what `createTestnet` and its nodes made, and nothing else. Its nodes must be down. */
export function wipeTestnet(dir: string): void {
  if (!existsSync(dir)) return;
  const strangers = readdirSync(dir).filter((name) => !isOurs(name));
  if (strangers.length > 0) throw notEmpty(dir, strangers);
  // Killed on the way, the next start goes on here.
  writeUnfinished(dir, 'wiping');
  const kept = basename(planPath(dir));
  for (const name of readdirSync(dir)) {
    if (name !== kept && !isTestnetLock(name)) rmSync(join(dir, name), { recursive: true, force: true });
  }
  syncDirectory(dir);
}

/** A new testnet begins in an empty folder, so that nothing of anybody is mixed into it. */
export function refuseStrangers(dir: string): void {
  const names = existsSync(dir)
    ? readdirSync(dir).filter((name) => !isTestnetLock(name) && !isScratch(name))
    : [];
  if (names.length > 0) throw notEmpty(dir, names);
}

function notEmpty(dir: string, names: string[]): CliError {
  const message = `${dir} holds something else than a testnet: ${names.slice(0, 3).join(', ')}`;
  return new CliError('NOT_A_TESTNET', message, 'choose another folder with --dir');
}

function isOurs(name: string): boolean {
  if (isTestnetLock(name)) return true;
  // The second form of scratch files is of earlier versions.
  const scratch = /^(testnet|genesis)\.json\..*\.tmp$/.test(name);
  return scratch || /^(testnet\.json|genesis\.json|keys|node-[1-9][0-9]*)$/.test(name);
}
