/**
 * Owns `npm run bench`: runs each `*.bench.ts` of this folder in a process of its own, one after the other, and prints
 * a table of medians. `npm run bench -- NAME` runs those whose file name contains NAME; what follows the name is given to
 * them. `npm run soak` does the same with each `*.soak.ts` of `test/soak/`. Ends with 1 if a goal was missed.
 */
import { fork } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildBundle, bundleInto } from '../../cli/build.mjs';

/** @import { Figure, Measure } from './figure.ts' */

const HERE = fileURLToPath(new URL('.', import.meta.url));
const SELF = fileURLToPath(import.meta.url);

const BENCHMARKS = { folder: 'test/bench', suffix: '.bench.ts' };
const SOAKS = { folder: 'test/soak', suffix: '.soak.ts' };

const args = process.argv.slice(2);
if (args[0] === '--measure' && args[1] && args[2]) await measure(args[1], args[2], args.slice(3));
else {
  const kind = args[0] === '--soak' ? SOAKS : BENCHMARKS;
  const [wanted = '', ...options] = kind === SOAKS ? args.slice(1) : args;
  process.exitCode = await runAll(kind, wanted, options);
}

/**
 * In the child: runs one built benchmark and hands its figures up.
 * @param {string} file @param {string} bundle @param {readonly string[]} options
 */
async function measure(file, bundle, options) {
  /** @type {{ default: Measure }} */
  const module = await import(pathToFileURL(file).href);
  const programs = new URL('programs/', pathToFileURL(file)).href;
  const figures = await module.default({ bundle, programs, options });
  process.send?.(figures, () => process.disconnect());
}

/**
 * @param {{ folder: string, suffix: string }} kind
 * @param {string} wanted
 * @param {readonly string[]} options
 */
async function runAll({ folder, suffix }, wanted, options) {
  const files = readdirSync(join(HERE, '../..', folder));
  const names = files.filter((name) => name.endsWith(suffix) && name.includes(wanted));
  if (names.length === 0) {
    process.stderr.write(`nothing in ${folder} is named "${wanted}"\n`);
    return 1;
  }
  const bundle = await buildBundle();
  const built = mkdtempSync(join(fileURLToPath(bundle), '..', '.bench-'));
  let missed = 0;
  try {
    const entries = names.map((name) => [basename(name, '.ts'), `${folder}/${name}`]);
    const programs = readdirSync(join(HERE, 'programs')).map((name) => [
      `programs/${basename(name, '.ts')}`,
      `test/bench/programs/${name}`,
    ]);
    await bundleInto(built, Object.fromEntries([...entries, ...programs]));
    printRow(['figure', 'median', 'range', 'goal', '']);
    for (const [name] of entries) {
      const figures = await runOne(join(built, `${name}.js`), bundle.href, options);
      for (const figure of figures) missed += printFigure(figure) ? 0 : 1;
    }
  } finally {
    rmSync(built, { recursive: true, force: true });
  }
  return missed > 0 ? 1 : 0;
}

/**
 * @param {string} file @param {string} bundle @param {readonly string[]} options
 * @returns {Promise<readonly Figure[]>}
 */
function runOne(file, bundle, options) {
  return new Promise((resolve, reject) => {
    /** @type {readonly Figure[] | undefined} */
    let figures;
    const child = fork(SELF, ['--measure', file, bundle, ...options], { execArgv: ['--expose-gc'] });
    child.on('message', (message) => {
      figures = /** @type {readonly Figure[]} */ (message);
    });
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code === 0 && figures) resolve(figures);
      else reject(new Error(`${basename(file)} ended with ${code} before it gave its figures`));
    });
  });
}

/**
 * Prints one line; says whether the goal was met.
 * @param {Figure} figure
 */
function printFigure({ name, unit, samples, goal }) {
  const sorted = [...samples].sort((a, b) => a - b);
  const median = /** @type {number} */ (sorted[sorted.length >> 1]);
  const range = sorted.length > 1 ? `${short(sorted[0])} – ${short(sorted.at(-1))} of ${sorted.length}` : '';
  let met = true;
  let wanted = '';
  if (goal && 'atMost' in goal) {
    met = median <= goal.atMost;
    wanted = `≤ ${short(goal.atMost)}`;
  } else if (goal) {
    met = median >= goal.atLeast;
    wanted = `≥ ${short(goal.atLeast)}`;
  }
  printRow([name, `${short(median)} ${unit}`, range, wanted, met ? '' : 'MISSED']);
  return met;
}

/** Three significant digits are all a benchmark is good for. @param {number | undefined} value */
function short(value = Number.NaN) {
  return value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
}

/** @param {readonly string[]} cells */
function printRow(cells) {
  const widths = [52, 16, 26, 12, 0];
  process.stdout.write(
    `${cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('')
      .trimEnd()}\n`,
  );
}
