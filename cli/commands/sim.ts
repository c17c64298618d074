/** Owns `pier sim`: a whole network in one process, in virtual time, with everything against it that a seed draws. */
import { randomInt } from 'node:crypto';
import { verifyStrictNode } from '../../node/verifier.ts';
import { ADVERSARIES, type AdversaryName } from '../../sim/adversaries/gang.ts';
import { drawPlan, FAULTS, type FaultName, type Plan } from '../../sim/plan.ts';
import { type Report, simulate } from '../../sim/report.ts';
import type { Told } from '../../sim/watch.ts';
import { parseWhole } from '../arguments.ts';
import type { Context } from '../context.ts';
import { CliError } from '../faults.ts';
import { countOf } from '../layout.ts';
import { signQuickly, quickVerifier as verifier } from '../quick-signatures.ts';

const MINUTES_MAX = 100_000;
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
  const nodes = options.nodes === undefined ? null : parseWhole(options.nodes, '--nodes', 1, NODES_MAX);
  const first =
    options.seed === undefined ? randomInt(2 ** 32) : parseWhole(options.seed, '--seed', 0, 2 ** 32 - 1);
  const count = parseWhole(options.seeds ?? '1', '--seeds', 1, MINUTES_MAX);
  const allowed = parseFaults(options.faults ?? 'all');
  const broken: number[] = [];
  for (let i = 0; i < count; i++) {
    const seed = (first + i) >>> 0;
    const drawn = drawPlan(seed, allowed);
    const plan = nodes === null ? drawn : { ...drawn, nodes };
    const replay = ['pier sim', `--seed ${seed}`, `--minutes ${minutes}`];
    if (nodes !== null) replay.push(`--nodes ${nodes}`);
    if (options.faults !== undefined) replay.push(`--faults ${options.faults}`);
    const report = await live(context, {
      seed,
      plan,
      minutes,
      replay: replay.join(' '),
      trace: options.trace === true,
    });
    if (report.failure !== null) broken.push(seed);
    context.output.result(report, () => (count === 1 ? describe(report) : describeShortly(report)));
  }
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

async function live(
  context: Context,
  world: { seed: number; plan: Plan; minutes: number; replay: string; trace: boolean },
): Promise<Report> {
  const { seed, plan, minutes, replay } = world;
  const moving = context.output.progress(`seed ${seed}: ${countOf(plan.nodes, 'node')}`);
  const startedAt = performance.now();
  try {
    return await simulate({
      seed,
      plan,
      safetyMs: minutes * 60_000,
      replay,
      verifier,
      sign: signQuickly,
      verify: verifyStrictNode,
      progress(phase, nowMs) {
        const speed = Math.round(nowMs / Math.max(1, performance.now() - startedAt));
        moving.update(
          `seed ${seed}: ${phase}, minute ${Math.floor(nowMs / 60_000)} of ${minutes}, ${speed} × real time`,
        );
      },
      ...(world.trace && { trace: (told: Told) => context.output.note(traceLine(told)) }),
    });
  } finally {
    moving.stop();
  }
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

function traceLine({ atMs, name, details }: Told): string {
  const seconds = `${Math.floor(atMs / 1000)}.${String(atMs % 1000).padStart(3, '0')} s`;
  return `${seconds.padStart(12)}  ${name.padEnd(22)} ${details.join(' ')}`;
}

function describeShortly({ seed, failure, plan, blocks, paid }: Report): string {
  const what = `${plan.nodes} nodes, ${[...plan.faults, ...plan.adversaries].join(' ') || 'no faults'}`;
  return `seed ${seed}: ${failure === null ? 'held' : 'BROKEN'}; ${blocks} blocks, ${paid} payments; ${what}${failure === null ? '' : `\n${failure}`}`;
}

function describe(report: Report): string {
  const { plan, counts, failure } = report;
  const times = (name: string): string => `${counts[name] ?? 0} × ${name.replace('fault ', '')}`;
  const done = plan.faults.map((name) => times(`fault ${name}`));
  const lines = [
    `seed ${report.seed}: ${countOf(plan.nodes, 'node')}, ${Math.round(report.lastedMs / 60_000)} minutes`,
    `done to it   ${done.length === 0 ? 'nothing' : done.join(', ')}`,
    `adversaries  ${plan.adversaries.length === 0 ? 'none' : plan.adversaries.join(', ')}`,
    `happened     ${countOf(report.blocks, 'block')}, ${counts.reorg ?? 0} reorganisations, ${counts.rebuilt ?? 0} rebuilds after damage`,
    `payments     ${report.paid} accepted, ${report.mined} mined, the others dropped openly`,
    `judged       ${report.judged} blocks by a second set of rules`,
    `digest       ${report.digest}`,
    '',
    failure === null
      ? 'all held: supply, state, nonces, mempools, work, nobody punished for nothing; all nodes agree'
      : `BROKEN: ${failure}`,
  ];
  return lines.join('\n');
}
