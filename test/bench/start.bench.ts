/** Measures what the launcher adds to a bare start of Node, and how long a first build takes. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Measure } from './figure.ts';

const RUNS = 15;

/** Milliseconds from spawn to exit. */
function timeNode(args: readonly string[]): number {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
  return performance.now() - start;
}

const measureStart: Measure = async ({ bundle }) => {
  const launcher = fileURLToPath(new URL('../../cli/pier.mjs', bundle));
  const builder = new URL('../../cli/build.mjs', bundle).href;
  const scratch = mkdtempSync(join(tmpdir(), 'pier-bench-'));
  const bare: number[] = [];
  const started: number[] = [];
  const built: number[] = [];
  try {
    for (let run = 0; run < RUNS; run++) {
      bare.push(timeNode(['-e', '0']));
      started.push(timeNode([launcher, '--help']));
      const program = `import { buildPrograms } from '${builder}'; await buildPrograms(process.argv[1]);`;
      built.push(timeNode(['--input-type=module', '-e', program, join(scratch, String(run))]));
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const floor = Math.min(...bare);
  return [
    { name: 'bare start of Node', unit: 'ms', samples: bare },
    {
      name: 'pier --help, above that',
      unit: 'ms',
      samples: started.map((time) => time - floor),
      goal: { atMost: 60 },
    },
    { name: 'first build', unit: 'ms', samples: built, goal: { atMost: 700 } },
  ];
};

export default measureStart;
