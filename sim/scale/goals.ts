/** Owns what is promised of large worlds. It holds no state. */
import type { ScaleFigures } from './figures.ts';

export interface Goal {
  readonly what: string;
  readonly value: number;
  readonly goal: string;
  readonly met: boolean;
}

/** Link delays in which a block of known transactions reaches 99 % of the nodes, at the median of blocks. */
export const BLOCK_DELAYS_MAX = 6;
/** Times that a node receives the bytes of a transaction, on average. */
export const BODIES_MAX = 12 / 10;
/** Share of the nodes that end on the best tip. */
const AGREE_MIN = 99 / 100;

/** The promises, and whether these figures keep them. */
export function goalsOf(figures: ScaleFigures): Goal[] {
  const delays = figures.known.p99Ms / figures.linkDelayMs;
  const { bodies } = figures.transactions;
  return [
    {
      what: 'link delays until a block of known transactions is at 99 % of the nodes',
      value: delays,
      goal: `≤ ${BLOCK_DELAYS_MAX}`,
      met: delays <= BLOCK_DELAYS_MAX,
    },
    {
      what: 'times a node receives the bytes of a transaction',
      value: bodies,
      goal: `≤ ${BODIES_MAX}`,
      met: bodies <= BODIES_MAX,
    },
    {
      what: 'share of the nodes on the best tip in the end',
      value: figures.agree,
      goal: `≥ ${AGREE_MIN}`,
      met: figures.agree >= AGREE_MIN,
    },
  ];
}
