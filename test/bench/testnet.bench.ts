/**
 * Measures what a newcomer meets: how soon a testnet of five nodes agrees on a first block, with the programs built and
 * without; what it costs while nobody uses it; how long a reading command takes.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Measure } from './figure.ts';
import { cpuMsOf, memoryOf } from './node-process.ts';

const LAUNCHES = 3;
const IDLE_MS = 60_000;
const READS = 15;
/** Folders of builds made for the measurement. */
const COLD = `.bench-${process.pid}-`;

interface Launched {
  readonly nodes: readonly { readonly pid: number }[];
}

const measureTestnet: Measure = async ({ bundle }) => {
  const scratch = mkdtempSync(join(tmpdir(), 'pier-bench-'));
  const launcher = [fileURLToPath(new URL('../../cli/pier.mjs', bundle))];
  const home = (name: string): NodeJS.ProcessEnv => ({ ...process.env, PIER_HOME: join(scratch, name) });
  const start = ['testnet', 'start', '--detach', '--json', '--base-port', '0'];
  const launches: number[] = [];
  const coldLaunches: number[] = [];
  const running = new Set<string>();
  try {
    for (let run = 0; run < LAUNCHES; run++) {
      running.add(`cold-${run}`);
      coldLaunches.push(timeRun([...buildAndRun(bundle, `${COLD}${run}`), ...start], home(`cold-${run}`)).ms);
      timeRun([...launcher, 'testnet', 'stop'], home(`cold-${run}`));
      running.delete(`cold-${run}`);
    }
    let launched: Launched = { nodes: [] };
    for (let run = 0; run < LAUNCHES; run++) {
      running.add(`warm-${run}`);
      const { ms, stdout } = timeRun([...launcher, ...start], home(`warm-${run}`));
      launches.push(ms);
      launched = JSON.parse(stdout);
      if (run === LAUNCHES - 1) break;
      timeRun([...launcher, 'testnet', 'stop'], home(`warm-${run}`));
      running.delete(`warm-${run}`);
    }
    const env = home(`warm-${LAUNCHES - 1}`);
    const pids = launched.nodes.map(({ pid }) => pid);
    const { cpuShare, rss } = await watchIdle(pids);
    const read = (...args: string[]) =>
      Array.from({ length: READS }, () => timeRun([...launcher, ...args], env).ms);
    return [
      {
        name: 'testnet up, five nodes agree on a block',
        unit: 'ms',
        samples: launches,
        goal: { atMost: 5_000 },
      },
      {
        name: 'the same with the programs not built',
        unit: 'ms',
        samples: coldLaunches,
        goal: { atMost: 5_000 },
      },
      { name: 'five idle nodes, of one core', unit: '%', samples: [cpuShare], goal: { atMost: 25 } },
      {
        name: 'memory of the largest idle node',
        unit: 'MB',
        samples: [Math.max(...rss)],
        goal: { atMost: 110 },
      },
      { name: 'pier balance', unit: 'ms', samples: read('balance', 'faucet'), goal: { atMost: 400 } },
      { name: 'pier status', unit: 'ms', samples: read('status'), goal: { atMost: 400 } },
    ];
  } finally {
    for (const name of running)
      spawnSync(process.execPath, [...launcher, 'testnet', 'stop'], { env: home(name) });
    for (let run = 0; run < LAUNCHES; run++) {
      rmSync(new URL(`../${COLD}${run}`, bundle), { recursive: true, force: true });
    }
    rmSync(scratch, { recursive: true, force: true });
  }
};

/**
 * What the launcher does when there is no build of these sources, without touching those there are. Beside them, since
 * a package that isn't bundled is found from there.
 */
function buildAndRun(bundle: string, name: string): string[] {
  const outdir = fileURLToPath(new URL(`../${name}`, bundle));
  const builder = new URL('../../cli/build.mjs', bundle).href;
  const program = `import { buildPrograms } from '${builder}'; import { pathToFileURL } from 'node:url';
    const [outdir] = process.argv.splice(1, 1, 'pier'); await buildPrograms(outdir);
    await import(pathToFileURL(outdir + '/cli.js').href);`;
  return ['--input-type=module', '-e', program, '--', outdir];
}

/** Share of one core that the processes take together, in per cent, and the memory of each in MB at the end. */
async function watchIdle(pids: readonly number[]): Promise<{ cpuShare: number; rss: number[] }> {
  const total = () => pids.reduce((sum, pid) => sum + cpuMsOf(pid), 0);
  const before = total();
  const start = performance.now();
  await sleep(IDLE_MS);
  const cpuShare = (100 * (total() - before)) / (performance.now() - start);
  return { cpuShare, rss: pids.map((pid) => memoryOf(pid)) };
}

/** Runs a program to its end; milliseconds from spawn to exit, and what it said. */
function timeRun(args: readonly string[], env: NodeJS.ProcessEnv): { ms: number; stdout: string } {
  const start = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
  const ms = performance.now() - start;
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stdout}${stderr}`);
  return { ms, stdout };
}

export default measureTestnet;
