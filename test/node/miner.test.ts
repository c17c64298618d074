import { afterEach, expect, inject, it } from 'vitest';
import { targetOf } from '../../chain/consensus/difficulty.ts';
import { toBigInt } from '../../chain/format/bytes.ts';
import { type Header, headerId } from '../../chain/format/header.ts';
import { WorkerMiner } from '../../node/miner.ts';

const EASY_BITS = 0x20_00ffff;
/** Never found: all but 2 of 256 bits. */
const HARD_BITS = 0x01_010000;
const header = (bits: number): Header => ({
  version: 1,
  height: 1,
  previous: new Uint8Array(32),
  historyRoot: new Uint8Array(32),
  txRoot: new Uint8Array(32),
  stateRoot: new Uint8Array(32),
  time: 1,
  elapsed: 1,
  bits,
  miner: new Uint8Array(20),
  nonce: 0,
});

const miners: WorkerMiner[] = [];
afterEach(() => Promise.all(miners.splice(0).map((miner) => miner.stop())));

function makeMiner(hashesPerSecond: number | null, burst = 0) {
  const found: { jobId: number; nonce: number }[] = [];
  let wake = (): void => {};
  const miner = new WorkerMiner({
    hashesPerSecond,
    burst,
    program: new URL('miner-worker.js', inject('bundle')),
    onError(error) {
      throw error;
    },
  });
  miners.push(miner);
  miner.onFound((result) => {
    found.push(result);
    wake();
  });
  const next = async (): Promise<{ jobId: number; nonce: number }> => {
    if (found.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return found.shift()!;
  };
  return { miner, next, found };
}

it('finds a nonce that reaches the target', async () => {
  const { miner, next } = makeMiner(null);
  miner.start({ header: header(EASY_BITS), jobId: 7 });
  const { jobId, nonce } = await next();
  expect(jobId).toBe(7);
  expect(toBigInt(headerId({ ...header(EASY_BITS), nonce })) <= targetOf(EASY_BITS)).toBe(true);
});

it('drops the job it had when a new one comes, asleep or at work', async () => {
  for (const rate of [null, 1]) {
    const { miner, next, found } = makeMiner(rate, 5_000);
    for (let jobId = 1; jobId <= 20; jobId++) miner.start({ header: header(HARD_BITS), jobId });
    miner.setRate(null);
    miner.start({ header: header(EASY_BITS), jobId: 99 });
    expect((await next()).jobId).toBe(99);
    expect(found).toEqual([]);
  }
});

it('spends its burst at once, however low the rate', async () => {
  const { miner, next } = makeMiner(1, 100_000);
  miner.start({ header: header(EASY_BITS), jobId: 1 });
  expect((await next()).jobId).toBe(1);
});

it('knows its rate from one block to the next', async () => {
  const { miner, next } = makeMiner(null);
  miner.start({ header: header(HARD_BITS), jobId: 1 });
  await expect.poll(() => miner.hashrate()).toBeGreaterThan(0);
  miner.start({ header: header(EASY_BITS), jobId: 2 });
  await next();
  expect(miner.hashrate()).toBeGreaterThan(0);
  miner.cancel();
  expect(miner.hashrate()).toBeGreaterThan(0);
  await expect.poll(() => miner.hashrate(), { timeout: 20_000 }).toBe(0);
});

it('stops while it searches, while it sleeps, and before it began', async () => {
  for (const rate of [null, 1]) {
    const { miner } = makeMiner(rate);
    miner.start({ header: header(HARD_BITS), jobId: 1 });
    await miner.stop();
    expect(miner.hashrate()).toBe(0);
  }
  await makeMiner(null).miner.stop();
});
