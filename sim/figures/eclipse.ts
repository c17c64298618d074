/**
 * Owns the study of restarts under an attacker who has told a node of his own addresses for half a day: how many of its
 * links are honest afterwards, and how long until one is.
 */
import { type EclipseResult, tryEclipse } from '../adversaries/eclipse-trial.ts';
import type { Figure, Study } from './figure.ts';
import { mean, percentile } from './stage.ts';

const SEEDS = 12;
const HONEST = 50;
/** In peace and under attack, hours: a new node, and one that has lived before. */
const LIVES = [
  { name: 'new node', calmHours: 0, attackHours: 12 },
  { name: 'after 3 h', calmHours: 3, attackHours: 9 },
] as const;
/** The attacker's addresses, and the network groups they are spread over. */
const ATTACKERS = [
  [64, 4],
  [256, 4],
  [64, 64],
  [256, 64],
  [1_024, 64],
] as const;
const FREED_MINUTES = 60;
const MINUTE_MS = 60_000;

function figuresOf(name: string, groups: number, trials: readonly EclipseResult[]): Figure[] {
  const share = (100 * trials.filter(({ honestAfter }) => honestAfter === 0).length) / trials.length;
  const freed = trials.map(({ linkedAfterMs }) => (linkedAfterMs ?? Number.POSITIVE_INFINITY) / MINUTE_MS);
  const links = mean(trials.map(({ honestAfter }) => honestAfter));
  return [
    // Two outbound links a group: few groups can't have them all.
    {
      name: `${name}: restarts eclipsed`,
      value: share,
      unit: '%',
      expected: '',
      atMost: groups < 8 ? 0 : null,
    },
    { name: `${name}: honest links of 8`, value: links, unit: '', expected: '', atMost: null },
    {
      name: `${name}: until one is honest, median`,
      value: percentile(freed, 50),
      unit: 'min',
      expected: '',
      atMost: null,
    },
    {
      name: `${name}: until one is honest, most`,
      value: Math.max(...freed),
      unit: 'min',
      expected: '',
      atMost: FREED_MINUTES,
    },
  ];
}

export const eclipse: Study = {
  name: 'eclipse',
  about: `the protocol of one node that nobody dials and no operator helps, ${HONEST} honest addresses, an attacker who gossips for half a day and restarts it`,
  async run({ seeds, progress }) {
    const figures: Figure[] = [];
    for (const { name, calmHours, attackHours } of LIVES) {
      for (const [attackers, groups] of ATTACKERS) {
        const about = `${name}, ${attackers} addresses in ${groups} groups`;
        const trials: EclipseResult[] = [];
        for (let seed = 1; seed <= (seeds ?? SEEDS); seed++) {
          progress?.(`${about}, seed ${seed}`);
          const plan = { seed, honest: HONEST, attackers, groups, calmHours, attackHours, hoursAfter: 6 };
          trials.push(await tryEclipse(plan));
        }
        figures.push(...figuresOf(about, groups, trials));
      }
    }
    return figures;
  },
};
