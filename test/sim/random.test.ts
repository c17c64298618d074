/** The draws of a world. */
import { describe, expect, test } from 'vitest';
import { Random } from '../../sim/random.ts';

const draws = (random: Random, count: number): number[] => Array.from({ length: count }, () => random.next());

describe('draws', () => {
  test('are those of their seed', () => {
    expect(draws(new Random(7), 100)).toEqual(draws(new Random(7), 100));
    expect(draws(new Random(7), 4)).not.toEqual(draws(new Random(8), 4));
  });

  test('of a fork hang on its name, not on what was drawn before', () => {
    const random = new Random(7);
    const early = draws(random.fork('a'), 10);
    draws(random, 5);
    expect(draws(random.fork('a'), 10)).toEqual(early);
    expect(draws(random.fork('b'), 10)).not.toEqual(early);
    expect(draws(new Random(8).fork('a'), 10)).not.toEqual(early);
  });

  test('are even', () => {
    const counts = new Array<number>(16).fill(0);
    const random = new Random(1);
    for (let i = 0; i < 16_000; i++) counts[random.below(16)]! += 1;
    // Six standard deviations of a bin.
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(184);
  });

  test('stay in their range, ends included', () => {
    const random = new Random(2);
    const seen = new Set(Array.from({ length: 1_000 }, () => random.between(-1, 2)));
    expect([...seen].sort((a, b) => a - b)).toEqual([-1, 0, 1, 2]);
    expect(random.shuffle([1, 2, 3, 4, 5]).sort()).toEqual([1, 2, 3, 4, 5]);
  });

  test('of waits are exponential: the mean, and the shares beyond one, two and four means', () => {
    const random = new Random(3);
    const waits = Array.from({ length: 50_000 }, () => random.exponential(10_000));
    const share = (least: number): number => waits.filter((wait) => wait > least).length / waits.length;
    expect(waits.reduce((sum, wait) => sum + wait, 0) / waits.length).toBeCloseTo(10_000, -3);
    expect(share(10_000)).toBeCloseTo(Math.exp(-1), 2);
    expect(share(20_000)).toBeCloseTo(Math.exp(-2), 2);
    expect(share(40_000)).toBeCloseTo(Math.exp(-4), 2);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(1);
  });
});
