/**
 * Answers of any shape, from the first of two nodes and from a lone one: no command that reads crashes, what it calls proved
 * is true, and the next node is asked.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Context } from '../../cli/context.ts';
import { Random } from '../chain/random.ts';
import { alterationsOf, lieAt, refusals, type Spot, spotsOf } from './alterations.ts';
import type { Json, Lie } from './lying-node.ts';
import { type Command, HONEST, LIAR, type Run, SigningDesk } from './signing-desk.ts';

const TRIALS = 60;

const READING: Readonly<Record<string, Command>> = {
  balance: async (context) => (await import('../../cli/commands/balance.ts')).run(context, 'alice'),
  status: async (context) => (await import('../../cli/commands/status.ts')).run(context),
  history: async (context) => (await import('../../cli/commands/history.ts')).run(context, 'alice', {}),
  block: async (context) => (await import('../../cli/commands/block.ts')).run(context, '1'),
  'record get': async (context) =>
    (await import('../../cli/commands/record-reading.ts')).get(context, 'notes@alice', {}),
  'record history': async (context) =>
    (await import('../../cli/commands/record-pages.ts')).history(context, 'notes@alice', {}),
  'record list': async (context) =>
    (await import('../../cli/commands/record-pages.ts')).list(context, 'alice', {}),
  'recovery status': async (context) =>
    (await import('../../cli/commands/recovery-status.ts')).run(context, 'dave'),
  mempool: async (context) => (await import('../../cli/commands/mempool.ts')).run(context, {}),
  peers: async (context) => (await import('../../cli/commands/peers.ts')).run(context),
  forks: async (context) => (await import('../../cli/commands/forks.ts')).run(context),
  'why tip': async (context) => (await import('../../cli/commands/why.ts')).whyTip(context),
};
/** Nothing of these can be proved: the first node that gives an answer of the right shape is shown. */
const WORD = ['mempool', 'peers', 'forks', 'why tip'];

let desk: SigningDesk;
const unhandled: unknown[] = [];
const note = (error: unknown) => unhandled.push(error);
beforeAll(async () => {
  desk = await SigningDesk.open();
  process.on('unhandledRejection', note);
});
afterAll(() => {
  process.off('unhandledRejection', note);
  desk.close();
});

const read = (command: Command, urls: readonly string[], lie: Lie, trust = false): Promise<Run> =>
  desk.run((context: Context) => command(Object.assign(context, { trust }), {}), urls, lie);

async function spotsFor(command: Command, trust: boolean): Promise<Spot[]> {
  const spots = new Map<string, Spot>();
  const look: Lie = (method, result) => {
    for (const spot of result === undefined ? [] : spotsOf(method, result))
      spots.set([method, ...spot.path].join('.'), spot);
    return undefined;
  };
  const run = await read(command, [LIAR, HONEST], look, trust);
  expect(run.fault).toBe(null);
  return [...spots.values()];
}

/** What is said to be proved. */
function proved({ answer }: Run): Json {
  const fields: string[] = answer.verified?.fields ?? [];
  return Object.fromEntries(fields.map((name) => [name, answer[name]]));
}

test.each(Object.keys(READING))(
  '%s',
  async (name) => {
    const command = READING[name]!;
    const random = new Random(name.length);
    const wrongs: string[] = [];
    for (const trust of WORD.includes(name) ? [false] : [false, true]) {
      const spots = await spotsFor(command, trust);
      const values = spots.map(({ value }) => value);
      const truth = await read(command, [HONEST], () => undefined, trust);
      for (let i = 0; i < TRIALS; i++) {
        const spot = random.pick(spots);
        const instead = random.pick([
          ...alterationsOf(spot, values),
          ...(spot.path.length === 0 ? refusals() : []),
        ]);
        const alone = random.chance(0.3);
        const lie = lieAt(spot, instead, random.chance(0.2));
        const run = await read(command, alone ? [LIAR] : [LIAR, HONEST], lie, trust);
        const what = `${[spot.method, ...spot.path].join('.')} = ${String(JSON.stringify(instead)).slice(0, 60)}, alone ${alone}, trust ${trust}`;
        if (run.fault?.code === 'INTERNAL') wrongs.push(`${what}: ${run.fault.message}`);
        if (run.fault !== null && !alone && !trust && !WORD.includes(name))
          wrongs.push(`${what}: ${run.fault.code} ${run.fault.message}`);
        if (run.answer !== null && !trust && run.answer.verified?.height === truth.answer.verified?.height) {
          expect(proved(run), what).toEqual(proved(truth));
        }
      }
    }
    await new Promise((resolve) => setImmediate(resolve));
    expect(wrongs).toEqual([]);
    expect(unhandled).toEqual([]);
  },
  300_000,
);
