/** Owns what a seed makes of a world: how many nodes, which faults and adversaries it meets, how slow its parts are. */
import { ADVERSARIES, type AdversaryName } from './adversaries/gang.ts';
import { Random } from './random.ts';

export const FAULTS = [
  'cut',
  'stall',
  'oneway',
  'clog',
  'lag',
  'loss',
  'crash',
  'stop',
  'power',
  'flip',
  'full',
  'churn',
] as const;
export type FaultName = (typeof FAULTS)[number];

export interface Plan {
  /** Nodes from the beginning on. */
  readonly nodes: number;
  /** Of them, how many nobody can dial. */
  readonly hidden: number;
  /** Nodes that may join later. */
  readonly spares: number;
  readonly faults: readonly FaultName[];
  readonly adversaries: readonly AdversaryName[];
  readonly diskLatencyMs: number;
  readonly bytesPerMs: number | null;
  readonly skewMs: number;
  /** Between two faults, and two acts of adversaries, on average. */
  readonly faultMs: number;
  readonly actMs: number;
  /** Hash rates differ. */
  readonly uneven: boolean;
}

/** Adversaries a world has at most, so that the honest ones stay the majority. */
const ADVERSARIES_MAX = 3;

/** Draws a plan; of the faults and adversaries given a seed takes some and leaves out others. `nodes`: so many, at least two. */
export function drawPlan(
  seed: number,
  given: {
    readonly faults?: readonly FaultName[];
    readonly adversaries?: readonly AdversaryName[];
    readonly nodes?: number;
  } = {},
): Plan {
  const random = new Random(seed).fork('plan');
  const faults = random.shuffle(given.faults ?? FAULTS);
  const adversaries = random.shuffle(given.adversaries ?? ADVERSARIES);
  const few = random.between(3, 6);
  const nodes = given.nodes ?? few;
  const drawn = faults.slice(0, random.between(Math.min(2, faults.length), faults.length)).sort();
  return {
    nodes,
    hidden: random.chance(1, 3) ? random.between(1, nodes >> 1) : 0,
    spares: drawn.includes('churn') ? random.between(1, 2) : 0,
    faults: drawn,
    adversaries: adversaries.slice(0, random.below(Math.min(ADVERSARIES_MAX, adversaries.length) + 1)).sort(),
    diskLatencyMs: random.pick([0, 0, 5, 30]),
    bytesPerMs: random.chance(1, 4) ? 50 : null,
    skewMs: random.chance(1, 5) ? 8_000 : 500,
    faultMs: random.pick([8_000, 15_000, 40_000]),
    actMs: random.pick([1_000, 3_000, 8_000]),
    uneven: random.chance(1, 3),
  };
}
