/** Owns making a testnet's folder: its keyring, its ledger, its plan. And taking an old one away. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatAddress } from '../../chain/format/address.ts';
import { CliError } from '../faults.ts';
import { openTestnetKeyring } from '../keys.ts';
import { deriveGenesis } from './genesis.ts';
import { isTestnetLock } from './lock.ts';
import { createPlan, genesisPath, keysDir, type TestnetPlan, writePlan } from './plan.ts';
import { choosePorts, DEFAULT_BASE_PORT } from './ports.ts';

export interface TestnetWish {
  readonly nodes: number;
  /** 0: any free ports. */
  readonly basePort: number | undefined;
  readonly blockTimeMs: number;
}

/** Hashes a second of one node: about a hundredth of a core, and fine enough for blocks of a second. */
export const NODE_HASHRATE = 300;

/** Makes the folder of a new testnet. Nothing runs yet. */
export async function createTestnet(dir: string, wish: TestnetWish, nowMs: number): Promise<TestnetPlan> {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const keyring = openTestnetKeyring(keysDir(dir));
  const faucet = await keyring.create('faucet', { words: 12 });
  const ports = await choosePorts(wish.basePort ?? DEFAULT_BASE_PORT, wish.nodes);
  const nodes = [];
  for (const [i, pair] of ports.entries()) {
    nodes.push({ index: i + 1, ...pair, miner: await createMiner(dir, i + 1) });
  }
  const hashrate = NODE_HASHRATE * wish.nodes;
  const genesis = deriveGenesis({ blockTimeMs: wish.blockTimeMs, hashrate, faucet: faucet.address, nowMs });
  writeFileSync(genesisPath(dir), `${JSON.stringify(genesis, null, 2)}\n`);
  const plan = createPlan(NODE_HASHRATE, nodes);
  writePlan(dir, plan);
  return plan;
}

/** The key that a node mines for, `miner-1` and so on: who mined what can be seen, and its rewards can be spent. */
export async function createMiner(dir: string, index: number): Promise<string> {
  const keyring = openTestnetKeyring(keysDir(dir));
  const key = await keyring.import(`miner-${index}`, randomBytes(32).toString('hex'));
  return formatAddress(key.address);
}

/** Takes away what `createTestnet` and its nodes made, and nothing else. Its nodes must be down. */
export function wipeTestnet(dir: string): void {
  if (!existsSync(dir)) return;
  const strangers = readdirSync(dir).filter((name) => !isOurs(name));
  if (strangers.length > 0) throw notEmpty(dir, strangers);
  for (const name of readdirSync(dir)) {
    if (!isTestnetLock(name)) rmSync(join(dir, name), { recursive: true, force: true });
  }
}

/** A new testnet begins in an empty folder, so that nothing of anybody is mixed into it. */
export function refuseStrangers(dir: string): void {
  const names = existsSync(dir) ? readdirSync(dir).filter((name) => !isTestnetLock(name)) : [];
  if (names.length > 0) throw notEmpty(dir, names);
}

function notEmpty(dir: string, names: string[]): CliError {
  const message = `${dir} holds something else than a testnet: ${names.slice(0, 3).join(', ')}`;
  return new CliError('NOT_A_TESTNET', message, 'choose another folder with --dir');
}

function isOurs(name: string): boolean {
  if (isTestnetLock(name)) return true;
  return /^(testnet\.json|genesis\.json|keys|node-[1-9][0-9]*|testnet\.json\.\d+\.tmp)$/.test(name);
}
