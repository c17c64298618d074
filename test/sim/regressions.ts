/**
 * Owns the worlds that found bugs: each a seed with what was drawn for it then, so that what is added to the draws later
 * leaves it alone. The bank of faults puts each bug back, and its world must still find it.
 */
import { Life } from '../../sim/life.ts';
import type { Plan } from '../../sim/plan.ts';
import type { World } from '../../sim/world.ts';
import type { WorldOptions } from '../../sim/world-options.ts';

export interface Regression {
  readonly found: string;
  readonly seed: number;
  readonly minutes: number;
  readonly plan: Plan;
}

/** As most of these worlds were; what else there was is said with each. */
const PLAIN: Plan = {
  nodes: 4,
  hidden: 0,
  spares: 0,
  faults: [],
  adversaries: [],
  diskLatencyMs: 0,
  bytesPerMs: null,
  skewMs: 500,
  faultMs: 8_000,
  actMs: 1_000,
  uneven: false,
};

export const REGRESSIONS: readonly Regression[] = [
  {
    found: 'what a reorganisation displaced, and another then took the place of, was given up without a word',
    seed: 9,
    minutes: 2,
    plan: { ...PLAIN, nodes: 3, faults: ['cut', 'stall'], actMs: 2_000 },
  },
  {
    found: 'the mempool kept a step of a recovery that the account it was about had stopped',
    seed: 20,
    minutes: 4,
    plan: { ...PLAIN, nodes: 3 },
  },
  {
    found: 'a store whose version could not be read was taken for a new one, and rebuilt without a word',
    seed: 0,
    minutes: 3,
    plan: { ...PLAIN, nodes: 3, faults: ['flip'], faultMs: 3_000, actMs: 8_000 },
  },
  {
    found: 'bodies of a branch that lost before it was whole stayed in memory for good',
    seed: 35,
    minutes: 5,
    plan: { ...PLAIN, nodes: 5, spares: 2, faults: ['churn', 'stall', 'lag'], bytesPerMs: 50, actMs: 6_000 },
  },
  {
    found:
      'a world waited for good for the answer of a node that had ended and started again in the same moment',
    seed: 7,
    minutes: 2,
    plan: {
      ...PLAIN,
      nodes: 5,
      spares: 2,
      faults: ['churn', 'clog', 'crash', 'cut', 'flip', 'full', 'lag', 'loss', 'oneway', 'stop'],
      adversaries: ['censor', 'forger', 'withholder'],
      diskLatencyMs: 30,
      actMs: 3_000,
      uneven: true,
    },
  },
];

/** Lives one of them in a world of the caller's making; throws what it finds. */
export async function relive(
  { seed, minutes, plan }: Regression,
  make: (options: Omit<WorldOptions, 'replay' | 'verifier'>) => World,
): Promise<void> {
  const world = make({ ...plan, seed });
  const life = new Life(world, { ...plan, safetyMs: minutes * 60_000, livenessMs: 400_000 });
  await life.run();
  const lost = await life.payments.lost();
  if (lost.length > 0)
    throw new Error(`${lost.length} accepted transactions are neither mined nor dropped openly`);
}
