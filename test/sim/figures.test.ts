/** The studies of block times and of censorship, each in a few worlds: `npm run sim:figures` has enough to say figures. */
import { expect, test } from 'vitest';
import { signQuickly } from '../../cli/quick-signatures.ts';
import { verifyStrictNode } from '../../node/verifier.ts';
import { censorOnce } from '../../sim/figures/censorship.ts';
import { exodusOnce, RECOVERY_BLOCKS_MAX } from '../../sim/figures/exodus.ts';
import { fastestWindow, SLEEPS, type SleepName, sleepOnce } from '../../sim/figures/sleep.ts';
import { TARGET_MS } from '../../sim/figures/stage.ts';
import { changePercent, lieInRace, lieInWorld } from '../../sim/figures/time.ts';
import type { StampName } from '../../sim/figures/time-liar.ts';
import { rememberingVerifier } from '../chain/model/signatures.ts';
import { seeds, seedsUpTo } from './replay.ts';

const parts = { seeds: null, sign: signQuickly, verify: verifyStrictNode, verifier: rememberingVerifier };

test.each(Object.keys(SLEEPS) as SleepName[])('no burst of blocks: %s', async (name) => {
  for (const seed of seeds(1)) {
    const times = await sleepOnce(parts, name, seed, { blocksAfter: 60 });
    expect(times).toHaveLength(61);
    // Twice the rate by the rule, and luck with fifty blocks on top. Without the rule it is hundreds of times.
    expect(fastestWindow(times)).toBeLessThan(3);
  }
});

test.each(seeds(1))('nearly all of the hash rate leaves, seed %i', async (seed) => {
  const { blocks, afterMs } = await exodusOnce(parts, seed, 30);
  expect(blocks).toBeGreaterThan(1);
  expect(blocks).toBeLessThanOrEqual(RECOVERY_BLOCKS_MAX);
  expect(afterMs).toBeLessThan(3 * TARGET_MS);
});

const LIES: readonly StampName[] = ['the latest that is taken', 'the earliest that is valid'];

test.each(seeds(1))(
  'lies about time leave the rate of blocks as it is, in a world, seed %i',
  async (seed) => {
    const truth = await lieInWorld(parts, 'no lie', seed, 250);
    for (const lie of LIES) {
      const chain = await lieInWorld(parts, lie, seed, 250);
      expect(chain.attackers).toBeGreaterThan(40);
      expect(changePercent(chain, truth)).toBeLessThan(10);
    }
  },
);

test.each(seeds(1))('and when the liar withholds its blocks, in a race of headers, seed %i', async (seed) => {
  const truth = await lieInRace('no lie', seed, 600);
  for (const lie of LIES) {
    const chain = await lieInRace(lie, seed, 600);
    expect(chain.attackers).toBeGreaterThan(100);
    expect(changePercent(chain, truth)).toBeLessThan(10);
  }
});

test.each(seedsUpTo(4))('a payment that four nodes of ten censor is mined soon, seed %i', async (seed) => {
  // Ten blocks without an honest one: 0.4^10, one world in ten thousand.
  expect(await censorOnce(parts, seed)).toBeLessThanOrEqual(10);
});
