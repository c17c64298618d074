/**
 * Changes single bits in the files of real nodes, at rest and while they run, and asks each node everything, again and
 * again until it is right. Six of seven nodes have one bit changed at rest; the seventh has four changed while it runs. The
 * options are in `parts.ts`; `--count` is of nodes. The folders of nodes that failed are kept.
 */
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Measure } from '../bench/figure.ts';
import { type FlipReport, tryFlips } from './flip-trial.ts';
import { readPart, runPart } from './parts.ts';
import { Stage } from './stage.ts';

const COUNT = 364;
const LANES = 2;
const RUNNING_EVERY = 7;

const soakBits: Measure = async ({ bundle, options }) => {
  const part = readPart(options, { count: COUNT, lanes: LANES });
  const stage = await Stage.set(bundle);
  const reports: FlipReport[] = [];
  try {
    await runPart('bits', part, 1, async (number, chance) => {
      const from = chance.pick([stage.gold.data, stage.gold.compact]);
      const data = stage.copy(from, `trial-${number}`);
      const report = await tryFlips(stage, data, number % RUNNING_EVERY === RUNNING_EVERY - 1, chance);
      reports.push(report);
      const kept = isGood(report) ? null : join(stage.dir, '..', `pier-failed-${part.seed}-${number}`);
      tell(number, report, kept);
      if (kept === null) rmSync(data, { recursive: true, force: true });
      else {
        rmSync(kept, { recursive: true, force: true });
        renameSync(data, kept);
      }
    });
  } finally {
    await stage.remove();
  }
  const flips = reports.flatMap((report) => report.flips);
  const hitting = flips.filter(({ hits }) => hits > 0);
  const count = (is: (report: FlipReport) => boolean): number[] => [reports.filter(is).length];
  const repaired = ({ left, served }: FlipReport): boolean => served && left.length === 0;
  const hitsBlocks = (report: FlipReport): boolean =>
    report.flips.some(({ file }) => file.startsWith('chain/blocks'));
  const none = { atMost: 0 };
  const rows = hitting.reduce((sum, { hits }) => sum + hits, 0);
  const running = reports.filter((report) => report.running).flatMap((report) => report.flips);
  return [
    { name: 'single bits changed', unit: '', samples: [flips.length] },
    { name: 'of these while the node ran', unit: '', samples: [running.length] },
    {
      name: 'share that hit live state or index rows',
      unit: '%',
      samples: [(100 * hitting.length) / flips.length],
      goal: { atLeast: 50 },
    },
    { name: 'live rows hit', unit: '', samples: [rows] },
    { name: 'nodes', unit: '', samples: [reports.length] },
    {
      name: 'right from the first answer on',
      unit: '',
      samples: count((one) => !one.noticed && repaired(one)),
    },
    {
      name: 'repaired without a peer',
      unit: '',
      samples: count((one) => one.noticed && repaired(one) && !one.byPeer),
    },
    {
      name: 'blocks hit, fetched from a peer',
      unit: '',
      samples: count((one) => one.byPeer && repaired(one) && hitsBlocks(one)),
    },
    { name: 'journal hit, loss told', unit: '', samples: count((one) => one.toldLost) },
    {
      name: 'silent wrong answers',
      unit: 'nodes',
      samples: count((one) => one.wrong.length > 0),
      goal: none,
    },
    { name: 'cannot start', unit: 'nodes', samples: count((one) => !one.served), goal: none },
    {
      name: 'not repaired',
      unit: 'nodes',
      samples: count((one) => one.served && !repaired(one)),
      goal: none,
    },
    {
      name: 'errors that say nothing',
      unit: 'nodes',
      samples: count((one) => one.unclear.length > 0),
      goal: none,
    },
  ];
};

const isGood = ({ served, wrong, left, unclear }: FlipReport): boolean =>
  served && wrong.length + left.length + unclear.length === 0;

function tell(number: number, report: FlipReport, kept: string | null): void {
  const where = report.flips
    .map(({ file, at, bit, hits }) => `${file} ${at}.${bit} (${hits} rows)`)
    .join(', ');
  const how = !report.served ? 'no start' : report.byPeer ? 'peer' : report.noticed ? 'repaired' : 'right';
  const lines = [`${number}${report.running ? ' running' : ''}: ${where}: ${how}`];
  if (kept !== null) {
    for (const [word, texts] of [
      ['wrong', report.wrong],
      ['left', report.left],
      ['unclear', report.unclear],
      ['log', report.words],
    ] as const)
      lines.push(...texts.slice(0, 4).map((text) => `  ${word}: ${text}`));
    lines.push(`  kept in ${kept}`);
  }
  process.stderr.write(`${lines.join('\n')}\n`);
}

export default soakBits;
