import { expect, test } from 'vitest';
import type { Transaction } from '../../../chain/format/transaction.ts';
import { CheckQueue } from '../../../node/reactor/check-queue.ts';

const some = (count: number): Transaction[] => Array(count).fill({});

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
      const transactions = Array.from({ length: count }, () => ({ nonce: serial++ }) as Transaction);
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
