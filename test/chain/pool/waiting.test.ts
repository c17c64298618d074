import { expect, test } from 'vitest';
import { type ErrorCode, RuleError } from '../../../chain/errors.ts';
import type { Transaction } from '../../../chain/format/transaction.ts';
import { mayPass, Waiting } from '../../../chain/pool/waiting.ts';
import { addressFor } from '../actors.ts';

/** As much of a transaction as waiting looks at. */
const waiter = (from: string, nonce: number): Transaction =>
  ({
    key: `${from} ${nonce}`,
    sender: addressFor(from),
    nonce,
    ...shapeOf(170, 1),
  }) as unknown as Transaction;
/** What decides the memory of a transfer. */
const shapeOf = (bytes: number, outputs: number) => ({
  bytes: new Uint8Array(bytes),
  body: { TAG: 'transfer', data: { outputs: Array(outputs).fill({}) } },
});
const names = (transactions: Transaction[]): string[] => transactions.map(({ key }) => key);

test('gives back what waits of the senders asked for, lowest nonce first, once', () => {
  const waiting = new Waiting();
  for (const nonce of [7, 3, 5]) waiting.add(waiter('alice', nonce));
  waiting.add(waiter('bob', 2));
  waiting.add(waiter('bob', 2));
  expect([waiting.size, waiting.has('alice 5'), waiting.has('alice 4')]).toEqual([4, true, false]);
  expect(names(waiting.takeOf([addressFor('carol'), addressFor('alice'), addressFor('alice')]))).toEqual([
    'alice 3',
    'alice 5',
    'alice 7',
  ]);
  expect(names(waiting.takeOf([addressFor('alice'), addressFor('bob')]))).toEqual(['bob 2']);
  expect(waiting.size).toBe(0);
});

test('keeps 64 of a sender and refuses more', () => {
  const waiting = new Waiting();
  for (let nonce = 0; nonce < 70; nonce++) waiting.add(waiter('alice', nonce));
  expect([waiting.size, waiting.has('alice 63'), waiting.has('alice 64')]).toEqual([64, true, false]);
  expect(waiting.takeOf([addressFor('alice')])).toHaveLength(64);
  waiting.add(waiter('alice', 64));
  expect(waiting.size).toBe(1);
});

test('keeps 2,000 in all; the oldest goes', () => {
  const waiting = new Waiting();
  for (let i = 0; i < 2_100; i++) waiting.add(waiter(`sender ${i % 50}`, i));
  expect([waiting.size, waiting.has('sender 49 99'), waiting.has('sender 0 100')]).toEqual([
    2_000,
    false,
    true,
  ]);
});

test('keeps 5 MiB of memory: less of what takes more', () => {
  const waiting = new Waiting();
  for (let i = 0; i < 200; i++) {
    const large = { ...waiter(`sender ${i % 50}`, i), ...shapeOf(7_300, 255) } as unknown as Transaction;
    waiting.add(large);
  }
  expect(waiting.size).toBe(Math.floor((5 * 1024 * 1024) / (1_800 + 7_300 + 255 * 190)));
  expect(waiting.has('sender 49 199')).toBe(true);
  const senders = Array.from({ length: 50 }, (_, i) => addressFor(`sender ${i}`));
  waiting.takeOf(senders);
  for (let i = 0; i < 2_100; i++) waiting.add(waiter(`sender ${i % 50}`, i));
  expect(waiting.size).toBe(2_000);
});

test('tells what others may mend from what nothing will', () => {
  const codes: ErrorCode[] = ['NONCE_GAP', 'OVERSPEND', 'WRONG_KEY', 'NO_ACCOUNT', 'TOO_SOON', 'NOT_OWNER'];
  const final: ErrorCode[] = [
    'NONCE_USED',
    'EXPIRED',
    'FEE_TOO_LOW',
    'BAD_SIGNATURE',
    'POOL_FULL',
    'QUEUE_FULL',
  ];
  const passing = [...codes, ...final].filter((code) => mayPass(new RuleError(code)));
  expect(passing).toEqual(codes);
});
