/**
 * Owns the study of a network that slept, or whose genesis is old: the time nobody mined brings no burst of blocks. The
 * chain's elapsed time takes one half-life of it, so the first targets are at most twice as easy, and tighten from there.
 */
import type { World } from '../world.ts';
import { type Figure, liveWorlds, type Study, type StudyOptions } from './figure.ts';
import { durations, HALF_LIFE_MS, headersTo, mean, percentile, stageWorld, TARGET_MS } from './stage.ts';

const SLEEP_MS = 8 * 3_600_000;
const OLD_MS = 30 * 24 * 3_600_000;
/** Blocks among which a burst is looked for. */
const WINDOW = 50;
/** Time on either side of the sleep: some hundred blocks before, and more than a half-life's worth after. */
const BEFORE_MS = 60 * TARGET_MS;
const BLOCKS_AFTER = 100;
const GENESIS_WORK = 256n;
const NODES = 3;
const SEEDS = 40;
/** Three times the default network's, for comparison. */
const LONG_HALF_LIFE_MS = 60 * TARGET_MS;

/** Who sleeps how. A suspended computer's monotonic clock stands on some systems, and goes on on others. */
export const SLEEPS = {
  'stopped, and started again': { stop: true, leapMs: 0, freezeMs: 0 },
  'suspended, monotonic clocks stand': { stop: false, leapMs: SLEEP_MS, freezeMs: 0 },
  'suspended, monotonic clocks go on': { stop: false, leapMs: 0, freezeMs: SLEEP_MS },
  'genesis 30 days old': null,
} as const;

export type SleepName = keyof typeof SLEEPS;

/** When the blocks after the sleep came, ms since it ended, at first 0. */
export async function sleepOnce(
  options: StudyOptions,
  name: SleepName,
  seed: number,
  { blocksAfter = BLOCKS_AFTER, halfLifeMs = HALF_LIFE_MS } = {},
): Promise<number[]> {
  const kind = SLEEPS[name];
  // Wall clocks are ahead of genesis by this, and by how long the world has lasted.
  let aheadMs = kind === null ? OLD_MS : 0;
  const world = stageWorld('sleep', options, {
    seed,
    nodes: NODES,
    work: GENESIS_WORK,
    halfLifeMs,
    aheadMs: () => aheadMs,
  });
  await world.run(0);
  if (kind !== null) {
    await world.run(BEFORE_MS);
    if (kind.stop) await stopAll(world);
    else if (kind.freezeMs > 0) world.freeze(kind.freezeMs);
    else aheadMs = kind.leapMs;
  }
  const wokeAt = world.params.time + world.now + aheadMs;
  const tip = () => world.nodes[0]!.reactor!.ledger.tip;
  const slept = tip().height;
  await world.until(
    'blocks after the sleep',
    () => tip().height > slept + blocksAfter,
    4 * blocksAfter * TARGET_MS,
    TARGET_MS,
  );
  await world.auditSame();
  const after = headersTo(tip()).filter(({ time }) => time >= wokeAt);
  return [0, ...after.slice(0, blocksAfter).map(({ time }) => time - wokeAt)];
}

async function stopAll(world: World): Promise<void> {
  for (const node of world.nodes) node.stop();
  await world.until('all are down', () => world.nodes.every(({ isUp }) => !isUp), 10_000);
  await world.run(SLEEP_MS);
  for (const node of world.nodes) node.start();
  await world.until('all are up', () => world.up.length === NODES, 10_000);
}

/** Fastest of the windows, as a multiple of the target rate. */
export function fastestWindow(times: readonly number[]): number {
  return rateOf(Math.min(...durations(times, WINDOW)));
}

function rateOf(windowMs: number): number {
  return (WINDOW * TARGET_MS) / windowMs;
}

export const sleep: Study = {
  name: 'sleep',
  about: `${NODES} nodes; all sleep eight hours, or begin with a genesis of 30 days; ${BLOCKS_AFTER} blocks after that`,
  async run(options) {
    const kinds = Object.keys(SLEEPS) as SleepName[];
    const seeds = options.seeds ?? SEEDS;
    const figures: Figure[] = [];
    for (const name of kinds) {
      const worlds = await sleepOften(options, name, seeds, HALF_LIFE_MS);
      figures.push(...describe(name, worlds, ['1.41', '1.79', '0.6'], 2));
    }
    const [stopped] = kinds;
    const worlds = await sleepOften(options, stopped!, seeds, LONG_HALF_LIFE_MS);
    const name = `${stopped}, were a half-life ${LONG_HALF_LIFE_MS / TARGET_MS} blocks`;
    figures.push(...describe(name, worlds, ['1.73', '2.33', '28'], null));
    return figures;
  },
};

async function sleepOften(
  options: StudyOptions,
  name: SleepName,
  seeds: number,
  halfLifeMs: number,
): Promise<number[][]> {
  return liveWorlds(options, seeds, (seed) => sleepOnce(options, name, seed, { halfLifeMs }), `${name}: `);
}

/** The rule's part is the mean over worlds; in a single one, fifty waits for luck may be a seventh longer or shorter. */
function describe(
  name: string,
  worlds: readonly (readonly number[])[],
  [typical, most, more]: readonly [string, string, string],
  atMost: number | null,
): Figure[] {
  const starts = Array.from({ length: BLOCKS_AFTER - WINDOW + 1 }, (_, i) => i);
  const mean50 = starts.map((i) => mean(worlds.map((times) => times[i + WINDOW]! - times[i]!)));
  const single = worlds.map(fastestWindow);
  const over = single.filter((rate) => rate > 2).length;
  const unit = '× target';
  return [
    {
      name: `${name}: rate of the fastest ${WINDOW} blocks, mean of worlds`,
      value: rateOf(Math.min(...mean50)),
      unit,
      expected: typical,
      atMost,
    },
    {
      name: `${name}: the same, 95th percentile of worlds`,
      value: percentile(single, 95),
      unit,
      expected: most,
      atMost,
    },
    {
      name: `${name}: worlds in which it was more than 2`,
      value: (100 * over) / worlds.length,
      unit: '%',
      expected: more,
      atMost: null,
    },
  ];
}
