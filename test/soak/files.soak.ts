/**
 * Damages each file of a data folder in each way, and has a node run there. `npm run soak -- files --name TEXT` tries
 * those whose name contains TEXT. The folders of nodes that failed are kept.
 */
import { parseArgs } from 'node:util';
import type { Measure } from '../bench/figure.ts';
import { damagesOf } from './file-damage.ts';
import { type FileReport, tryDamage } from './file-trial.ts';
import { Stage } from './stage.ts';

const LANES = 2;

const soakFiles: Measure = async ({ bundle, options }) => {
  const { values } = parseArgs({
    args: [...options],
    options: { name: { type: 'string', default: '' }, lanes: { type: 'string', default: String(LANES) } },
  });
  const stage = await Stage.set(bundle);
  const damages = damagesOf(stage.gold.data, stage.gold.old).filter(({ name }) =>
    new RegExp(values.name).test(name),
  );
  const reports: FileReport[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < damages.length) {
      const number = next++;
      const damage = damages[number]!;
      const report = await tryDamage(stage, stage.gold.data, `files-${number}`, damage);
      reports.push(report);
      const lines = [`${damage.name}: ${report.outcome}`, ...report.words.map((text) => `  ${text}`)];
      process.stderr.write(`${lines.join('\n')}\n`);
    }
  };
  try {
    await Promise.all(Array.from({ length: Number(values.lanes) }, lane));
  } finally {
    if (reports.some(({ outcome }) => outcome === 'failed')) await stage.close();
    else await stage.remove();
  }
  const count = (wanted: FileReport['outcome']): number[] => [
    reports.filter(({ outcome }) => outcome === wanted).length,
  ];
  return [
    { name: 'files damaged', unit: '', samples: [reports.length] },
    { name: 'all right without a peer', unit: '', samples: count('right') },
    { name: 'told, and right with a peer', unit: '', samples: count('peer') },
    { name: 'refused with a clear error', unit: '', samples: count('refused') },
    { name: 'failed', unit: '', samples: count('failed'), goal: { atMost: 0 } },
  ];
};

export default soakFiles;
