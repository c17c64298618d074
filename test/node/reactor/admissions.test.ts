import { describe, expect, test, vi } from 'vitest';
import type { RuleError } from '../../../chain/errors.ts';
import { toHex } from '../../../chain/format/bytes.ts';
import type { Transaction } from '../../../chain/format/transaction.ts';
import { Queue } from '../../../chain/ledger/queue.ts';
import { Admission } from '../../../chain/pool/admission.ts';
import type { Dropped } from '../../../chain/pool/mempool.ts';
import { Admissions, type Submitted } from '../../../node/reactor/admissions.ts';
import { Lane } from '../../../node/reactor/lane.ts';
import { transfer } from '../../chain/actors.ts';
import { PoolWorld } from '../../chain/pool/pool-world.ts';

/** Type of the entries that are to be written with what a user brings. */
const TOLD = 120;

async function setUp() {
  const world = await PoolWorld.open();
  const failures: unknown[] = [];
  const lane = new Lane((error) => failures.push(error));
  const added: [link: number | null, transactions: readonly Transaction[]][] = [];
  const dropped: Dropped[] = [];
  const checked: [link: number, key: string, code: string | undefined][] = [];
  const unchecked: string[] = [];
  const told: string[] = [];
  const state = { behind: false };
  const admissions = new Admissions(world.admission, lane, {
    added: (transactions, link) => added.push([link, transactions]),
    dropped: (gone) => dropped.push(...gone),
    checked: (link, results) => {
      for (const { key, error } of results) checked.push([link, key, error?.code]);
    },
    unchecked: (keys) => unchecked.push(...keys),
    entriesWith: (transactions) => transactions.map(({ id }) => ({ type: TOLD, parts: [id] })),
    failed: (error) => failures.push(error),
    tell: (event) => told.push(event.type),
    behind: () => state.behind,
  });
  const settled = async (): Promise<void> => {
    await lane.settled();
    expect(failures).toEqual([]);
  };
  return { world, admissions, lane, failures, added, dropped, checked, unchecked, told, state, settled };
}

const statusOf = (result: Submitted): string =>
  'error' in result ? (result.error as RuleError).code : result.status;
const nonces = (world: PoolWorld, name: string): number[] => world.queue(name).map(({ nonce }) => nonce);

describe('transactions of peers', () => {
  test('are answered to whoever sent them, and told with that link', async () => {
    const { world, admissions, added, checked, told, settled } = await setUp();
    const good = world.sign(transfer('alice', 'bob', 1));
    const bad = world.sign(transfer('bob', 'alice', 1, { forge: 'signature' }));
    const other = world.sign(transfer('carol', 'alice', 1));
    admissions.enqueue([good, bad], 1);
    admissions.enqueue([other, good], 2);
    await settled();
    expect(checked).toEqual([
      [1, good.key, undefined],
      [1, bad.key, 'BAD_SIGNATURE'],
      [2, other.key, undefined],
      [2, good.key, 'ALREADY_KNOWN'],
    ]);
    expect(added).toEqual([
      [1, [good]],
      [2, [other]],
    ]);
    expect(told).toEqual(['refused', 'refused']);
  });

  test('that come too early wait for the one before', async () => {
    const { world, admissions, added, told, settled } = await setUp();
    const [first, second, third] = [0, 1, 2].map((nonce) =>
      world.sign(transfer('alice', 'bob', 1, { nonce })),
    );
    admissions.enqueue([third!, second!], 1);
    await settled();
    expect([world.pool.size, added, told]).toEqual([0, [], ['waiting', 'waiting']]);
    admissions.enqueue([first!], 2);
    await settled();
    expect(nonces(world, 'alice')).toEqual([0, 1, 2]);
    expect(added).toEqual([
      [2, [first]],
      [null, [second, third]],
    ]);
  });

  test('are tried again when the account moves on by a block', async () => {
    const { world, admissions, settled } = await setUp();
    const [first, second] = [0, 1].map((nonce) => world.sign(transfer('alice', 'bob', 1, { nonce })));
    admissions.enqueue([second!], 1);
    await settled();
    await world.block({ transactions: [first!] });
    admissions.retry([first!.sender]);
    await settled();
    expect(world.queue('alice')).toEqual([second]);
  });

  test('that rest on what we have not got yet wait while we are behind, and only then', async () => {
    const { world, admissions, state, settled } = await setUp();
    const spends = world.sign(transfer('new', 'bob', 1));
    const given = world.sign(transfer('alice', 'new', 50_000));
    const offer = async (): Promise<void> => {
      admissions.enqueue([spends], 1);
      await settled();
    };
    await offer();
    state.behind = true;
    await offer();
    state.behind = false;
    await world.block({ transactions: [given] });
    admissions.retry([spends.sender]);
    await settled();
    expect(world.queue('new')).toEqual([spends]);
  });

  test('over 20,000 waiting are left for later, and said so', async () => {
    const { world, admissions, checked, unchecked, settled } = await setUp();
    const tx = world.sign(transfer('alice', 'bob', 1));
    admissions.enqueue(
      Array.from({ length: 20_003 }, () => tx),
      1,
    );
    expect(checked).toEqual([]);
    expect(unchecked).toEqual(Array(20_003 - 18_750).fill(tx.key));
    await settled();
    expect(checked.filter(([, , code]) => code === 'ALREADY_KNOWN')).toHaveLength(18_749);
    expect(world.pool.size).toBe(1);
  });

  test('of one link have their place, whatever others send', async () => {
    const { world, admissions, unchecked, settled } = await setUp();
    const junk = [1, 2, 3, 4, 5, 7].map((link) => world.sign(transfer('alice', 'bob', link, { nonce: 9 })));
    const held = world.sign(transfer('carol', 'bob', 1));
    const honest = Array.from({ length: 64 }, (_, nonce) =>
      world.sign(transfer('bob', 'alice', 1, { nonce })),
    );
    for (const link of [0, 1, 2, 3, 4]) admissions.enqueue(Array(4_500).fill(junk[link]), link);
    admissions.hold([held]);
    admissions.retry([held.sender]);
    admissions.enqueue(honest, 6);
    admissions.enqueue(Array(4_500).fill(junk[5]), 7);
    expect(admissions.sizes.queued).toBeLessThanOrEqual(18_750);
    expect(admissions.sizes.queued).toBeGreaterThan(18_750 - 7);
    // Six share what the two who want less leave.
    const share = Math.floor((18_750 - 64 - 1) / 6);
    for (const { key } of junk)
      expect(unchecked.filter((other) => other === key)).toHaveLength(4_500 - share);
    expect(unchecked).toHaveLength(6 * (4_500 - share));
    await settled();
    expect([nonces(world, 'bob').length, nonces(world, 'carol')]).toEqual([64, [0]]);
  });

  test('that waited for long wait on when there is no room to check them', async () => {
    const { world, admissions, settled } = await setUp();
    const junk = world.sign(transfer('alice', 'bob', 1, { nonce: 9 }));
    const held = Array.from({ length: 64 }, (_, nonce) => world.sign(transfer('bob', 'alice', 1, { nonce })));
    for (let link = 0; link < 1_000; link++) admissions.enqueue(Array(21).fill(junk), link);
    admissions.hold(held);
    admissions.retry([held[0]!.sender]);
    admissions.enqueue(Array(1_500).fill(junk), 1_000);
    expect(admissions.sizes.waiting).toBeGreaterThan(40);
    await settled();
    expect(nonces(world, 'bob')).toHaveLength(64);
  });

  test('that waited and find another in their place are told as dropped', async () => {
    const { world, admissions, dropped, told, settled } = await setUp();
    const waited = world.sign(transfer('alice', 'bob', 1, { nonce: 1 }));
    admissions.hold([waited]);
    const first = world.sign(transfer('alice', 'bob', 1, { nonce: 0 }));
    const rival = world.sign(transfer('alice', 'carol', 1, { nonce: 1 }));
    await admissions.submit([first, rival].map(({ bytes }) => bytes));
    await settled();
    expect(nonces(world, 'alice')).toEqual([0, 1]);
    expect(dropped.map(({ transaction, error }) => [transaction.key, error.code])).toEqual([
      [waited.key, 'REPLACEMENT_FEE'],
    ]);
    expect(told).toEqual(['waiting']);
  });

  test('that are replaced are told as dropped', async () => {
    const { world, admissions, dropped, settled } = await setUp();
    const first = world.sign(transfer('alice', 'bob', 1));
    admissions.enqueue([first], 1);
    await settled();
    admissions.enqueue([world.sign(transfer('alice', 'carol', 1, { nonce: 0, fee: 5_000 }))], 2);
    await settled();
    expect(dropped.map(({ transaction, error }) => [transaction, error.code])).toEqual([
      [first, 'REPLACEMENT_FEE'],
    ]);
  });
});

describe('transactions of users', () => {
  test('are answered in order, each for itself', async () => {
    const { world, admissions, added, settled } = await setUp();
    const [mined, first, second, poor] = [
      world.sign(transfer('bob', 'alice', 1)),
      world.sign(transfer('alice', 'bob', 1)),
      world.sign(transfer('alice', 'bob', 1, { nonce: 1 })),
      world.sign(transfer('carol', 'bob', 999_999_999)),
    ];
    await world.block({ transactions: [mined!] });
    const results = await admissions.submit([
      first!.bytes,
      Uint8Array.of(1, 2, 3),
      mined!.bytes,
      second!.bytes,
      poor!.bytes,
      first!.bytes,
    ]);
    expect(results.map(statusOf)).toEqual([
      'pending',
      'MALFORMED',
      'mined',
      'pending',
      'OVERSPEND',
      'pending',
    ]);
    expect(results.map(({ id }) => id === null)).toEqual([false, true, false, false, false, false]);
    await settled();
    expect(added.map(([link, all]) => [link, all.map(({ key }) => key)])).toEqual([
      [null, [first!.key, second!.key]],
    ]);
    expect((await admissions.submit([first!.bytes])).map(statusOf)).toEqual(['pending']);
  });

  test('are looked for among those mined only if their nonce is used, and beside the lane', async () => {
    const { world, admissions, lane, settled } = await setUp();
    await world.block({ transactions: [world.sign(transfer('bob', 'alice', 1))] });
    const used = world.sign(transfer('bob', 'alice', 2, { nonce: 0 }));
    const poor = world.sign(transfer('carol', 'bob', 999_999_999));
    const { ids } = world.harness.ledger;
    const asked: string[] = [];
    let answer: () => void = () => undefined;
    ids.find = async (id) => {
      asked.push(toHex(id));
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return { heights: [], complete: true };
    };
    const submitted = admissions.submit([poor.bytes, used.bytes]);
    await vi.waitFor(() => expect(asked).toEqual([used.key]));
    // The lane is free: others are admitted meanwhile.
    await lane.run(async () => undefined);
    answer();
    expect((await submitted).map(statusOf)).toEqual(['OVERSPEND', 'NONCE_USED']);
    await settled();
  });

  test('are announced once on disk, whatever comes of looking for others of the same call', async () => {
    const { world, admissions, lane, added, settled } = await setUp();
    await world.block({ transactions: [world.sign(transfer('bob', 'alice', 1))] });
    const used = world.sign(transfer('bob', 'alice', 2, { nonce: 0 }));
    const good = world.sign(transfer('alice', 'bob', 1));
    const { ids } = world.harness.ledger;
    let fail: () => void = () => undefined;
    const asked = new Promise<void>((isAsked) => {
      ids.find = () =>
        new Promise((_, reject) => {
          fail = () => reject(new Error('a bad disk'));
          isAsked();
        });
    });
    const submitted = admissions.submit([good.bytes, used.bytes]);
    await asked;
    await lane.settled();
    expect(added).toEqual([[null, [good]]]);
    fail();
    await expect(submitted).rejects.toThrow('a bad disk');
    await settled();
    expect(added).toHaveLength(1);
  });

  test('are on disk once answered, also one that a peer had brought', async () => {
    const { world, admissions, settled } = await setUp();
    const [brought, own] = [transfer('alice', 'bob', 1), transfer('bob', 'alice', 1)].map((d) =>
      world.sign(d),
    );
    admissions.enqueue([brought!], 1);
    await settled();
    const { queue, journal } = world.harness.ledger;
    expect(queue.has(brought!.key)).toBe(false);
    await admissions.submit([brought!.bytes, own!.bytes]);
    expect([brought!, own!].map(({ key }) => queue.has(key))).toEqual([true, true]);
    // With it what is told of those that came only now.
    const told: string[] = [];
    await journal.read(({ type, payload }) => {
      if (type === TOLD) told.push(toHex(payload));
    });
    expect(told).toEqual([own!.key]);
    expect((await Queue.open(journal)).takeRestored()).toHaveLength(2);
  });

  test('let what waited for them in', async () => {
    const { world, admissions, settled } = await setUp();
    const [first, second] = [0, 1].map((nonce) => world.sign(transfer('alice', 'bob', 1, { nonce })));
    admissions.enqueue([second!], 1);
    await settled();
    await admissions.submit([first!.bytes]);
    await settled();
    expect(nonces(world, 'alice')).toEqual([0, 1]);
  });

  test('reject when the journal fails, which is told once', async () => {
    const { world, admissions, failures, added } = await setUp();
    const error = new Error('no space');
    world.harness.ledger.journal.add = () => Promise.reject(error);
    await expect(admissions.submit([world.sign(transfer('alice', 'bob', 1)).bytes])).rejects.toBe(error);
    expect([failures, added]).toEqual([[error], []]);
  });
});

describe('after a restart', () => {
  test('what was kept comes back; what is mined or spent is given up; what may pass waits', async () => {
    const before = await PoolWorld.open();
    const [first, second, late, mined] = [
      before.sign(transfer('alice', 'bob', 1)),
      before.sign(transfer('alice', 'bob', 1, { nonce: 1 })),
      before.sign(transfer('bob', 'alice', 1, { nonce: 1 })),
      before.sign(transfer('carol', 'alice', 1)),
    ];
    const other = before.sign(transfer('carol', 'bob', 7));
    await before.harness.ledger.queue.keep([first!, second!, late!, mined!]);
    await before.block({ transactions: [other] });
    await before.harness.restart();

    const { ledger } = before.harness;
    const lane = new Lane(() => {});
    const gone: Dropped[] = [];
    const outcome = {
      added: () => {},
      dropped: (all: readonly Dropped[]) => gone.push(...all),
      checked: () => {},
      unchecked: () => {},
      entriesWith: () => [],
      failed: () => {},
      tell: () => {},
    };
    const admissions = new Admissions(new Admission(ledger, before.pool), lane, {
      ...outcome,
      behind: () => false,
    });
    await admissions.restore();
    await lane.settled();
    expect(nonces(before, 'alice')).toEqual([0, 1]);
    const kept = [first!, second!, late!, mined!].map(({ key }) => ledger.queue.has(key));
    // Carol's nonce went to another; Bob's is still to come.
    expect(kept).toEqual([true, true, true, false]);
    await admissions.submit([before.sign(transfer('bob', 'alice', 3, { nonce: 0 })).bytes]);
    await lane.settled();
    expect([nonces(before, 'bob'), gone]).toEqual([[0, 1], []]);
  });
});
