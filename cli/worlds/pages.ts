/** Owns how simulated worlds are told to people: a page for one, a line for one of many, a line for an event. */
import type { Report } from '../../sim/report.ts';
import type { Told } from '../../sim/watch.ts';
import { countOf } from '../layout.ts';

/** An event. */
export function traceLine({ atMs, name, details }: Told): string {
  const seconds = `${Math.floor(atMs / 1000)}.${String(atMs % 1000).padStart(3, '0')} s`;
  return `${seconds.padStart(12)}  ${name.padEnd(22)} ${details.join(' ')}`;
}

/** A world of many. */
export function describeShortly({ seed, failure, plan, blocks, paid }: Report): string {
  const what = `${plan.nodes} nodes, ${[...plan.faults, ...plan.adversaries].join(' ') || 'no faults'}`;
  return `seed ${seed}: ${failure === null ? 'held' : 'BROKEN'}; ${blocks} blocks, ${paid} payments; ${what}${failure === null ? '' : `\n${failure}`}`;
}

/** A world of its own. */
export function describe(report: Report): string {
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
