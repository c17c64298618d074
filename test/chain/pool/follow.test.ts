import { describe, expect, test } from 'vitest';
import { toHex } from '../../../chain/format/bytes.ts';
import type { Transaction } from '../../../chain/format/transaction.ts';
import { memoryOf } from '../../../chain/format/transaction-memory.ts';
import { rateOf } from '../../../chain/pool/fee-rate.ts';
import {
  addressFor,
  claim,
  give,
  put,
  recordFor,
  recover,
  revoke,
  rotate,
  setRecovery,
  transfer,
  transferMany,
  veto,
} from '../actors.ts';
import { type Followed, PoolWorld, ROOMY } from './pool-world.ts';

/** By key: what comes back from a block was decoded anew. */
const told = ({ dropped }: Followed) =>
  dropped.map(({ transaction, error }) => [transaction.key, error.code]);
const keys = (transactions: readonly (Transaction | undefined)[]) => transactions.map((tx) => tx!.key);

describe('what is mined', () => {
  test('leaves, and the rest of its queue stays as it is', async () => {
    const world = await PoolWorld.open();
    await world.offer(transfer('alice', 'bob', 1), transfer('alice', 'bob', 2), transfer('bob', 'alice', 3));
    const [first, second] = world.queue('alice');
    const followed = await world.block({ transactions: [first!] });
    expect(followed).toEqual({ returned: [], early: [], dropped: [] });
    expect([world.queue('alice'), world.queue('bob').length]).toEqual([[second], 1]);
    expect(world.reasonOf(first!)).toBe(undefined);
    await world.check();
  });

  test('with a nonce that waits drops the waiting one, says why, and keeps those behind it', async () => {
    const world = await PoolWorld.open();
    await world.offer(transfer('alice', 'bob', 1), transfer('alice', 'bob', 2));
    const [first, second] = world.queue('alice');
    const other = world.sign(transfer('alice', 'carol', 5, { nonce: 0 }));
    const followed = await world.block({ transactions: [other] });
    expect(told(followed)).toEqual([[first!.key, 'NONCE_USED']]);
    expect(followed.dropped[0]!.error.detail).toContain('another transaction');
    expect([world.queue('alice'), world.reasonOf(first!)]).toEqual([[second], 'NONCE_USED']);
    await world.check();
  });

  test('that takes the money drops what it covered, and what is behind that', async () => {
    const world = await PoolWorld.open();
    await world.offer(...[1, 400_000_000, 1].map((amount) => transfer('alice', 'bob', amount)));
    const [first, second, third] = world.queue('alice');
    const other = world.sign(transfer('alice', 'carol', 900_000_000, { nonce: 0 }));
    const followed = await world.block({ transactions: [other] });
    expect(told(followed)).toEqual([
      [first!.key, 'NONCE_USED'],
      [second!.key, 'OVERSPEND'],
      [third!.key, 'NONCE_GAP'],
    ]);
    await world.check();
  });

  test('from strangers to the pool drops nothing of their receivers', async () => {
    const world = await PoolWorld.open();
    await world.offer(transfer('bob', 'alice', 1));
    const rest = world.queue('bob');
    await world.block({
      transactions: [
        transferMany('carol', [
          ['bob', 5],
          ['alice', 6],
        ]),
      ],
    });
    expect(world.queue('bob')).toEqual(rest);
    await world.check();
  });

  test('a rotation makes what the old key signed drop', async () => {
    const world = await PoolWorld.open();
    const rotation = world.sign(rotate('alice', 'alice 2'));
    const [mine, late] = [0, 1].map((nonce) => world.sign(transfer('alice', 'bob', 1, { nonce })));
    await world.admit(mine!, late!);
    const followed = await world.block({ transactions: [rotation] });
    expect(told(followed)).toEqual([
      [mine!.key, 'WRONG_KEY'],
      [late!.key, 'WRONG_KEY'],
    ]);
    expect(
      await world.offer(transfer('alice', 'bob', 1), transfer('alice', 'bob', 1, { key: 'alice' })),
    ).toEqual([null, 'WRONG_KEY']);
    await world.check();
  });

  test('a rotation out of the pool itself leaves what its new key signed', async () => {
    const world = await PoolWorld.open();
    await world.offer(rotate('alice', 'alice 2'), transfer('alice', 'bob', 1, { key: 'alice 2' }));
    const [rotation, behind] = world.queue('alice');
    await world.block({ transactions: [rotation!] });
    expect(world.queue('alice')).toEqual([behind]);
    await world.check();
  });

  test('a claim drops what the account’s old key has waiting, though another sent it', async () => {
    const world = await PoolWorld.open();
    await world.block({ transactions: [setRecovery('alice', 'bob', 2), recover('bob', 'alice', 'alice 2')] });
    await world.block();
    await world.offer(transfer('alice', 'carol', 1));
    const waiting = world.queue('alice');
    const followed = await world.block({ transactions: [claim('bob', 'alice')] });
    expect(told(followed)).toEqual([[waiting[0]!.key, 'WRONG_KEY']]);
    expect(world.pool.size).toBe(0);
  });

  test('a veto drops the claim that waits, though it touches nobody who sent it', async () => {
    const world = await PoolWorld.open();
    for (let i = 0; i < 3; i++) await world.block();
    await world.block({ transactions: [setRecovery('alice', 'bob', 2), recover('bob', 'alice', 'alice 2')] });
    await world.block();
    expect(await world.offer(claim('bob', 'alice'), transfer('bob', 'carol', 1))).toEqual([null, null]);
    const [waiting, behind] = world.queue('bob');
    expect(told(await world.block({ transactions: [veto('alice', 'alice')] }))).toEqual([
      [waiting!.key, 'NOTHING_PENDING'],
      [behind!.key, 'NONCE_GAP'],
    ]);
  });

  test('nothing at all, and yet a height ends what the old recovery account could do', async () => {
    const world = await PoolWorld.open();
    await world.block({ transactions: [setRecovery('alice', 'bob', 3)] });
    await world.block({ transactions: [setRecovery('alice', 'carol', 3)] });
    await world.block();
    expect(await world.offer(recover('bob', 'alice', 'alice 2'))).toEqual([null]);
    const [waiting] = world.queue('bob');
    expect(told(await world.block())).toEqual([[waiting!.key, 'NOT_RECOVERY']]);
  });

  test('a revocation locks out what is behind it', async () => {
    const world = await PoolWorld.open();
    await world.block({ transactions: [setRecovery('alice', 'bob', 2)] });
    await world.offer(transfer('alice', 'bob', 1));
    const [waiting] = world.queue('alice');
    const followed = await world.block({ transactions: [revoke('alice')] });
    expect(told(followed)).toEqual([[waiting!.key, 'LOCKED']]);
    const behind = await PoolWorld.open();
    await behind.block({ transactions: [setRecovery('alice', 'bob', 2)] });
    await behind.offer(transfer('alice', 'bob', 1), transfer('alice', 'bob', 2));
    const [, second] = behind.queue('alice');
    expect(told(await behind.block({ transactions: [revoke('alice')] }))[1]).toEqual([second!.key, 'LOCKED']);
  });

  test('a record given away drops the old owner’s revisions', async () => {
    const world = await PoolWorld.open();
    const id = recordFor('alice', 'name');
    await world.block({ transactions: [put('alice', 'name')] });
    const gift = world.sign(give('alice', id, 'bob'));
    await world.offer(transfer('alice', 'bob', 1), put('alice', 'name', 'late'));
    const [first, revision] = world.queue('alice');
    const followed = await world.block({ transactions: [gift] });
    expect(told(followed)).toEqual([
      [first!.key, 'NONCE_USED'],
      [revision!.key, 'NOT_OWNER'],
    ]);
    expect(await world.offer(put('bob', 'name', 'now mine', { creator: 'alice' }))).toEqual([null]);
    await world.check();
  });
});

test('a block lets what can’t be mined any more expire', async () => {
  const world = await PoolWorld.open();
  await world.offer(transfer('alice', 'bob', 1, { validUntil: 1 }), transfer('alice', 'bob', 1));
  const [old, behind] = world.queue('alice');
  expect(told(await world.block())).toEqual([
    [old!.key, 'EXPIRED'],
    [behind!.key, 'NONCE_GAP'],
  ]);
  await world.check();
});

test('each expires with its own block, however many heights there are', async () => {
  const world = await PoolWorld.open();
  await world.offer(
    ...[3, 1, 2].map((validUntil, i) => transfer(['alice', 'bob', 'carol'][i]!, 'bob', 1, { validUntil })),
  );
  const expiring = ['bob', 'carol', 'alice'].map((name) => world.queue(name)[0]!.key);
  for (const key of expiring) expect(told(await world.block())).toEqual([[key, 'EXPIRED']]);
  expect(world.pool.size).toBe(0);
});

describe('a reorganisation', () => {
  test('brings the displaced back in order, ready to be mined again', async () => {
    const world = await PoolWorld.open();
    await world.offer(
      ...[1, 2, 3].map((amount) => transfer('alice', 'bob', amount)),
      transfer('bob', 'carol', 1),
    );
    const [first, second, third] = world.queue('alice');
    const [fourth] = world.queue('bob');
    await world.block({ transactions: [first!, fourth!] });
    await world.block({ transactions: [second!] });
    expect(world.pool.size).toBe(1);
    const { returned, dropped } = await world.overtake(0);
    const back = keys(returned);
    expect(new Set(back)).toEqual(new Set(keys([first, second, fourth])));
    expect(back.indexOf(first!.key)).toBeLessThan(back.indexOf(second!.key));
    expect([dropped, keys(world.queue('alice'))]).toEqual([[], keys([first, second, third])]);
    await world.check();
  });

  test('drops what the new branch has otherwise, and tells apart what may be good again', async () => {
    const world = await PoolWorld.open();
    const spent = world.sign(transfer('alice', 'bob', 600_000_000));
    const first = world.sign(transfer('alice', 'bob', 100_000_000));
    const next = world.sign(transfer('alice', 'bob', 700_000_000, { nonce: 1 }));
    const bobs = world.sign(transfer('bob', 'carol', 550_000_000));
    await world.block({ transactions: [first, next, bobs] });
    await world.block({ on: 'genesis', transactions: [spent], miner: 'bob' });
    const followed = await world.block({ on: 'n2', miner: 'bob' });
    expect(told(followed)).toEqual([[first.key, 'NONCE_USED']]);
    // Alice's second no longer has the money; Bob's has: the other branch pays him too.
    expect([keys(followed.early), keys(followed.returned)]).toEqual([[next.key], [bobs.key]]);
    expect(world.pool.size).toBe(1);
    await world.check();
  });

  test('returns nothing that the new branch has mined too', async () => {
    const world = await PoolWorld.open();
    const both = world.sign(transfer('alice', 'bob', 1));
    await world.block({ transactions: [both] });
    await world.block({ on: 'genesis', transactions: [both], miner: 'bob' });
    const { dropped, returned } = await world.block({ on: 'n2', miner: 'bob' });
    expect([dropped, returned, world.pool.size]).toEqual([[], [], 0]);
  });

  test('rechecks keys: what a rotation of the old branch allowed is refused', async () => {
    const world = await PoolWorld.open();
    await world.block({ transactions: [rotate('alice', 'alice 2')] });
    await world.offer(transfer('alice', 'bob', 1));
    const [waiting] = world.queue('alice');
    const { returned } = await world.overtake(0);
    // The rotation is back before it, so it still holds.
    expect(returned.map(({ body }) => body.TAG)).toEqual(['rotate']);
    expect(keys(world.queue('alice'))).toEqual(keys([...returned, waiting]));
    await world.check();
  });

  test('lets nobody down because the floor has risen', async () => {
    const memory = memoryOf((await PoolWorld.open()).sign(transfer('alice', 'bob', 1)));
    const world = await PoolWorld.open({ params: ROOMY, memoryMax: 16 * memory });
    await world.offer(transfer('alice', 'bob', 1, { fee: 400 }));
    const [cheap] = world.queue('alice');
    await world.block({ transactions: [cheap!] });
    for (let i = 0; i < 17; i++) await world.offer(transfer('bob', 'alice', 1, { fee: 5_000 }));
    expect(world.pool.floorRate).toBeGreaterThan(rateOf(cheap!));
    const { returned } = await world.overtake(0);
    expect(keys(returned)).toEqual(keys([cheap]));
    expect(world.queue('bob').length).toBeGreaterThan(10);
    await world.check();
  });

  test('that fills the pool tells of all that it pushed out, once', async () => {
    const memory = memoryOf((await PoolWorld.open()).sign(transfer('alice', 'bob', 1)));
    const world = await PoolWorld.open({ params: ROOMY, memoryMax: 8 * memory });
    const mined = Array.from({ length: 6 }, (_, nonce) => world.sign(transfer('alice', 'bob', 1, { nonce })));
    await world.block({ transactions: mined });
    for (let i = 0; i < 6; i++) await world.offer(transfer('bob', 'alice', 1, { fee: 5_000 }));
    const waiting = world.queue('bob');
    const { returned, early, dropped } = await world.overtake(0);
    const gone = dropped.map(({ transaction }) => transaction.key);
    expect(gone.length).toBeGreaterThan(0);
    expect(new Set(gone).size).toBe(gone.length);
    expect(new Set([...keys(returned), ...keys(early), ...gone])).toEqual(new Set(keys(mined)));
    expect(keys(world.queue('bob'))).toEqual(keys(waiting));
    expect(dropped.map(({ error }) => error.code)).toEqual(gone.map(() => 'POOL_FULL'));
    expect(world.pool.senders().map(toHex).sort()).toEqual(
      ['alice', 'bob'].map((n) => toHex(addressFor(n))).sort(),
    );
    await world.check();
  });
});
