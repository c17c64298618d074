/**
 * Owns the worlds that the studies of block times happen in: the rules of time and difficulty of the default network,
 * targets hard enough that their rounding doesn't show, and what is measured on the chain of one node.
 */
import { bitsOf, workOf } from '../../chain/consensus/difficulty.ts';
import type { HeaderNode } from '../../chain/consensus/header-tree.ts';
import type { Header } from '../../chain/format/header.ts';
import type { Params } from '../../chain/format/params.ts';
import defaults from '../../genesis.json' with { type: 'json' };
import { World } from '../world.ts';
import type { WorldOptions } from '../world-options.ts';
import type { StudyOptions } from './figure.ts';

/** Of the default network: time between blocks, the delay that doubles a target, how far ahead of a clock a block may be. */
export const TARGET_MS = defaults.difficulty.targetMs;
export const HALF_LIFE_MS = defaults.difficulty.halfLifeMs;
const FUTURE_MS = defaults.limits.futureMs;

/** The world's own ledger with the default network's rules of time, and blocks of so many hashes at the beginning. */
export function amendDifficulty(params: Params, work: bigint, halfLifeMs = HALF_LIFE_MS): Params {
  return {
    ...params,
    limits: { ...params.limits, futureMs: FUTURE_MS },
    difficulty: {
      ...params.difficulty,
      bits: bitsOf((1n << 256n) / work - 1n),
      targetMs: TARGET_MS,
      halfLifeMs,
    },
  };
}

/** A world of a study, where nobody pays. `work`: hashes of the first blocks. `halfLifeMs`: another one than usual. */
export function stageWorld(
  study: string,
  { sign, verify, verifier }: StudyOptions,
  options: Omit<WorldOptions, 'replay' | 'verifier'> & {
    readonly work: bigint;
    readonly halfLifeMs?: number;
  },
): World {
  return new World({
    users: 2,
    amend: (params) => amendDifficulty(params, options.work, options.halfLifeMs),
    replay: `npm run sim:figures -- ${study} (world ${options.seed})`,
    verifier,
    ...(sign && { sign }),
    ...(verify && { verify }),
    ...options,
  });
}

/** Headers of the chain that ends in `tip`, from genesis on. */
export function headersTo(tip: HeaderNode): Header[] {
  const headers: Header[] = [];
  for (let at: HeaderNode | null = tip; at !== null; at = at.parent) headers.push(at.header);
  return headers.reverse();
}

/** Milliseconds that the block after `header`'s parent takes on average at a hash rate. */
export function expectedMs({ bits }: Pick<Header, 'bits'>, hashrate: number): number {
  return (Number(workOf(bits)) * 1_000) / hashrate;
}

/** Milliseconds that each run of `count` blocks took, given when each came, the beginning first. */
export function durations(times: readonly number[], count: number): number[] {
  return times.slice(count).map((time, i) => time - times[i]!);
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The least value that `percent` of them don't exceed. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)]!;
}
