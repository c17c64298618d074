import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  asert,
  bitsOf,
  type DifficultyParams,
  nextBits,
  nextElapsed,
  targetBytesOf,
  targetOf,
  workOf,
} from '../../../chain/consensus/difficulty.ts';
import { RuleError } from '../../../chain/errors.ts';
import { toBigInt } from '../../../chain/format/bytes.ts';

const VECTORS = new URL('./vectors/aserti3-2d/', import.meta.url);

/** Test vectors of the Bitcoin Cash specification (aserti3-2d), in the form they were published in (3,000 rows). */
const PUBLISHED = ['run01', 'run02', 'run03', 'run04', 'run05', 'run06', 'run07', 'run08', 'run09', 'run10'];

const codeOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    if (error instanceof RuleError) return error.code;
    throw error;
  }
  return 'accepted';
};

describe('compact bits', () => {
  it.each([
    [0x01010000, 1n],
    [0x017f0000, 0x7fn],
    [0x02008000, 0x80n],
    [0x0200ff00, 0xffn],
    [0x03123456, 0x123456n],
    [0x1d00ffff, 0xffffn << 208n],
    [0x1802aee8, 0x02aee8n << 168n],
    [0x207fffff, 0x7fffffn << 232n],
    [0x2100ffff, 0xffffn << 240n],
  ])('%s stand for their target, and back', (bits, target) => {
    expect(targetOf(bits)).toBe(target);
    expect(toBigInt(targetBytesOf(bits))).toBe(target);
    expect(bitsOf(target)).toBe(bits);
  });

  it.each([
    ['zero', [0, 0x01000000, 0x1d000000, 0x00123456, 0x01003456, 0x00000001]],
    ['negative', [0x01fe0000, 0x04923456, 0x1d80ffff]],
    ['over 2^256-1', [0x21010000, 0x2200ff00, 0x22010000, 0xff123456, 0xff7fffff]],
    ['not canonical', [0x01123456, 0x02000100, 0x04000001, 0x1d007fff, 0x1d000001, 0x220000ff, 0x02008001]],
    ['no 32-bit number', [-1, 1.5, 2 ** 32, Number.NaN, Number.POSITIVE_INFINITY]],
  ])('that are %s are refused', (_, list) => {
    for (const bits of list)
      expect(
        codeOf(() => targetOf(bits)),
        bits.toString(16),
      ).toBe('BAD_BITS');
  });

  it('have one form a target, which is at most the target and loses less than 2^-15 of it', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n, max: 2n ** 256n - 1n }),
        fc.integer({ min: 0, max: 255 }),
        (wide, shift) => {
          const target = wide >> BigInt(shift) || 1n;
          const kept = targetOf(bitsOf(target));
          expect(kept <= target && (target - kept) * 2n ** 15n <= target).toBe(true);
          expect(bitsOf(kept)).toBe(bitsOf(target));
        },
      ),
    );
  });

  it('are taken exactly when they are what some target gives', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 0x22 }),
        fc.integer({ min: 0, max: 0xffffff }),
        (size, mantissa) => {
          const bits = size * 2 ** 24 + mantissa;
          if (codeOf(() => targetOf(bits)) === 'accepted') expect(bitsOf(targetOf(bits))).toBe(bits);
        },
      ),
    );
  });

  it('give the work of the hashes a block takes on average', () => {
    expect(workOf(0x1d00ffff)).toBe(0x100010001n); // as on Bitcoin's first block
    expect(workOf(0x207fffff)).toBe(2n);
    expect(workOf(0x2100ffff)).toBe(1n);
    expect(workOf(0x01010000)).toBe(2n ** 255n);
  });
});

/** One published file: its parameters, and a row a block. Heights go beyond 2^53, so they are bigints. */
function readRun(name: string) {
  const lines = readFileSync(new URL(name, VECTORS), 'utf8').trim().split('\n');
  const header = (field: string): string =>
    lines.find((line) => line.startsWith(`##   ${field}: `))!.split(': ')[1]!;
  const rows = lines.filter((line) => !line.startsWith('#')).map((line) => line.split(' '));
  return {
    anchorHeight: BigInt(header('anchor height')),
    anchorParentTime: Number(header('anchor ancestor time')),
    anchorBits: Number(header('anchor nBits')),
    iterations: Number(header('iterations')),
    rows: rows.map(([, height, time, bits]) => ({
      height: BigInt(height!),
      time: Number(time),
      bits: Number(bits),
    })),
  };
}

describe('ASERT', () => {
  it('has its published vectors', () => {
    expect(readdirSync(VECTORS).sort()).toEqual(PUBLISHED);
  });

  it.each(PUBLISHED)('gives aserti3-2d %s', (name) => {
    const run = readRun(name);
    expect(run.rows).toHaveLength(run.iterations);
    for (const { height, time, bits } of run.rows) {
      const found = asert({
        anchorBits: run.anchorBits,
        targetMs: 600, // Seconds, as the vectors have it: only the ratios of times matter.
        halfLifeMs: 2 * 24 * 3600,
        floorBits: 0x1d00ffff,
        timeDelta: time - run.anchorParentTime,
        heightDelta: Number(height - run.anchorHeight),
      });
      expect(found.toString(16), `height ${height}`).toBe(bits.toString(16));
    }
  });

  it('stays within its limits, at little cost, however far off the schedule', () => {
    const input = {
      anchorBits: 0x1d00ffff,
      targetMs: 1,
      halfLifeMs: 1,
      floorBits: 0x207fffff,
      heightDelta: 0,
    };
    for (const late of [300, 2 ** 40, Number.MAX_SAFE_INTEGER]) {
      expect(asert({ ...input, timeDelta: late })).toBe(0x207fffff);
      expect(asert({ ...input, timeDelta: -late })).toBe(0x01010000);
    }
    expect(asert({ ...input, anchorBits: 0x2100ffff, timeDelta: 1 })).toBe(0x207fffff);
  });
});

/** Times are ms. The first is a fast testnet, the last Bitcoin Cash. */
const NETWORKS: DifficultyParams[] = [
  { genesisBits: 0x1f00ffff, targetMs: 2_000, halfLifeMs: 120_000, floorBits: 0x207fffff },
  { genesisBits: 0x1e0fffff, targetMs: 10_000, halfLifeMs: 3_600_000, floorBits: 0x207fffff },
  { genesisBits: 0x1802aee8, targetMs: 600_000, halfLifeMs: 172_800_000, floorBits: 0x1d00ffff },
];

interface Tip {
  height: number;
  time: number;
  elapsed: number;
}

const GENESIS: Tip = { height: 0, time: 1_700_000_000_000, elapsed: 0 };

/** The block after `tip`, `gap` ms later. */
const grow = (params: DifficultyParams, tip: Tip, gap: number): Tip => ({
  height: tip.height + 1,
  time: tip.time + gap,
  elapsed: nextElapsed(params, tip, tip.time + gap),
});

/** Expected ms to find the next block at `hashesPerMs`, at least 1. */
const spacing = (bits: number, hashesPerMs: number): number =>
  Math.max(1, Number(workOf(bits)) / hashesPerMs);
const wholeMs = (ms: number): number => Math.max(1, Math.round(ms));

describe("the ledger's difficulty", () => {
  it.each(NETWORKS)('keeps the genesis bits for a chain on schedule', (params) => {
    let tip = GENESIS;
    for (let i = 0; i < 50; i++) {
      expect(nextBits(params, tip)).toBe(params.genesisBits);
      tip = grow(params, tip, params.targetMs);
    }
  });

  it.each(NETWORKS)(
    'doubles the target for each half-life behind, and halves it for each ahead',
    (params) => {
      const target = targetOf(params.genesisBits);
      const height = 10 * Math.round(params.halfLifeMs / params.targetMs);
      const at = (halfLives: number) =>
        targetOf(
          nextBits(params, { height, elapsed: height * params.targetMs + halfLives * params.halfLifeMs }),
        );
      expect(at(1)).toBe(targetOf(bitsOf(target * 2n)));
      expect(at(-1)).toBe(targetOf(bitsOf(target / 2n)));
      expect(at(-3)).toBe(targetOf(bitsOf(target / 8n)));
    },
  );

  it('eases by at most 2 a block, whatever the times of the blocks', () => {
    const network = fc.constantFrom(...NETWORKS);
    const gaps = fc.array(
      fc.oneof(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: 2 ** 41 })),
      {
        minLength: 1,
        maxLength: 60,
      },
    );
    fc.assert(
      fc.property(network, gaps, (params, list) => {
        let tip = GENESIS;
        let before = targetOf(nextBits(params, tip));
        for (const gap of list) {
          tip = grow(params, tip, gap);
          const after = targetOf(nextBits(params, tip));
          expect(after <= 2n * before).toBe(true);
          before = after;
        }
      }),
    );
  });

  it.each(NETWORKS)(
    'recovers from the loss of 99 % of the hash rate, easing by at most 2 a block',
    (params) => {
      const hashesPerMs = Number(workOf(params.genesisBits)) / params.targetMs;
      let tip = GENESIS;
      for (let i = 0; i < 100; i++)
        tip = grow(params, tip, wholeMs(spacing(nextBits(params, tip), hashesPerMs)));
      let bits = nextBits(params, tip);
      let blocks = 0;
      for (; spacing(bits, hashesPerMs / 100) > 1.5 * params.targetMs; blocks++) {
        tip = grow(params, tip, wholeMs(spacing(bits, hashesPerMs / 100)));
        const eased = nextBits(params, tip);
        expect(targetOf(eased) <= 2n * targetOf(bits)).toBe(true);
        expect(targetOf(eased) >= targetOf(bits)).toBe(true);
        bits = eased;
        expect(blocks).toBeLessThan(2_000);
      }
      // Easing by 100 takes log2(100) = 6.6 blocks at the very least.
      expect(blocks).toBeGreaterThanOrEqual(6);
    },
  );

  it('lets a network that slept eight hours wake without a burst of blocks', () => {
    const params = NETWORKS[0]!;
    const hashesPerMs = Number(workOf(params.genesisBits)) / params.targetMs;
    const mine = (from: Tip, untilMs: number, step: (tip: Tip, gap: number) => Tip): Tip => {
      let tip = from;
      while (tip.time < untilMs) tip = step(tip, wholeMs(spacing(nextBits(params, tip), hashesPerMs)));
      return tip;
    };
    const asleep = 8 * 3_600_000;
    const awake = 240_000;
    const blocksAfterSleep = (step: (tip: Tip, gap: number) => Tip): number => {
      const steady = mine(GENESIS, GENESIS.time + 600_000, step);
      const woken = step(steady, asleep);
      return mine(woken, woken.time + awake, step).height - woken.height;
    };
    const onSchedule = awake / params.targetMs;
    const capped = blocksAfterSleep((tip, gap) => grow(params, tip, gap));
    // The half-life that counts is made up for, so a few more than the schedule has, and never twice as many.
    expect(capped).toBeGreaterThan(onSchedule);
    expect(capped).toBeLessThan(2 * onSchedule);
    // The same with all the time counting: what the cap is there to prevent.
    const uncapped = blocksAfterSleep((tip, gap) => ({
      height: tip.height + 1,
      time: tip.time + gap,
      elapsed: tip.elapsed + gap,
    }));
    expect(uncapped).toBeGreaterThan(50 * onSchedule);
  });

  it("is never eased by a block's own time, only by its parent's", () => {
    const params = NETWORKS[0]!;
    const parent = grow(params, GENESIS, 2_000);
    const [prompt, late] = [grow(params, parent, 1), grow(params, parent, 60_000)];
    // A header's bits are those its parent gives: both siblings carry these, and only their children differ.
    const header = (own: Tip) => ({ ...own, bits: nextBits(params, parent) });
    expect(header(late).bits).toBe(header(prompt).bits);
    expect(targetOf(nextBits(params, late)) > targetOf(nextBits(params, prompt))).toBe(true);
  });

  it('counts at most one half-life a block, and no time at all that runs backwards', () => {
    const params = { halfLifeMs: 1_000 };
    const parent = { time: 5_000, elapsed: 300 };
    expect(nextElapsed(params, parent, 5_001)).toBe(301);
    expect(nextElapsed(params, parent, 6_000)).toBe(1_300);
    expect(nextElapsed(params, parent, 6_001)).toBe(1_300);
    expect(nextElapsed(params, parent, Number.MAX_SAFE_INTEGER)).toBe(1_300);
    expect(codeOf(() => nextElapsed(params, parent, 5_000))).toBe('TIME_TOO_OLD');
    expect(codeOf(() => nextElapsed(params, parent, 0))).toBe('TIME_TOO_OLD');
    expect(codeOf(() => nextElapsed(params, parent, Number.NaN))).toBe('TIME_TOO_OLD');
  });
});
