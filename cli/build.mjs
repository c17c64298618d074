/**
 * Owns how the sources become a bundle: what is built, and that it appears all at once. Any number of processes may
 * build at the same time; each works in a folder of its own and the first to finish gives it the final name.
 *
 * `dist/` keeps the newest builds only: a testnet may still run from an earlier one, so not just the last.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundlePath, ownBundlePath } from './freshness.mjs';

const BUILDS_KEPT = 5;
/** A build takes under a second: a folder of a build this old was left by a process that was killed. */
const ABANDONED_MS = 10 * 60_000;
const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Programs of the bundle: the command, a node, the launcher a testnet spawns for it, the thread that mines, and that of `pier sim`. */
const ENTRIES = {
  cli: 'cli/main.ts',
  node: 'node/main.ts',
  launcher: 'node/launcher.ts',
  'miner-worker': 'node/miner-worker.ts',
  'world-worker': 'cli/worlds/worker.ts',
};

/** CommonJS packages inside an ES module still ask for `require`. */
const BANNER = `import { createRequire as pierCreateRequire } from 'node:module';
const require = pierCreateRequire(import.meta.url);`;

/**
 * Builds what `bundlePath` names, unless it is there. Where that can't be written, as in a checkout of another user, it is
 * built into the user's own folder. Gives its folder as a URL that ends with a slash.
 */
export async function buildBundle() {
  try {
    return await buildAt(bundlePath());
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code !== 'EACCES' && code !== 'EPERM' && code !== 'EROFS') throw error;
    const own = ownBundlePath();
    const folder = dirname(fileURLToPath(own));
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Packages that are not part of a bundle are found from where it is.
    try {
      symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction');
    } catch (fault) {
      if (/** @type {NodeJS.ErrnoException} */ (fault).code !== 'EEXIST') throw fault;
    }
    return buildAt(own);
  }
}

/** @param {URL} target */
async function buildAt(target) {
  const path = fileURLToPath(target).slice(0, -1);
  if (existsSync(path)) return target;
  const dist = dirname(path);
  mkdirSync(dist, { recursive: true });
  const scratch = join(dist, `.building-${process.pid}-${performance.now()}`);
  try {
    await buildPrograms(scratch);
    publish(scratch, path);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  prune(dist, path);
  return target;
}

/**
 * Builds the programs themselves, wherever it is told.
 * @param {string} outdir
 */
export async function buildPrograms(outdir) {
  const entries = Object.entries(ENTRIES).filter(([, file]) => existsSync(join(ROOT, file)));
  if (entries.length === 0) throw new Error('no sources to build here');
  await bundleInto(outdir, Object.fromEntries(entries));
}

/**
 * Builds any sources of this checkout the way the programs are built.
 * @param {string} outdir
 * @param {Readonly<Record<string, string>>} entryPoints names of programs, and the files they begin with
 */
export async function bundleInto(outdir, entryPoints) {
  const esbuild = await import('esbuild').catch(() => {
    throw Object.assign(new Error('the packages are not installed'), {
      code: 'NOT_INSTALLED',
      hint: 'run: npm ci --ignore-scripts',
    });
  });
  await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints,
    outdir,
    bundle: true,
    format: 'esm',
    // Commands are loaded by `import()`, each from a chunk of its own.
    splitting: true,
    chunkNames: 'chunk-[name]-[hash]',
    platform: 'node',
    target: 'node20.19',
    // Finds its compiled part by a path relative to its own files.
    external: ['classic-level'],
    banner: { js: BANNER },
    sourcemap: 'linked',
    sourcesContent: false,
    // What went wrong is in the error it throws.
    logLevel: 'silent',
  });
}

/**
 * Gives the finished folder its name. When another process was first, its folder is as good.
 * @param {string} scratch
 * @param {string} path
 */
function publish(scratch, path) {
  try {
    renameSync(scratch, path);
  } catch (error) {
    if (!existsSync(path)) throw error;
  }
}

/** @param {string} dist @param {string} current */
function prune(dist, current) {
  const builds = readdirSync(dist, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules')
    .map((entry) => join(dist, entry.name))
    .filter((path) => path !== current)
    .map((path) => ({ path, time: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((a, b) => b.time - a.time);
  // Other folders with a dot belong to whoever made them: benchmarks.
  const finished = builds.filter(({ path }) => !basename(path).startsWith('.'));
  const abandoned = builds.filter(
    ({ path, time }) => path.includes('.building-') && Date.now() - time > ABANDONED_MS,
  );
  for (const { path } of [...finished.slice(BUILDS_KEPT - 1), ...abandoned]) {
    rmSync(path, { recursive: true, force: true });
  }
}
