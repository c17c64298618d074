/**
 * Owns the ledger of a testnet: parameters of its own, sized so that a few throttled miners find a block at the chosen
 * pace from the very first, and a random salt, so that no two testnets are ever the same ledger.
 */
import { randomBytes } from 'node:crypto';
import { bitsOf } from '../../chain/consensus/difficulty.ts';
import { formatAddress } from '../../chain/format/address.ts';
import { formatPlanks, PLANKS_PER_PIER } from '../../chain/format/amount.ts';
import defaults from '../../genesis.json' with { type: 'json' };

/** What the faucet begins with. */
export const FAUCET_PLANKS = 1_000_000 * PLANKS_PER_PIER;

/** The nodes share this machine's clock: it can only jump. */
const FUTURE_MS = 5_000;
/** As the default network: docs/decisions/0008-a-half-life-of-twenty-blocks.md. */
const HALF_LIFE_BLOCKS = 20;
/** Rewards can be spent after a few blocks, so that one sees it happen. */
const MATURITY = 5;
/** Hashes of the easiest block: few enough for the slowest miner left alone. */
const FLOOR_WORK = 16n;

export interface TestnetSize {
  /** Intended time between blocks. */
  readonly blockTimeMs: number;
  /** Hashes a second of all miners together. */
  readonly hashrate: number;
  /** The funded account, 20 bytes. */
  readonly faucet: Uint8Array;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** The `genesis.json` of a new testnet. */
export function deriveGenesis({ blockTimeMs, hashrate, faucet, nowMs }: TestnetSize): object {
  const work = BigInt(Math.max(1, Math.round((hashrate * blockTimeMs) / 1000)));
  const easiest = work < FLOOR_WORK ? work : FLOOR_WORK;
  return {
    ...defaults,
    name: 'testnet',
    salt: randomBytes(32).toString('hex'),
    time: nowMs,
    limits: { ...defaults.limits, futureMs: FUTURE_MS },
    difficulty: {
      bits: compact(work),
      floorBits: compact(easiest),
      targetMs: blockTimeMs,
      halfLifeMs: Math.max(HALF_LIFE_BLOCKS * blockTimeMs, 4 * FUTURE_MS),
    },
    reward: { ...defaults.reward, maturity: MATURITY },
    allocations: [{ address: formatAddress(faucet), amount: formatPlanks(FAUCET_PLANKS) }],
    activations: [],
  };
}

/** Bits of the target that takes that many hashes on average, as a genesis writes them. */
function compact(work: bigint): string {
  const target = (1n << 256n) / work - 1n;
  return bitsOf(target).toString(16).padStart(8, '0');
}
