import { expect, test } from 'vitest';
import { targetOf, workOf } from '../../../chain/consensus/difficulty.ts';
import { parseParams } from '../../../chain/format/params.ts';
import { deriveGenesis, FAUCET_PLANKS } from '../../../cli/testnet/genesis.ts';

const size = {
  blockTimeMs: 2_000,
  hashrate: 1_500,
  faucet: new Uint8Array(20).fill(7),
  nowMs: 1_700_000_000_000,
};

test('a derived genesis is one the ledger accepts, sized for its miners', () => {
  const params = parseParams(deriveGenesis(size));
  expect(params.allocations).toEqual([{ address: size.faucet, amount: FAUCET_PLANKS }]);
  expect(FAUCET_PLANKS).toBe(1_000_000_000_000);
  // 1,500 hashes a second for 2 seconds; the compact form keeps 15 bits at least.
  expect(Number(workOf(params.difficulty.bits)) / 3_000).toBeCloseTo(1, 3);
  expect(params.difficulty).toMatchObject({ targetMs: 2_000, halfLifeMs: 40_000 });
  expect(params.reward.maturity).toBe(5);
});

test('any pace and any number of miners gives parameters that hold', () => {
  for (const blockTimeMs of [100, 500, 10_000, 600_000]) {
    for (const hashrate of [1, 300, 15_000]) {
      const { difficulty, limits } = parseParams(deriveGenesis({ ...size, blockTimeMs, hashrate }));
      expect(targetOf(difficulty.bits)).toBeLessThanOrEqual(targetOf(difficulty.floorBits));
      expect(difficulty.halfLifeMs).toBeGreaterThanOrEqual(4 * limits.futureMs);
    }
  }
});

test('two testnets are never the same ledger', () => {
  expect(deriveGenesis(size)).not.toEqual(deriveGenesis(size));
});
