/** Each adversary does what its line in docs/SIMULATOR.md says, reaches what it aims at, and changes nothing for the others. */
import { expect, test } from 'vitest';
import { ADVERSARIES, type AdversaryName } from '../../sim/adversaries/gang.ts';
import { Life } from '../../sim/life.ts';
import { seeds, testWorld } from './replay.ts';

const NAME = 'does what it is there for';

/** What each must have done in four minutes, and what honest nodes must have noticed of it. */
const DEEDS: Readonly<Record<AdversaryName, readonly string[]>> = {
  selfish: ['deed selfish kept', 'reorg'],
  withholder: ['deed withholder body', 'deed withholder transactions', 'bodyLate'],
  dawdler: ['deed dawdler late', 'deed dawdler twice'],
  mutator: ['deed mutator body', 'close MUTATED_BODY'],
  censor: ['deed censor transactions'],
  warper: ['deed warper ahead'],
  forger: [
    ...['signature', 'chain', 'key', 'overspend', 'cheap', 'expired'].map((lie) => `deed forger ${lie}`),
    'close BAD_TRANSACTION',
  ],
  liar: [
    ...['idle', 'push', 'tell', 'branch', 'body'].map((lie) => `deed liar ${lie}`),
    'close BAD_HEADER',
    'bodyLate',
  ],
  flooder: ['ids', 'addresses', 'headers', 'bodies', 'blocks', 'gaps'].map(
    (flood) => `deed flooder ${flood}`,
  ),
  eclipser: ['deed eclipser link', 'deed eclipser gossip', 'deed eclipser answer'],
  timewarper: ['deed timewarper ahead', 'deed timewarper behind', 'headerEarly'],
};

test.each(ADVERSARIES.flatMap((name) => seeds(1).map((seed) => [name, seed] as const)))(
  `%s ${NAME}, seed %i`,
  { timeout: 60_000 },
  async (name, seed) => {
    const world = testWorld('adversaries', `${name} ${NAME}`, { seed, nodes: 4, adversaries: [name] });
    const options = { safetyMs: 240_000, faultMs: 10_000, actMs: 1_500, livenessMs: 400_000 };
    const life = new Life(world, { ...options, faults: ['crash', 'cut'] });
    await life.run();
    expect(await life.payments.lost()).toEqual([]);
    expect(DEEDS[name].filter((what) => world.watch.count(what) === 0)).toEqual([]);
  },
);
