import { expect, it } from 'vitest';
import { HashMeter } from '../../node/hash-meter.ts';

it('says nothing before there is something to go by', () => {
  const meter = new HashMeter(5_000);
  meter.count(50);
  expect(meter.rate(5_020)).toBe(0);
  meter.count(50);
  expect(meter.rate(5_100)).toBe(1_000);
});

it('follows a rate that changes within two seconds, and a short pause hardly shows', () => {
  const meter = new HashMeter(0);
  let now = 0;
  const work = (perSecond: number, ms: number): number => {
    for (const end = now + ms; now < end; ) {
      now += 25;
      meter.count(perSecond / 40);
      meter.rate(now);
    }
    return meter.rate(now);
  };
  expect(work(300, 10_000)).toBe(300);
  now += 20;
  expect(work(300, 25)).toBeGreaterThan(290);
  expect(work(1_200, 2_200)).toBe(1_200);
});
