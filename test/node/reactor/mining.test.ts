import { describe, expect, test } from 'vitest';
import type { Header } from '../../../chain/format/header.ts';
import type { Transaction } from '../../../chain/format/transaction.ts';
import type { Dropped } from '../../../chain/pool/mempool.ts';
import type { Miner, MiningJob } from '../../../node/ports.ts';
import { Lane } from '../../../node/reactor/lane.ts';
import { Mining } from '../../../node/reactor/mining.ts';
import { addressFor, claim, recover, setRecovery, transfer } from '../../chain/actors.ts';
import { PoolWorld } from '../../chain/pool/pool-world.ts';

class FakeMiner implements Miner {
  readonly jobs: MiningJob[] = [];
  readonly rates: (number | null)[] = [];
  /** The job it has. */
  job: MiningJob | null = null;
  stopped = false;
  find: (found: { jobId: number; nonce: number }) => void = () => {};

  start(job: MiningJob): void {
    this.job = job;
    this.jobs.push(job);
  }
  cancel(): void {
    this.job = null;
  }
  onFound(handler: (found: { jobId: number; nonce: number }) => void): void {
    this.find = handler;
  }
  setRate(rate: number | null): void {
    this.rates.push(rate);
  }
  quietMs(): number {
    return 0;
  }

  hashrate(): number {
    return this.job === null ? 0 : 7;
  }
  async stop(): Promise<void> {
    this.stopped = true;
  }
}

async function setUp() {
  const world = await PoolWorld.open();
  const miner = new FakeMiner();
  const now = { monotonic: 0, wall: world.chain.params.time + 1_000 };
  const failures: unknown[] = [];
  const lane = new Lane((error) => failures.push(error));
  const found: { header: Header; transactions: readonly Transaction[] }[] = [];
  const dropped: Dropped[] = [];
  const told = { deadlines: 0 };
  const mining = new Mining({
    ledger: world.harness.ledger,
    pool: world.pool,
    miner,
    clock: { monotonicMs: () => now.monotonic, wallMs: () => now.wall },
    lane,
    outcome: {
      found: (header, transactions) => found.push({ header, transactions }),
      dropped: (gone) => dropped.push(...gone),
      deadlineChanged: () => {
        told.deadlines++;
      },
    },
  });
  const pass = (ms: number): void => {
    now.monotonic += ms;
    now.wall += ms;
  };
  /** A block from elsewhere, told as the reactor tells it: after the pool has followed. */
  const block = async (...transactions: Transaction[]): Promise<void> => {
    await lane.run(async () => {
      await world.block({ transactions });
      mining.tipChanged();
    });
    await lane.settled();
  };
  const start = async (): Promise<void> => {
    mining.set(addressFor('miner'));
    await lane.settled();
  };
  return { world, miner, lane, mining, now, pass, found, dropped, told, failures, block, start };
}

describe('a job', () => {
  test('is begun for whoever earns, on the tip, at the rate given; and ended', async () => {
    const { world, miner, lane, mining, now } = await setUp();
    expect([mining.address, mining.deadline(), mining.hashrate()]).toEqual([null, null, 0]);
    mining.set(addressFor('miner'), 50);
    await lane.settled();
    expect(miner.rates).toEqual([50]);
    expect(miner.job!.header).toMatchObject({
      height: 1,
      miner: addressFor('miner'),
      time: now.wall,
      nonce: 0,
    });
    expect(miner.job!.header.previous).toEqual(world.harness.ledger.tip.id);
    expect(mining.hashrate()).toBe(7);
    mining.set(null);
    await lane.settled();
    expect([miner.job, miner.jobs.length, mining.deadline()]).toEqual([null, 1, null]);
    await mining.stop();
    expect(miner.stopped).toBe(true);
  });

  test('ends with its tip, and another begins on the new one', async () => {
    const { world, miner, start, block } = await setUp();
    await start();
    for (let height = 1; height <= 3; height++) {
      await block();
      expect(miner.job!.header.previous).toEqual(world.harness.ledger.tip.id);
      expect(miner.job!.header.height).toBe(height + 1);
    }
    expect(new Set(miner.jobs.map(({ jobId }) => jobId)).size).toBe(miner.jobs.length);
  });

  test('begins on the new tip though the tip moved while a template was made', async () => {
    const { world, miner, mining, lane } = await setUp();
    mining.set(addressFor('miner'));
    // Queued behind the template's making, which is under way; the news comes while the next one waits.
    void lane.run(async () => {
      await world.block();
      mining.tipChanged();
      await world.block();
      mining.tipChanged();
    });
    await lane.settled();
    expect(miner.job!.header.previous).toEqual(world.harness.ledger.tip.id);
    expect(miner.job!.header.height).toBe(3);
  });

  test('is for the last address set, though another was set while a template was made', async () => {
    const { miner, mining, lane } = await setUp();
    for (const name of ['alice', 'bob', 'carol']) mining.set(addressFor(name));
    await lane.settled();
    expect(miner.job!.header.miner).toEqual(addressFor('carol'));
    mining.set(addressFor('alice'));
    mining.set(null);
    await lane.settled();
    expect(miner.job).toBe(null);
    mining.set(null);
    mining.set(addressFor('bob'));
    await lane.settled();
    expect(miner.job!.header.miner).toEqual(addressFor('bob'));
  });

  test('tells that its deadline stands, so that somebody wakes it', async () => {
    const { mining, told, start, block } = await setUp();
    await start();
    expect([told.deadlines, mining.deadline()]).toEqual([1, 1_000]);
    await block();
    expect(told.deadlines).toBe(2);
  });
});

describe('what is found', () => {
  test('is the header with its nonce and the transactions, once', async () => {
    const { world, miner, found, start, mining } = await setUp();
    await world.offer(transfer('alice', 'bob', 1));
    await start();
    const { header, jobId } = miner.job!;
    miner.find({ jobId, nonce: 99 });
    miner.find({ jobId, nonce: 100 });
    expect(found).toEqual([{ header: { ...header, nonce: 99 }, transactions: world.queue('alice') }]);
    // Until the tip moves there is nothing to do.
    expect(mining.deadline()).toBe(null);
  });

  test('by a job that was replaced is worth nothing', async () => {
    const { miner, found, start, block, mining, lane, pass } = await setUp();
    await start();
    const old = miner.job!.jobId;
    await block();
    miner.find({ jobId: old, nonce: 1 });
    pass(1_000);
    const before = miner.job!.jobId;
    mining.wake();
    miner.find({ jobId: before, nonce: 1 });
    mining.set(null);
    miner.find({ jobId: miner.jobs.at(-1)!.jobId, nonce: 1 });
    await lane.settled();
    expect(found).toEqual([]);
  });

  test('on a tip that has gone, though nobody said so yet, is worth nothing', async () => {
    const { world, miner, found, start } = await setUp();
    await start();
    await world.block();
    miner.find({ jobId: miner.job!.jobId, nonce: 1 });
    expect(found).toEqual([]);
  });
});

describe('a wake', () => {
  test('stamps the time once a second, and does nothing before', async () => {
    const { miner, mining, pass, now, start } = await setUp();
    await start();
    pass(999);
    mining.wake();
    expect(miner.jobs).toHaveLength(1);
    pass(1);
    expect(mining.deadline()).toBe(now.monotonic);
    mining.wake();
    expect(miner.jobs).toHaveLength(2);
    expect(miner.job!.header.time).toBe(now.wall);
    expect(miner.job!.header.stateRoot).toEqual(miner.jobs[0]!.header.stateRoot);
    expect(mining.deadline()).toBe(now.monotonic + 1_000);
  });

  test('brings new transactions in, at most ten times a second', async () => {
    const { world, miner, mining, lane, pass, start, now } = await setUp();
    await start();
    const empty = miner.job!.header.txRoot;
    await world.offer(transfer('alice', 'bob', 1));
    mining.poolChanged();
    expect(mining.deadline()).toBe(100);
    pass(99);
    mining.wake();
    await lane.settled();
    expect(miner.jobs).toHaveLength(1);
    pass(1);
    mining.wake();
    await lane.settled();
    expect(miner.jobs).toHaveLength(2);
    expect(miner.job!.header.txRoot).not.toEqual(empty);
    // Nothing new: the next wake is for the stamp.
    expect(mining.deadline()).toBe(now.monotonic + 1_000);
  });

  test('waits the longer the longer a template takes', async () => {
    const { world, mining, lane, now, start, pass } = await setUp();
    // Each reading of the state takes 500 ms.
    const { getMany } = world.harness.store;
    world.harness.store.getMany = async (keys) => {
      pass(500);
      return getMany.call(world.harness.store, keys);
    };
    await start();
    const took = now.monotonic;
    expect(took).toBeGreaterThanOrEqual(500);
    mining.poolChanged();
    expect(mining.deadline()).toBe(Math.min(took + 4 * took, took + 1_000));
    pass(1_000);
    mining.wake();
    await lane.settled();
    // That was the stamp's turn; the template's comes when four times its cost has passed.
    expect(mining.deadline()).toBe(Math.min(5 * took, now.monotonic + 1_000));
  });

  test('isn’t wanted for a template that is being made', async () => {
    const { mining, lane, pass, start, now } = await setUp();
    await start();
    mining.poolChanged();
    pass(100);
    mining.wake();
    mining.poolChanged();
    expect(mining.deadline()).toBeGreaterThan(now.monotonic);
    await lane.settled();
    expect(mining.deadline()).toBe(now.monotonic + 100);
  });
});

test('what a template refuses leaves the pool, and is told', async () => {
  const { world, dropped, start, failures } = await setUp();
  await world.block({ transactions: [setRecovery('alice', 'bob', 2), recover('bob', 'alice', 'alice 2')] });
  await world.block();
  // Each is good by itself, but not after the other.
  await world.offer(claim('bob', 'alice', { fee: 5_000 }), transfer('alice', 'carol', 1));
  const [late] = world.queue('alice');
  await start();
  expect(dropped.map(({ transaction, error }) => [transaction, error.code])).toEqual([[late, 'WRONG_KEY']]);
  expect([world.pool.size, failures]).toEqual([1, []]);
});
