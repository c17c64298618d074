/**
 * Owns the ledger of a world: parameters sized so that its miners together find a block in the intended time, with
 * targets a few real hashes hard.
 */
import { bitsOf, workOf } from '../chain/consensus/difficulty.ts';
import type { Allocation, Params } from '../chain/format/params.ts';
import type { Random } from './random.ts';

/** Expected hashes of a block at the pace of genesis, and of the easiest block. */
const GENESIS_WORK = 16n;
const FLOOR_WORK = 2n;
/** Within 2^53 and past, so that a mistaken unit shows. */
const GENESIS_TIME_MS = 1_800_000_000_000;
const FUTURE_MS = 10_000;

/** Hashes a second with which the first blocks of a ledger take the time they should. */
export function totalHashrate({ difficulty }: Params): number {
  return (Number(workOf(difficulty.bits)) * 1000) / difficulty.targetMs;
}

export function worldParams(random: Random, blockMs: number, allocations: readonly Allocation[]): Params {
  return {
    name: 'world',
    salt: random.bytes(32),
    time: GENESIS_TIME_MS,
    limits: { blockBytes: 64 * 1024, blockSignatures: 512, futureMs: FUTURE_MS },
    difficulty: {
      bits: bitsOf((1n << 256n) / GENESIS_WORK - 1n),
      floorBits: bitsOf((1n << 256n) / FLOOR_WORK - 1n),
      targetMs: blockMs,
      halfLifeMs: Math.max(60 * blockMs, 4 * FUTURE_MS),
    },
    reward: { initial: 50_000_000, halvingBlocks: 1_000, maturity: 5 },
    prices: { feePerByte: 1, accountSurcharge: 1_000, depositPerByte: 10, depositPerEntry: 1_000 },
    allocations,
    activations: [],
  };
}

/** What each miner has of the hash rate: the same, or between one and eight parts of it. */
export function drawHashrates(random: Random, total: number, miners: number, uneven: boolean): number[] {
  const parts = Array.from({ length: miners }, () => (uneven ? random.between(1, 8) : 1));
  const all = parts.reduce((sum, part) => sum + part, 0);
  return parts.map((part) => (total * part) / all);
}
