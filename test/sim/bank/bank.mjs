/**
 * Owns the trial of one fault: the world is bundled with the fault in it, and runs in a process of its own until a law is
 * found broken. A change that no longer matches its source fails the build.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** @typedef {import('./fault.mjs').Fault} Fault */
/** What became of a fault: the scene that showed it and what was seen there, or neither. */
/** @typedef {{ readonly scene: string | null, readonly seen: string }} Verdict */

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** A world that goes on for so long hangs: its fault shows, but no law said so. */
const LIMIT_MS = 120_000;

/** @param {Fault} fault @returns {import('esbuild').Plugin} */
function inject(fault) {
  return {
    name: 'fault',
    setup({ onLoad, onEnd }) {
      const left = new Set(fault.edits);
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const edits = fault.edits.filter(({ file }) => path === join(ROOT, file));
        if (edits.length === 0) return null;
        let contents = await readFile(path, 'utf8');
        for (const edit of edits) {
          const pieces = contents.split(edit.find);
          if (pieces.length !== 2)
            throw new Error(`${fault.name}: found ${pieces.length - 1} times in ${edit.file}: ${edit.find}`);
          contents = pieces.join(edit.replace);
          left.delete(edit);
        }
        return { contents, loader: 'ts' };
      });
      onEnd(() => {
        const [missed] = left;
        if (missed !== undefined)
          return { errors: [{ text: `${fault.name}: ${missed.file} is not part of the world` }] };
      });
    },
  };
}

/**
 * Tries one fault. Without edits it is the control: no scene may find anything.
 * @param {Fault} fault
 * @param {{ readonly only?: boolean }} [options] `only`: in its own scenes and no others
 * @returns {Promise<Verdict>}
 */
export async function tryFault(fault, { only = false } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'pier-bank-'));
  try {
    const outfile = join(folder, 'trial.mjs');
    await build({
      absWorkingDir: ROOT,
      entryPoints: ['test/sim/bank/trial.ts'],
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20.19',
      plugins: [inject(fault)],
      logLevel: 'silent',
    });
    return await run(outfile, [only ? 'only' : 'all', ...fault.scenes]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @param {string} program @param {readonly string[]} args @returns {Promise<Verdict>} */
function run(program, args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let complaint = '';
    child.stdout.on('data', (data) => {
      output += data;
    });
    child.stderr.on('data', (data) => {
      complaint = `${complaint}${data}`.slice(-2_000);
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
    child.on('close', (code) => {
      clearTimeout(timer);
      const line = output.trim().split('\n').at(-1) ?? '';
      if (code === 0) return resolve(JSON.parse(line));
      const seen =
        code === null ? 'it never ends' : `the process ended: ${complaint.trim().split('\n').at(-1)}`;
      resolve({ scene: 'process', seen });
    });
  });
}
