/** A world of some hundred nodes, by the very code that `npm run sim:scale` measures ten thousand with. */
import { describe, expect, test } from 'vitest';
import { measureScale, type ScaleFigures } from '../../sim/scale/figures.ts';
import { goalsOf } from '../../sim/scale/goals.ts';
import { plotOf } from '../../sim/scale/plot.ts';
import { quantile, Spread } from '../../sim/scale/spread.ts';
import { tableOf } from '../../sim/scale/table.ts';

const OPTIONS = { nodes: 150, seed: 1, blocks: 8, transactions: 16 };
/** Three or four links lead from any of 150 nodes with 8 outbound links each to nearly all others. */
const DELAYS_MAX = 4;

describe('a world of 150 nodes', async () => {
  const world = await measureScale(OPTIONS);
  const delays = (ms: number): number => ms / world.linkDelayMs;

  test('links itself: its diallers find eight nodes each, from a few addresses', () => {
    expect(world.outbound.mean).toBeGreaterThan(7.9);
  });

  test('spreads blocks of known transactions in a link delay a hop', () => {
    expect(world.known.count).toBeGreaterThan(2);
    expect(delays(world.known.p99Ms)).toBeLessThan(DELAYS_MAX);
    expect(delays(world.known.p50Ms)).toBeGreaterThan(1);
  });

  test('spreads transactions, each received by a node once, and told of on its links', () => {
    expect(world.transactions.count).toBeGreaterThan(10);
    // Told, asked and sent: three delays a hop.
    expect(delays(world.transactions.p99Ms)).toBeLessThan(3 * DELAYS_MAX);
    expect(world.transactions.bodies).toBeLessThanOrEqual(1.2);
    expect(world.transactions.bodies).toBeGreaterThan(0.99);
    expect(world.transactions.announcements).toBeGreaterThan(4);
  });

  test('ends on one tip, and keeps what is promised', () => {
    expect(world.agree).toBe(1);
    expect(goalsOf(world).filter(({ met }) => !met)).toEqual([]);
  });

  test('is the same again', async () => {
    expect((await measureScale(OPTIONS)).digest).toBe(world.digest);
  });

  test('is told in a table and drawn in a picture', () => {
    const table = tableOf([world, { ...world, nodes: 10_000 }]).split('\n');
    expect(table[0]).toBe('| nodes | 150 | 10,000 |');
    expect(new Set(table.map((row) => row.split('|').length))).toEqual(new Set([5]));
    const picture = plotOf([world, { ...world, nodes: 10_000 }]);
    expect(picture).toMatch(/^<svg .*<\/svg>\n$/s);
    expect(picture).not.toMatch(/NaN|Infinity|undefined/);
    expect(picture).toContain('>10,000</text>');
  });
});

describe('what is promised of a world', () => {
  const good = { known: { p99Ms: 480 }, linkDelayMs: 80, transactions: { bodies: 1.2 }, agree: 1 };
  const missed = (change: object): string[] =>
    goalsOf({ ...good, ...change } as ScaleFigures)
      .filter(({ met }) => !met)
      .map(({ what }) => what);

  test('is kept at the bounds', () => expect(missed({})).toEqual([]));

  test.each([
    ['a slow block', { known: { p99Ms: 481 } }, 'link delays'],
    ['no block of known transactions', { known: { p99Ms: Number.NaN } }, 'link delays'],
    ['a block that never got to most', { known: { p99Ms: Number.POSITIVE_INFINITY } }, 'link delays'],
    ['duplicates', { transactions: { bodies: 1.21 } }, 'bytes'],
    ['two tips', { agree: 0.9 }, 'best tip'],
  ])('is missed by %s', (_, change, what) => {
    expect(missed(change)).toEqual([expect.stringContaining(what)]);
  });
});

describe('a spread', () => {
  test('counts the nodes that were there, each once', () => {
    const spread = new Spread(1000, Uint8Array.of(1, 0, 1, 1, 1), 4);
    for (const [node, now] of [
      [0, 1000],
      [1, 1001],
      [2, 1010],
      [2, 1020],
      [9, 1030],
      [3, 1040],
    ] as const)
      spread.reached(node, now);
    expect([spread.count, spread.coverage, spread.meanMs]).toEqual([3, 3 / 4, 50 / 3]);
    expect([spread.percentile(25), spread.percentile(50), spread.percentile(75)]).toEqual([0, 10, 40]);
    expect(spread.percentile(99)).toBe(Number.POSITIVE_INFINITY);
    expect([spread.counts(1), spread.counts(2), spread.counts(4), spread.counts(9)]).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  test.each([
    [[], 50, Number.NaN],
    [[3], 50, 3],
    [[4, 1, 3, 2], 50, 2],
    [[4, 1, 3, 2], 99, 4],
  ])('the quantile of %j at %i is %d', (numbers, share, expected) => {
    expect(quantile(numbers, share)).toBe(expected);
  });
});
