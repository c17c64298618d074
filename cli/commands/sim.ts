/** Owns `pier sim`: whole networks in virtual time, a thread each, with everything against it that a seed draws. */
import { randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { ADVERSARIES, type AdversaryName } from '../../sim/adversaries/gang.ts';
import { drawPlan, FAULTS, type FaultName } from '../../sim/plan.ts';
import { parseWhole } from '../arguments.ts';
import type { Context } from '../context.ts';
import { CliError } from '../faults.ts';
import { countOf } from '../layout.ts';
import type { WorldOrder } from '../worlds/messages.ts';
import { describe, describeShortly, traceLine } from '../worlds/pages.ts';
import { liveAll } from '../worlds/workers.ts';

const MINUTES_MAX = 100_000;
const SEEDS_MAX = 100_000;
/** One alone is no network. */
const NODES_MIN = 2;
const NODES_MAX = 100;

interface SimOptions {
  readonly seed?: string;
  readonly seeds?: string;
  readonly nodes?: string;
  readonly minutes?: string;
  readonly faults?: string;
  readonly trace?: boolean;
}

export async function run(context: Context, options: SimOptions): Promise<void> {
  const minutes = parseWhole(options.minutes ?? '10', '--minutes', 1, MINUTES_MAX);
  const nodes =
    options.nodes === undefined ? null : parseWhole(options.nodes, '--nodes', NODES_MIN, NODES_MAX);
  const first =
    options.seed === undefined ? randomInt(2 ** 32) : parseWhole(options.seed, '--seed', 0, 2 ** 32 - 1);
  const count = parseWhole(options.seeds ?? '1', '--seeds', 1, SEEDS_MAX);
  const allowed = parseFaults(options.faults ?? 'all');
  const orders = Array.from({ length: count }, (_, i): WorldOrder => {
    const seed = (first + i) >>> 0;
    const plan = drawPlan(seed, { ...allowed, ...(nodes !== null && { nodes }) });
    const replay = ['pier sim', `--seed ${seed}`, `--minutes ${minutes}`];
    if (nodes !== null) replay.push(`--nodes ${nodes}`);
    if (options.faults !== undefined) replay.push(`--faults ${options.faults}`);
    return { seed, plan, minutes, replay: replay.join(' '), trace: options.trace === true };
  });
  const broken = await live(context, orders);
  if (count > 1 && !context.output.json) {
    const verdict = broken.length === 0 ? 'all held' : `broken: ${broken.join(', ')}`;
    context.output.line(`${countOf(count, 'world')} of ${countOf(minutes, 'minute')}: ${verdict}`);
  }
  if (broken.length > 0)
    throw new CliError(
      'WORLD_BROKEN',
      `a law was broken with ${countOf(broken.length, 'seed')}`,
      'run the line after Replay with --trace',
    );
}

/** Lives the worlds and tells each as it is over. The seeds in which a law was broken. */
async function live(context: Context, orders: readonly WorldOrder[]): Promise<number[]> {
  const { output } = context;
  const broken: number[] = [];
  let moving = output.progress(`seed ${orders[0]!.seed}: ${countOf(orders[0]!.plan.nodes, 'node')}`);
  const startedAt = performance.now();
  let done = 0;
  let doneMs = 0;
  // The events of two worlds at once would be no story.
  const threads = orders[0]!.trace ? 1 : availableParallelism();
  try {
    const reports = liveAll(orders, threads, {
      progress({ seed, minutes }, phase, nowMs) {
        const speed = Math.round((doneMs + nowMs) / Math.max(1, performance.now() - startedAt));
        const worlds = orders.length === 1 ? '' : `, ${done} of ${orders.length} worlds done`;
        const minute = Math.floor(nowMs / 60_000);
        moving.update(
          `seed ${seed}: ${phase}, minute ${minute} of ${minutes}${worlds}, ${speed} × real time`,
        );
      },
      told: (told) => output.note(traceLine(told)),
    });
    for await (const report of reports) {
      done++;
      doneMs += report.lastedMs;
      if (report.failure !== null) broken.push(report.seed);
      moving.stop();
      if (output.ended) break;
      output.result(report, () => (orders.length === 1 ? describe(report) : describeShortly(report)));
      if (done < orders.length) moving = output.progress(`${done} of ${orders.length} worlds done`);
    }
  } finally {
    moving.stop();
  }
  return broken;
}

/** Names of faults and adversaries, separated by commas; `all`, `none`. */
function parseFaults(list: string): { faults: readonly FaultName[]; adversaries: readonly AdversaryName[] } {
  if (list === 'all') return { faults: FAULTS, adversaries: ADVERSARIES };
  const names = list === 'none' ? [] : list.split(',').map((name) => name.trim());
  const faults = FAULTS.filter((name) => names.includes(name));
  const adversaries = ADVERSARIES.filter((name) => names.includes(name));
  const unknown = names.find((name) => ![...FAULTS, ...ADVERSARIES].some((known) => known === name));
  if (unknown === undefined) return { faults, adversaries };
  throw new CliError(
    'USAGE',
    `--faults names "${unknown.slice(0, 40)}"`,
    `choose from: all, none, ${[...FAULTS, ...ADVERSARIES].join(', ')}`,
  );
}
