import { expect, test } from 'vitest';
import type { Transaction } from '../../../chain/format/transaction.ts';
import { CheckQueue } from '../../../node/reactor/check-queue.ts';

/** As much of a transfer as the queue looks at. */
const shape = { bytes: new Uint8Array(170), body: { TAG: 'transfer', data: { outputs: [{}] } } };
const some = (count: number): Transaction[] => Array(count).fill(shape);

test('shedding leaves room, so that a flood of single transactions does not have all that waits passed for each', () => {
  const queue = new CheckQueue();
  let passes = 0;
  for (let i = 0; i < 30_000; i++) {
    queue.add({ transactions: some(1), link: i % 7 });
    if (!queue.isOver) continue;
    queue.shed();
    passes++;
    expect(queue.isOver).toBe(false);
  }
  expect(passes).toBeGreaterThan(0);
  expect(passes).toBeLessThan(10);
});

test('what is shed and what is taken are all that came, each sender in order', () => {
  const queue = new CheckQueue();
  const sent = new Map<number | null, Transaction[]>();
  let serial = 0;
  for (const [link, counts] of [
    [1, [9_000, 4_000]],
    [null, [3]],
    [2, [1, 8_000]],
  ] as const)
    for (const count of counts) {
      const transactions = Array.from(
        { length: count },
        () => ({ ...shape, nonce: serial++ }) as unknown as Transaction,
      );
      sent.set(link, [...(sent.get(link) ?? []), ...transactions]);
      queue.add({ transactions, link });
    }
  expect(queue.isOver).toBe(true);
  const shed = queue.shed();
  const taken = [];
  while (queue.size > 0) taken.push(...queue.take(1_000));
  const of = (
    link: number | null,
    from: readonly { transactions: readonly Transaction[]; link: number | null }[],
  ) => from.filter((arrival) => arrival.link === link).flatMap(({ transactions }) => transactions);
  for (const [link, all] of sent) expect([...of(link, taken), ...of(link, shed)]).toEqual(all);
  // Those who have less than their share keep all of it, and leave the rest to the others.
  expect([of(null, shed), of(2, shed)]).toEqual([[], []]);
  expect(of(1, taken)).toHaveLength(18_750 - 3 - 8_001);
});

test('what takes more memory takes more places', () => {
  const queue = new CheckQueue();
  const outputs = Array.from({ length: 255 }, () => ({}));
  const large = { ...shape, bytes: new Uint8Array(7_300), body: { TAG: 'transfer', data: { outputs } } };
  const transactions = Array<Transaction>(800).fill(large as unknown as Transaction);
  queue.add({ transactions, link: 1 });
  expect(queue.isOver).toBe(false);
  queue.add({ transactions, link: 2 });
  expect(queue.isOver).toBe(true);
  queue.add({ transactions: some(3), link: 3 });
  const shed = queue.shed();
  // 23 places each, and half of 18,750 for two.
  expect(shed.map(({ link, transactions: gone }) => [link, gone.length])).toEqual([
    [1, 800 - 407],
    [2, 800 - 407],
  ]);
  expect(queue.isOver).toBe(false);
  expect(queue.size).toBe(2 * 407 + 3);
});
