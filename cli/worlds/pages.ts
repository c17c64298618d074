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
  return `seed ${seed}: ${failure === null ? 'held' : 'BROKEN'}; ${blocks} blocks, ${paid} transactions; ${what}${failure === null ? '' : `\n${failure}`}`;
}

/** A world of its own. */
export function describe(report: Report): string {
  const { plan, counts, failure } = report;
  const times = (name: string): string => `${counts[name] ?? 0} × ${name.replace('fault ', '')}`;
  const done = plan.faults.map((name) => times(`fault ${name}`));
  const deeds = plan.adversaries.map((name) => `${name} (${deedsOf(name, counts)})`);
  const lines = [
    `seed ${report.seed}: ${countOf(plan.nodes, 'node')}, ${countOf(Math.round(report.lastedMs / 60_000), 'minute')}`,
    `done to it   ${done.length === 0 ? 'nothing' : done.join(', ')}`,
    `adversaries  ${deeds.length === 0 ? 'none' : deeds.join(', ')}`,
    `happened     ${countOf(report.blocks, 'block')}, ${countOf(counts.reorg ?? 0, 'reorganisation')}, ${countOf(counts.rebuilt ?? 0, 'rebuild')} after damage`,
    `people       ${report.paid} transactions accepted${report.mined === null ? '' : `, ${report.mined} mined, the others dropped openly`}`,
    `judged       ${report.judged} blocks by a second set of rules`,
    `digest       ${report.digest}`,
    '',
    failure === null
      ? 'all held: supply, state, nonces, mempools, work, nobody punished for nothing; all nodes agree'
      : `BROKEN: ${failure}`,
  ];
  return lines.join('\n');
}

/** How often an adversary did what it is there for. */
function deedsOf(name: string, counts: Report['counts']): string {
  const deeds = Object.entries(counts).filter(([kind]) => kind.startsWith(`deed ${name} `));
  return countOf(
    deeds.reduce((sum, [, count]) => sum + count, 0),
    'deed',
  );
}
