/**
 * Kills nodes at moments of no choosing: under load, while they start, while they make their databases anew, and while
 * they move the store of an earlier version. The options are in `parts.ts`; `--count` is of kills. The folders of nodes
 * that failed are kept.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Measure } from '../bench/figure.ts';
import { liveAndKill } from './kill-life.ts';
import { makeAndKill, makeOldData } from './kill-making.ts';
import { KillTally } from './kill-tally.ts';
import { buildOldProgram } from './old-program.ts';
import { readPart, runPart } from './parts.ts';
import { Stage } from './stage.ts';

const COUNT = 1_000;
const LANES = 2;
/** Kills of one ledger. */
const LIFE_KILLS = 10;

const soakKills: Measure = async ({ bundle, options }) => {
  const part = readPart(options, { count: COUNT, lanes: LANES });
  const stage = await Stage.set(bundle);
  const tally = new KillTally();
  try {
    const oldBundle = buildOldProgram(stage.dir);
    if (oldBundle === null) process.stderr.write('the history is not here: no kills during a migration\n');
    const old = oldBundle === null ? null : await makeOldData(stage, oldBundle);
    await runPart('kill', part, LIFE_KILLS, async (number, chance) => {
      const dir = mkdtempSync(join(tmpdir(), 'pier-kill-'));
      const faults = tally.faults;
      const turn = (number / LIFE_KILLS) % 4;
      const name = `kill-${number}`;
      if (turn === 1) await makeAndKill(stage, stage.gold.data, 'rebuild', name, LIFE_KILLS, chance, tally);
      else if (turn === 3 && old !== null)
        await makeAndKill(stage, old, 'migration', name, LIFE_KILLS, chance, tally);
      else await liveAndKill(bundle, dir, LIFE_KILLS, chance, tally);
      const { kills, lost, failedStarts, inconsistent } = tally;
      const counts = JSON.stringify({ ...kills, lost, failedStarts, inconsistent });
      process.stderr.write(`kill: seed ${part.seed}, ${number + LIFE_KILLS}: ${counts}\n`);
      if (tally.faults === faults) rmSync(dir, { recursive: true, force: true });
    });
  } finally {
    if (tally.faults === 0) await stage.remove();
    else await stage.close();
  }
  const none = { atMost: 0 };
  const { load, start, rebuild, migration } = tally.kills;
  return [
    { name: 'kill -9', unit: '', samples: [tally.all] },
    { name: 'of these under load', unit: '', samples: [load] },
    { name: 'in a start', unit: '', samples: [start] },
    { name: 'in or after a rebuild', unit: '', samples: [rebuild] },
    { name: 'in or after a migration', unit: '', samples: [migration] },
    { name: 'transfers acknowledged', unit: '', samples: [tally.acknowledged] },
    { name: 'of these lost', unit: '', samples: [tally.lost], goal: none },
    { name: 'starts that were let be', unit: '', samples: [tally.starts] },
    { name: 'failed starts', unit: '', samples: [tally.failedStarts], goal: none },
    { name: 'inconsistent', unit: '', samples: [tally.inconsistent], goal: none },
  ];
};

export default soakKills;
