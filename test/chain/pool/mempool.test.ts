import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RuleError } from '../../../chain/errors.ts';
import { toHex } from '../../../chain/format/bytes.ts';
import type { Transaction } from '../../../chain/format/transaction.ts';
import {
  addressFor,
  type Draft,
  drop,
  give,
  keyNamed,
  keyOf,
  put,
  recordFor,
  rotate,
  transfer,
} from '../actors.ts';
import { hexOf } from '../model/hex.ts';
import { Random } from '../random.ts';
import { PoolWorld } from './pool-world.ts';

const EXPIRED = new RuleError('EXPIRED');

describe('the order for a miner', () => {
  test('is by fee a byte, each sender’s nonces in sequence, equals by arrival', async () => {
    const world = await PoolWorld.open();
    const paid = async (from: string, fee: number): Promise<Transaction> => {
      const tx = world.sign(transfer(from, 'bob', 1, { fee }));
      expect((await world.admit(tx)).codes).toEqual([null]);
      return tx;
    };
    const [a0, a1] = [await paid('alice', 1_000), await paid('alice', 9_000)];
    const [b0, b1] = [await paid('bob', 5_000), await paid('bob', 1_000)];
    const c0 = await paid('carol', 1_000);
    expect([...world.pool.best()]).toEqual([b0, a0, a1, b1, c0]);
  });

  test('counts bytes: a long one must pay more for the same place', async () => {
    const world = await PoolWorld.open();
    await world.offer(
      put('alice', 'name', 'x'.repeat(900), { fee: 4_000 }),
      transfer('bob', 'carol', 1, { fee: 3_000 }),
    );
    expect([...world.pool.best()].map(({ body }) => body.TAG)).toEqual(['transfer', 'put']);
  });

  test('stays that of the moment it was asked for', async () => {
    const world = await PoolWorld.open();
    await world.offer(transfer('alice', 'bob', 1), transfer('alice', 'bob', 2));
    const order = world.pool.best();
    const first = order.next().value!;
    world.pool.drop(first, EXPIRED);
    expect([...order]).toHaveLength(1);
    expect(world.pool.size).toBe(0);
  });
});

describe('dropping', () => {
  test('takes the later ones of the sender with it, with their own reason, and leaves the earlier', async () => {
    const world = await PoolWorld.open();
    await world.offer(
      ...[1, 2, 3].map((amount) => transfer('alice', 'bob', amount)),
      transfer('bob', 'alice', 1),
    );
    const [first, second, third] = world.queue('alice');
    const gone = world.pool.drop(second!, EXPIRED);
    expect(gone.map(({ transaction, error }) => [transaction, error.code])).toEqual([
      [second, 'EXPIRED'],
      [third, 'NONCE_GAP'],
    ]);
    expect(world.queue('alice')).toEqual([first]);
    expect([world.reasonOf(second!), world.reasonOf(third!), world.reasonOf(first!)]).toEqual([
      'EXPIRED',
      'NONCE_GAP',
      undefined,
    ]);
    await world.check();
  });

  test('is forgotten when the transaction comes back', async () => {
    const world = await PoolWorld.open();
    await world.offer(transfer('alice', 'bob', 1));
    const [tx] = world.queue('alice');
    world.pool.drop(tx!, EXPIRED);
    await world.admit(tx!);
    expect(world.reasonOf(tx!)).toBe(undefined);
  });

  test('remembers 10,000 reasons and no more', async () => {
    const world = await PoolWorld.open();
    const made = (i: number): Transaction =>
      ({ key: `made ${i}`, sender: addressFor('alice') }) as Transaction;
    for (let i = 0; i < 10_001; i++) world.pool.drop(made(i), EXPIRED);
    expect([0, 1, 10_000].map((i) => world.reasonOf(made(i)))).toEqual([undefined, 'EXPIRED', 'EXPIRED']);
  });

  test('comes with the height', async () => {
    const world = await PoolWorld.open();
    await world.offer(
      transfer('alice', 'bob', 1, { validUntil: 5 }),
      transfer('alice', 'bob', 1, { validUntil: 4 }),
      transfer('alice', 'bob', 1, { validUntil: 9 }),
      transfer('bob', 'alice', 1, { validUntil: 4 }),
    );
    expect(world.pool.expire(4)).toEqual([]);
    expect(world.pool.expire(5).map(({ error }) => error.code)).toEqual(['EXPIRED', 'NONCE_GAP', 'EXPIRED']);
    expect(world.queue('alice')).toHaveLength(1);
    await world.check();
  });
});

const PEOPLE = ['alice', 'bob', 'carol'];

/** A life of the pool drawn from a seed: offers of every own kind, replacements, mined templates, reorganisations. */
class Life {
  readonly #world: PoolWorld;
  readonly #random: Random;
  readonly #receivers: readonly string[];
  readonly seen = new Map<string, number>();

  constructor(world: PoolWorld, seed: number, receivers: readonly string[]) {
    this.#world = world;
    this.#receivers = receivers;
    this.#random = new Random(seed);
  }

  async step(): Promise<void> {
    const random = this.#random;
    const world = this.#world;
    const deed = random.weighted({ offer: 12, mine: 3, some: 2, rival: 1, reorganise: 1 });
    if (deed === 'offer') {
      const drafts = Array.from({ length: random.between(1, 8) }, () => this.#draft());
      const { codes, dropped } = await world.admit(...this.#sign(drafts));
      for (const code of codes) this.#count(code ?? 'taken');
      for (const { error } of dropped) this.#count(`dropped ${error.code}`);
    } else if (deed === 'mine') {
      const { transactions, header } = await world.template();
      await world.block({ transactions });
      expect(hexOf(world.harness.ledger.tip.header.stateRoot)).toBe(hexOf(header.stateRoot));
    } else if (deed === 'some') {
      const order = [...world.pool.best()];
      await world.block({ transactions: order.slice(0, random.below(order.length + 1)) });
    } else if (deed === 'rival') {
      // Somebody's nonces go to transactions this pool never saw.
      const from = random.pick(PEOPLE);
      await world.block({
        transactions: [world.chain.sign({ ...transfer(from, 'bob', 7), fee: 700 }, world.tipName)],
      });
    } else {
      const { height } = world.harness.ledger.tip;
      if (height > 8) return;
      const { returned } = await world.overtake(Math.max(0, height - random.between(1, 3)));
      this.#count('returned', returned.length);
    }
    this.#count(deed);
    await world.check();
  }

  #count(name: string, by = 1): void {
    this.seen.set(name, (this.seen.get(name) ?? 0) + by);
  }

  #draft(): Draft {
    const random = this.#random;
    const from = random.pick(PEOPLE);
    const fee = random.chance(0.5) ? {} : { fee: random.between(600, 9_000) };
    const to = random.pick(this.#receivers);
    const creator = random.pick(PEOPLE);
    const name = random.pick(['a', 'b']);
    const kind = random.weighted({ transfer: 10, put: 4, give: 2, drop: 2, rotate: 1 });
    if (kind === 'put') return put(from, name, 'x'.repeat(random.below(600)), { ...fee, creator });
    if (kind === 'give') return give(from, recordFor(creator, name), to, fee);
    if (kind === 'drop') return drop(from, recordFor(creator, name), fee);
    if (kind === 'rotate') return rotate(from, `${from}/${random.below(3)}`, fee);
    const amount = random.chance(0.3) ? random.between(1, 400_000_000) : random.between(1, 1_000);
    return transfer(from, to, amount, fee);
  }

  /** With the next nonces and the keys of then, or in place of one that waits. */
  #sign(drafts: Draft[]): Transaction[] {
    const random = this.#random;
    const { chain, pool, tipName } = this.#world;
    const next = new Map<string, { nonce: number; key: string }>();
    return drafts.map((given) => {
      const queue = pool.queueOf(addressFor(given.from));
      const account = chain.get(tipName).state!.accounts.get(hexOf(addressFor(given.from)))!;
      const keyAt = (count: number): string => {
        const rotation = queue
          .slice(0, count)
          .findLast(({ transaction }) => transaction.body.TAG === 'rotate');
        if (rotation === undefined) return (account.authKey && keyNamed(account.authKey)) || given.from;
        return keyOfRotation(rotation.transaction, given.from);
      };
      let { nonce, key } = next.get(given.from) ?? {
        nonce: account.nonce + queue.length,
        key: keyAt(queue.length),
      };
      if (queue.length > 0 && random.chance(0.25)) {
        const place = random.below(queue.length);
        [nonce, key] = [account.nonce + place, keyAt(place)];
      } else {
        next.set(given.from, { nonce: nonce + 1, key });
      }
      return chain.sign({ ...given, nonce, key }, tipName);
    });
  }
}

function keyOfRotation({ body }: Transaction, person: string): string {
  if (body.TAG !== 'rotate') throw new Error('not a rotation');
  const names = [person, ...[0, 1, 2].map((i) => `${person}/${i}`)];
  return names.find((name) => toHex(keyOf(name).publicKey) === toHex(body.data.publicKey))!;
}

describe('a random life', () => {
  test.each([
    ['with room for all', 2 ** 20, false],
    ['in a small pool', 32_000, false],
    // The surcharge of an account that one waiting brings is counted twice by who forgets that it does.
    ['among acquaintances', 2 ** 20, true],
    ['among acquaintances in a small pool', 32_000, true],
  ])('%s keeps queues whole, covered and ready to be mined', async (name, memoryMax, compared) => {
    const receivers = compared ? PEOPLE : [...PEOPLE, 'new', 'newer'];
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const life = new Life(await PoolWorld.open({ memoryMax, compared }), seed, receivers);
        for (let i = 0; i < 40; i++) await life.step();
        for (const [what, count] of life.seen) seen.set(what, (seen.get(what) ?? 0) + count);
      }),
      { numRuns: 8, seed: 1 },
    );
    const wanted = [
      'taken',
      'returned',
      'OVERSPEND',
      'WRONG_KEY',
      'REPLACEMENT_FEE',
      'dropped REPLACEMENT_FEE',
    ];
    if (name.includes('small')) wanted.push('POOL_FULL', 'dropped POOL_FULL');
    expect(wanted.filter((what) => (seen.get(what) ?? 0) < 3)).toEqual([]);
  });
});
