/**
 * Owns the trial of commands that sign: which lies are told to which command, drawn from a seed so that each field of
 * each answer is altered, and what came of one.
 */
import { checked } from '../../cli/checked.ts';
import type { Random } from '../chain/random.ts';
import { alterationsOf, lieAt, refusals, type Spot, spotsOf } from './alterations.ts';
import type { Json, Lie } from './lying-node.ts';
import { COMMANDS, HONEST, LIAR, type Run, type SigningDesk } from './signing-desk.ts';

/**
 * `beside`: an honest node is named after the liar. `alone`: the liar is the only known node. `behind`: alone, on a branch of its own
 * with less work than the honest chain, which was checked before. `branch`: beside an honest one, on such a branch.
 */
export const SCENARIOS = ['beside', 'alone', 'behind', 'branch'] as const;
export type Scenario = (typeof SCENARIOS)[number];

export interface Trial {
  readonly command: string;
  readonly scenario: Scenario;
  readonly spot: Spot;
  readonly instead: Json;
  readonly once: boolean;
}

/** Every field of every answer that each command gets, in every scenario, altered in one way; in an order of the seed's. */
export async function drawTrials(desk: SigningDesk, random: Random): Promise<Trial[]> {
  const trials: Trial[] = [];
  for (const command of Object.keys(COMMANDS)) {
    const spots = await spotsFor(desk, command);
    const values = spots.map(({ value }) => value);
    for (const scenario of SCENARIOS) {
      for (const spot of spots) {
        const whole = spot.path.length === 0 ? refusals() : [];
        const instead = random.pick([...alterationsOf(spot, values), ...whole]);
        trials.push({ command, scenario, spot, instead, once: random.chance(0.2) });
      }
    }
  }
  return shuffled(trials, random);
}

/** One for each place in an answer. */
async function spotsFor(desk: SigningDesk, command: string): Promise<Spot[]> {
  await desk.reset();
  const spots = new Map<string, Spot>();
  const look: Lie = (method, result) => {
    if (result === undefined) return undefined;
    for (const spot of spotsOf(method, result)) {
      const name = [method, ...spot.path].join('.');
      if (!spots.has(name)) spots.set(name, spot);
    }
    return undefined;
  };
  const run = await desk.run(COMMANDS[command]!, [LIAR, HONEST], look);
  if (run.fault !== null) throw new Error(`${command} fails without a lie: ${run.fault.message}`);
  return [...spots.values()];
}

export interface Verdict {
  readonly run: Run;
  /** What it did that it never may. */
  readonly wrongs: readonly string[];
}

export async function tryLie(desk: SigningDesk, trial: Trial): Promise<Verdict> {
  const { command, scenario, spot, instead, once } = trial;
  await desk.reset();
  const home = desk.newHome();
  if (scenario === 'behind' || scenario === 'branch') {
    // What a command before has checked, and where the liar then goes its own way.
    const known = await desk.run(
      async (context) => void (await checked(context, async () => null)),
      [HONEST],
      noLie,
      home,
    );
    if (known.fault !== null) throw new Error(known.fault.message);
    await desk.branchOff();
  }
  const urls = scenario === 'beside' || scenario === 'branch' ? [LIAR, HONEST] : [LIAR];
  const run = await desk.run(COMMANDS[command]!, urls, lieAt(spot, instead, once), home);
  desk.forget(home);
  return { run, wrongs: desk.wrongsOf(run, urls.length === 1) };
}

const noLie: Lie = () => undefined;

/** In words that name the lie. */
export function describeTrial({ command, scenario, spot, instead, once }: Trial): string {
  const to = typeof instead === 'symbol' ? 'left out' : JSON.stringify(instead)?.slice(0, 80);
  return `${command}, ${scenario}: ${[spot.method, ...spot.path].join('.')} = ${to}${once ? ', once' : ''}`;
}

function shuffled<T>(list: T[], random: Random): T[] {
  for (let i = list.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
  return list;
}
