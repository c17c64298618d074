import { describe, expect, test, vi } from 'vitest';
import { RuleError } from '../../../chain/errors.ts';
import { memoryOf } from '../../../chain/format/transaction-memory.ts';
import { paysRate, rateOf } from '../../../chain/pool/fee-rate.ts';
import {
  addressFor,
  claim,
  type Draft,
  drop,
  give,
  put,
  recordFor,
  recover,
  revoke,
  rotate,
  setRecovery,
  transfer,
  veto,
} from '../actors.ts';
import { ChainBuilder, TEST_PARAMS } from '../builder.ts';
import { PoolWorld, ROOMY } from './pool-world.ts';

const ALICE = 1_000_000_000;
const TRANSFER = new ChainBuilder().sign(transfer('alice', 'bob', 1), 'genesis');
/** Bytes of a transfer to one, and what it takes in memory. */
const BYTES = TRANSFER.bytes.length;
const MEMORY = memoryOf(TRANSFER);
const FEE = TEST_PARAMS.prices.feePerByte * BYTES;
const SURCHARGE = TEST_PARAMS.prices.accountSurcharge;

describe('a newcomer', () => {
  test('waits behind its sender', async () => {
    const world = await PoolWorld.open();
    expect(await world.offer(transfer('alice', 'bob', 1), transfer('alice', 'bob', 1))).toEqual([null, null]);
    expect(world.queue('alice').map(({ nonce }) => nonce)).toEqual([0, 1]);
    expect(world.pool.queueOf(addressFor('alice'))[0]!.cost).toBe(world.queue('alice')[0]!.fee + 1);
    await world.check();
  });

  test('must follow on', async () => {
    const world = await PoolWorld.open();
    await world.block({ transactions: [transfer('alice', 'bob', 1)] });
    const at = (nonce: number) => transfer('alice', 'bob', 2, { nonce });
    expect(await world.offer(at(0), at(2), at(1), at(3), at(2))).toEqual([
      'NONCE_USED',
      'NONCE_GAP',
      null,
      'NONCE_GAP',
      null,
    ]);
    await world.check();
  });

  test.each([
    ['FEE_TOO_LOW', transfer('alice', 'bob', 1, { fee: 10 })],
    ['EXPIRED', transfer('alice', 'bob', 1, { validUntil: 1 })],
    ['NO_ACCOUNT', transfer('nobody', 'bob', 1)],
    ['WRONG_KEY', transfer('alice', 'bob', 1, { key: 'mallory' })],
    ['BAD_SIGNATURE', transfer('alice', 'bob', 1, { forge: 'signature' })],
    ['BAD_SIGNATURE', transfer('alice', 'bob', 1, { chainId: new Uint8Array(32) })],
    ['BAD_SIGNATURE', rotate('alice', 'alice 2', { forge: 'proof' })],
    ['OVERSPEND', transfer('alice', 'bob', ALICE)],
    ['OVERSPEND', transfer('alice', 'nobody', ALICE - FEE)],
    ['NO_RECORD', drop('alice', recordFor('alice', 'none'))],
    ['NOT_OWNER', put('alice', 'name', 'content', { creator: 'bob' })],
    ['NO_RECOVERY', recover('alice', 'bob', 'bob 2')],
    ['NO_RECOVERY', claim('alice', 'bob')],
    ['NO_RECOVERY', revoke('alice')],
    ['NOTHING_PENDING', veto('alice', 'alice')],
    ['SAME_KEY', rotate('alice', 'alice')],
  ])('is refused for %s, %#', async (code, given) => {
    const world = await PoolWorld.open();
    await world.block();
    expect(await world.offer(given)).toEqual([code]);
    expect([world.pool.size, world.pool.bytes]).toEqual([0, 0]);
  });

  test('that was mined, or is here, is known', async () => {
    const world = await PoolWorld.open();
    const [mined, here] = [transfer('alice', 'bob', 1), transfer('bob', 'alice', 1)].map((d) =>
      world.sign(d),
    );
    await world.block({ transactions: [mined!] });
    expect((await world.admit(mined!, here!, here!)).codes).toEqual(['ALREADY_MINED', null, 'ALREADY_KNOWN']);
    expect((await world.admit(here!)).codes).toEqual(['ALREADY_KNOWN']);
  });

  test('of an account that is locked finds no place', async () => {
    const world = await PoolWorld.open();
    await world.block({ transactions: [setRecovery('alice', 'bob', 3), revoke('alice')] });
    expect(await world.offer(transfer('alice', 'bob', 1))).toEqual(['LOCKED']);
    const behind = await PoolWorld.open();
    await behind.block({ transactions: [setRecovery('alice', 'bob', 3)] });
    expect(await behind.offer(revoke('alice'), transfer('alice', 'bob', 1))).toEqual([null, 'LOCKED']);
    await behind.check();
  });
});

describe('the balance', () => {
  test('covers all that waits, to the last plank', async () => {
    const world = await PoolWorld.open();
    const first = transfer('alice', 'bob', 600_000_000);
    const fee = world.sign(first).fee;
    const left = ALICE - 600_000_000 - 2 * fee;
    expect(
      await world.offer(first, transfer('alice', 'bob', left + 1), transfer('alice', 'bob', left)),
    ).toEqual([null, 'OVERSPEND', null]);
    await world.check();
  });

  test('pays the surcharge of an account once, in one batch, if the first brings it', async () => {
    const world = await PoolWorld.open();
    const first = world.sign(transfer('alice', 'new', 1));
    const second = world.sign(transfer('alice', 'new', ALICE - SURCHARGE - 1 - 2 * first.fee, { nonce: 1 }));
    expect((await world.admit(first, second)).codes).toEqual([null, null]);
    await world.check();
  });

  test('isn’t raised by what others have waiting, nor by money sent to oneself', async () => {
    const world = await PoolWorld.open();
    const given = world.sign(transfer('alice', 'new', 5_000_000));
    const spent = world.sign(transfer('new', 'alice', 1));
    const self = world.sign(transfer('bob', 'bob', 400_000_000));
    const again = world.sign(transfer('bob', 'bob', 400_000_000, { nonce: 1 }));
    expect((await world.admit(given, spent, self, again)).codes).toEqual([
      null,
      'NO_ACCOUNT',
      null,
      'OVERSPEND',
    ]);
    await world.check();
  });
});

describe('behind other kinds', () => {
  test('a record can be revised, given and dropped before it is mined', async () => {
    const world = await PoolWorld.open();
    const id = recordFor('alice', 'name');
    const codes = await world.offer(
      put('alice', 'name', 'one'),
      put('alice', 'name', 'two and more'),
      give('alice', id, 'bob'),
      put('alice', 'name', 'three'),
      put('alice', 'other', 'mine'),
      drop('alice', recordFor('alice', 'other')),
      drop('alice', recordFor('alice', 'other')),
      transfer('alice', 'bob', 5),
    );
    expect(codes).toEqual([null, null, null, 'NOT_OWNER', null, null, 'RECORD_DROPPED', null]);
    expect(await world.offer(put('bob', 'name', 'mine now', { creator: 'alice' }))).toEqual(['NOT_OWNER']);
    await world.check();
  });

  test('a deposit that comes back isn’t spent before it is there', async () => {
    const world = await PoolWorld.open();
    const long = 'x'.repeat(1_000);
    await world.block({ transactions: [put('carol', 'name', long)] });
    await world.offer(drop('carol', recordFor('carol', 'name')));
    const waiting = world.pool.queueOf(addressFor('carol'))[0]!;
    const balance = Number(world.chain.get(world.tipName).state!.accounts.get(hex('carol'))!.balance);
    const fee = world.sign(transfer('carol', 'bob', 1)).fee;
    const left = balance - waiting.cost - fee;
    expect(await world.offer(transfer('carol', 'bob', left + 1), transfer('carol', 'bob', left))).toEqual([
      'OVERSPEND',
      null,
    ]);
    await world.check();
  });

  test('a rotation’s new key signs from then on, in one batch or in many', async () => {
    for (const together of [true, false]) {
      const world = await PoolWorld.open();
      const all = [
        world.sign(rotate('alice', 'alice 2')),
        world.sign(transfer('alice', 'bob', 1, { nonce: 1, key: 'alice' })),
        world.sign(transfer('alice', 'bob', 2, { nonce: 1, key: 'alice 2' })),
        world.sign(transfer('alice', 'bob', 3, { nonce: 2, key: 'mallory' })),
        world.sign(transfer('alice', 'bob', 3, { nonce: 2, key: 'alice 2' })),
      ];
      const expected = [null, 'WRONG_KEY', null, 'WRONG_KEY', null];
      if (together) expect((await world.admit(...all)).codes).toEqual(expected);
      else for (const [i, tx] of all.entries()) expect((await world.admit(tx)).codes).toEqual([expected[i]]);
      await world.check();
    }
  });
});

describe('what was read of a tip', () => {
  /** Reads of the state that an offer takes. */
  const readsFor = async (world: PoolWorld, given: Draft): Promise<number> => {
    const read = vi.spyOn(world.harness.ledger.reader, 'read');
    await world.offer(given);
    const count = read.mock.calls.length;
    read.mockRestore();
    return count;
  };

  test('isn’t read again, until the next', async () => {
    const world = await PoolWorld.open();
    expect(await readsFor(world, transfer('alice', 'bob', 1))).toBe(1);
    expect(await readsFor(world, transfer('alice', 'bob', 2))).toBe(0);
    expect(await readsFor(world, transfer('bob', 'alice', 2))).toBe(0);
    expect(await readsFor(world, transfer('bob', 'carol', 2))).toBe(1);
    await world.block();
    expect(await readsFor(world, transfer('alice', 'bob', 3))).toBe(1);
    await world.check();
  });

  test('goes for what waits now: not for what was dropped since', async () => {
    const world = await PoolWorld.open();
    const most = transfer('alice', 'bob', 900_000_000);
    await world.offer(transfer('alice', 'bob', 1), most);
    expect(await world.offer(most)).toEqual(['OVERSPEND']);
    world.pool.drop(world.queue('alice')[1]!, new RuleError('EXPIRED'));
    expect(await world.offer(most)).toEqual([null]);
    world.pool.drop(world.queue('alice')[0]!, new RuleError('EXPIRED'));
    expect(await world.offer(most, most)).toEqual([null, 'OVERSPEND']);
    await world.check();
  });

  test('is forgotten with the tip it was on', async () => {
    const world = await PoolWorld.open();
    await world.offer(transfer('alice', 'bob', 1));
    expect(world.admission.held).toBeGreaterThan(0);
    await world.block();
    expect(world.admission.held).toBe(0);
  });

  test('is forgotten when it is more than 10,000 entries', async () => {
    const world = await PoolWorld.open();
    await world.offer(transfer('alice', 'bob', 1));
    for (let i = 0; i < 20; i++) {
      expect(await readsFor(world, transfer('alice', 'bob', 1))).toBe(0);
      // Each receiver is read, and looked at before the sum is too much.
      const outputs = Array.from({ length: 255 }, (_, k) => {
        return { to: new Uint8Array(20).fill(i, 0, 10).fill(k, 10), amount: 4_000_000 };
      });
      const body = { TAG: 'transfer', data: { outputs, memo: new Uint8Array(0) } } as const;
      expect(await world.offer({ from: 'carol', body: () => body })).toEqual(['OVERSPEND']);
      // Not even until the next comes, which may be long.
      expect(world.admission.held).toBeLessThanOrEqual(10_000);
    }
    expect(await readsFor(world, transfer('alice', 'bob', 1))).toBe(1);
  });
});

describe('a replacement', () => {
  /** Fees in per cent of the first one's, at the same size. */
  const replace = async (fee: number, by: number): Promise<unknown> => {
    const world = await PoolWorld.open();
    await world.offer(transfer('alice', 'bob', 1, { fee }));
    return (await world.offer(transfer('alice', 'carol', 1, { fee: by, nonce: 0 })))[0];
  };

  test('must pay 10 % more, exactly', async () => {
    expect(await replace(1_000, 1_099)).toBe('REPLACEMENT_FEE');
    expect(await replace(1_000, 1_100)).toBe(null);
    expect(await replace(1_001, 1_101)).toBe('REPLACEMENT_FEE');
    expect(await replace(1_001, 1_102)).toBe(null);
    for (let fee = 500; fee < 520; fee++) {
      const enough = Math.ceil((fee * 110) / 100);
      expect([fee, await replace(fee, enough), await replace(fee, enough - 1)]).toEqual([
        fee,
        null,
        'REPLACEMENT_FEE',
      ]);
    }
  });

  test('may come with what it replaces, behind what waited on an earlier tip', async () => {
    const world = await PoolWorld.open();
    await world.offer(transfer('alice', 'bob', 1));
    await world.block();
    // Whom the first one pays is needed to try it again, and nothing else of the batch names that account.
    const [first, second] = [1_000, 2_000].map((fee) =>
      world.sign(transfer('alice', 'carol', 1, { fee, nonce: 1 })),
    );
    expect((await world.admit(first!, second!)).codes).toEqual(['REPLACEMENT_FEE', null]);
    expect(world.queue('alice')[1]).toBe(second);
    await world.check();
  });

  test('that is smaller must pay more in all as well', async () => {
    const world = await PoolWorld.open();
    const long = world.sign(put('alice', 'name', 'x'.repeat(800), { fee: 3_000 }));
    await world.admit(long);
    const short = (fee: number) => transfer('alice', 'bob', 1, { fee, nonce: 0 });
    expect(await world.offer(short(3_000), short(3_001))).toEqual(['REPLACEMENT_FEE', null]);
    expect(world.reasonOf(long)).toBe('REPLACEMENT_FEE');
  });

  test('takes the place of the one it replaces, which is named as dropped', async () => {
    const world = await PoolWorld.open();
    await world.offer(transfer('alice', 'bob', 1), transfer('alice', 'bob', 2), transfer('alice', 'bob', 3));
    const [first, second, third] = world.queue('alice');
    const instead = world.sign(transfer('alice', 'carol', 9, { nonce: 1, fee: 1_000 }));
    const { codes, dropped } = await world.admit(instead);
    expect(codes).toEqual([null]);
    expect(dropped.map(({ transaction, error }) => [transaction, error.code])).toEqual([
      [second, 'REPLACEMENT_FEE'],
    ]);
    expect(world.queue('alice')).toEqual([first, instead, third]);
    await world.check();
  });

  test('by the wrong key changes nothing', async () => {
    const world = await PoolWorld.open();
    await world.offer(transfer('alice', 'bob', 1), rotate('alice', 'alice 2'));
    const before = world.queue('alice');
    const forged = (key: string, nonce: number) =>
      transfer('alice', 'mallory', 1, { key, nonce, fee: 100_000 });
    expect(
      await world.offer(forged('mallory', 0), forged('mallory', 1), forged('alice 2', 0), forged('alice', 2)),
    ).toEqual(['WRONG_KEY', 'WRONG_KEY', 'WRONG_KEY', 'WRONG_KEY']);
    expect(world.queue('alice')).toEqual(before);
  });

  test('can’t spend what is promised to those behind it', async () => {
    const world = await PoolWorld.open();
    await world.offer(transfer('alice', 'bob', 1), transfer('alice', 'bob', 900_000_000));
    const more = (amount: number) => transfer('alice', 'bob', amount, { nonce: 0, fee: 1_000 });
    expect(await world.offer(more(200_000_000), more(90_000_000))).toEqual(['OVERSPEND', null]);
    await world.check();
  });

  test('pays its deposit anew: the one it replaces never was', async () => {
    const world = await PoolWorld.open();
    const fee = 20_000;
    const long = 'x'.repeat(900);
    await world.offer(put('alice', 'name', long));
    const { cost, transaction } = world.pool.queueOf(addressFor('alice'))[0]!;
    await world.offer(put('alice', 'name', `${long}y`, { nonce: 0, fee }));
    const instead = world.pool.queueOf(addressFor('alice'))[0]!;
    expect(instead.cost).toBe(cost - transaction.fee + TEST_PARAMS.prices.depositPerByte + fee);
    await world.check();
  });

  test('makes those behind it pay for what it no longer brings', async () => {
    const world = await PoolWorld.open();
    const pays = world.sign(transfer('alice', 'new', 1));
    const rests = world.sign(transfer('alice', 'new', 1, { nonce: 1 }));
    await world.admit(pays, rests);
    const costs = () => world.pool.queueOf(addressFor('alice')).map(({ cost }) => cost);
    expect(costs()[1]).toBe(rests.fee + 1);
    await world.offer(transfer('alice', 'bob', 1, { nonce: 0, fee: 1_000 }));
    expect(costs()).toEqual([1_001, rests.fee + 1 + SURCHARGE]);
    await world.check();
  });

  test('that would break one behind it is refused with that one’s fault', async () => {
    const world = await PoolWorld.open();
    await world.offer(put('alice', 'name'), drop('alice', recordFor('alice', 'name')));
    const before = world.queue('alice');
    expect(await world.offer(transfer('alice', 'bob', 1, { nonce: 0, fee: 10_000 }))).toEqual(['NO_RECORD']);
    expect(world.queue('alice')).toEqual(before);
    await world.check();
  });

  test('may come in the batch of what it replaces', async () => {
    const world = await PoolWorld.open();
    const [first, behind] = [transfer('alice', 'bob', 1), transfer('alice', 'bob', 1, { nonce: 1 })].map(
      (d) => world.sign(d),
    );
    const instead = world.sign(put('alice', 'name', 'content', { fee: 5_000 }));
    const { codes, dropped } = await world.admit(first!, behind!, instead);
    // The first was never in the pool for anyone else, so its fault says it all.
    expect([codes, dropped]).toEqual([['REPLACEMENT_FEE', null, null], []]);
    expect(world.queue('alice')).toEqual([instead, behind]);
    await world.check();
  });
});

describe('a full pool', () => {
  const small = async () => PoolWorld.open({ params: ROOMY, memoryMax: 16 * MEMORY });

  test('lets the cheapest ends of queues go, never a middle, and raises its floor above them', async () => {
    const world = await small();
    for (let i = 0; i < 8; i++) await world.offer(transfer('alice', 'bob', 1, { fee: 1_000 + i }));
    for (let i = 0; i < 8; i++) await world.offer(transfer('bob', 'alice', 1, { fee: 2_000 - i }));
    await world.check();
    const sizes = [world.queue('alice').length, world.queue('bob').length];
    const minimum = world.pool.floorRate;
    const { codes, dropped } = await world.admit(world.sign(transfer('carol', 'bob', 1, { fee: 3_000 })));
    expect(codes).toEqual([null]);
    expect(dropped.length).toBeGreaterThan(0);
    expect(dropped.map(({ error }) => error.code)).toEqual(dropped.map(() => 'POOL_FULL'));
    // Hers are the ends that pay least.
    expect(world.queue('alice')).toHaveLength(sizes[0]! - dropped.length);
    expect(world.queue('bob')).toHaveLength(sizes[1]!);
    expect(world.pool.floorRate).toBeGreaterThan(minimum);
    expect(await world.offer(transfer('carol', 'bob', 1, { fee: 1_000 }))).toEqual(['POOL_FULL']);
    await world.check();
  });

  test('has a floor that blocks bring down to the minimum', async () => {
    const world = await small();
    const minimum = world.pool.floorRate;
    for (let i = 0; i < 17; i++) await world.offer(transfer('alice', 'bob', 1, { fee: 1_000 }));
    let floor = world.pool.floorRate;
    expect(floor).toBeGreaterThan(minimum);
    for (let i = 0; i < 80; i++) {
      world.pool.expire(1);
      expect(world.pool.floorRate).toBeLessThanOrEqual(floor);
      floor = world.pool.floorRate;
    }
    expect(floor).toBe(minimum);
    expect(await world.offer(transfer('carol', 'bob', 1))).toEqual([null]);
  });

  test('says of a newcomer that pays least that it isn’t taken, and lets nobody wait behind it', async () => {
    const world = await small();
    for (let i = 0; i < 15; i++) await world.offer(transfer('alice', 'bob', 1, { fee: 5_000 }));
    const cheap = [0, 1, 2].map((nonce) => world.sign(transfer('bob', 'alice', 1, { nonce, fee: 400 })));
    const dear = world.sign(transfer('bob', 'alice', 1, { nonce: 3, fee: 9_000 }));
    const { codes, dropped } = await world.admit(...cheap, dear);
    expect(codes.slice(0, 3)).toContain('POOL_FULL');
    expect(codes[3]).not.toBe(null);
    expect(codes.map((code) => code === null)).toEqual(
      [...cheap, dear].map(({ key }) => world.pool.has(key)),
    );
    expect(dropped.every(({ transaction }) => !cheap.includes(transaction))).toBe(true);
    await world.check();
  });

  test('lets the cheapest go and raises its floor where rates pass 2^53', async () => {
    const feePerByte = 2 ** 40;
    const params = { ...ROOMY, prices: { ...ROOMY.prices, feePerByte } };
    const world = await PoolWorld.open({ params, memoryMax: 4 * MEMORY });
    const offers = ['alice', 'bob', 'carol', 'dave', 'erin'].map((name, i) => {
      // All but one plank the same.
      const fee = feePerByte * BYTES + i;
      return world.sign(transfer(name, 'bob', 1, { fee }));
    });
    for (const tx of offers) world.pool.add(tx, [tx.fee]);
    expect([...world.pool.best()]).toEqual(offers.slice(2).reverse());
    const { floorRate } = world.pool;
    expect(floorRate).toBe(rateOf(offers[1]!) + 1n);
    expect(paysRate(offers[1]!, floorRate)).toBe(false);
    world.pool.expire(1);
    expect(world.pool.floorRate).toBeLessThan(floorRate);
  });

  test('keeps 256 of a sender', { timeout: 20_000 }, async () => {
    const world = await PoolWorld.open();
    const many = Array.from({ length: 258 }, (_, nonce) =>
      world.sign(transfer('alice', 'bob', 1, { nonce })),
    );
    const { codes } = await world.admit(...many);
    expect(codes).toEqual(many.map((_, i) => (i < 256 ? null : 'QUEUE_FULL')));
    expect(await world.offer(transfer('alice', 'bob', 1, { nonce: 100, fee: 1_000 }))).toEqual([null]);
    expect(world.queue('alice')).toHaveLength(256);
    await world.check();
  });
});

const hex = (name: string): string =>
  [...addressFor(name)].map((b) => b.toString(16).padStart(2, '0')).join('');
