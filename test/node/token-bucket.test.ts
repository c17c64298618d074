import fc from 'fast-check';
import { expect, it } from 'vitest';
import { TokenBucket } from '../../node/token-bucket.ts';

it('lets through the rate, whatever it is and however wakes fall, as long as none is later than it saves for', () => {
  const waits = fc.array(fc.double({ min: 0.01, max: 200, noNaN: true }), { minLength: 200, maxLength: 400 });
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 1_000_000 }), waits, (rate, drawn) => {
      const bucket = new TokenBucket({ rate, burst: 0, savedMs: 250 }, 0);
      let now = 0;
      let taken = 0;
      for (const wait of drawn) {
        now += wait;
        taken += bucket.take(Number.MAX_SAFE_INTEGER, now);
      }
      expect(Math.abs(taken - (rate * now) / 1000)).toBeLessThanOrEqual(1.01);
    }),
  );
});

it('gives the burst once, at once, and nothing for a long sleep but what it saves', () => {
  const bucket = new TokenBucket({ rate: 100, burst: 5_000, savedMs: 250 }, 0);
  expect(bucket.take(3_000, 0)).toBe(3_000);
  expect(bucket.take(3_000, 0)).toBe(2_000);
  expect(bucket.take(3_000, 0)).toBe(0);
  expect(bucket.waitMs(1)).toBe(10);
  expect(bucket.take(3_000, 8 * 3_600_000)).toBe(25);
  expect(bucket.take(3_000, 7 * 3_600_000)).toBe(0);
});

it('saves up a whole token at the slowest rate', () => {
  const bucket = new TokenBucket({ rate: 1, burst: 0, savedMs: 250 }, 0);
  expect(bucket.take(1, 999)).toBe(0);
  expect(bucket.take(1, 1_000)).toBe(1);
});
