/**
 * Owns the programs of an earlier version, built from the history of this checkout, to make data folders as they were
 * then: commit `OLD_COMMIT` is the last whose stores have format 3.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const OLD_COMMIT = 'b624a85';

/** Builds them in `dir`. The folder of programs as a `file:` URL, or `null` if the history is not here. */
export function buildOldProgram(dir: string): string | null {
  const root = rootOf(process.cwd());
  const checkout = join(dir, 'old-program');
  mkdirSync(checkout, { recursive: true });
  try {
    const archive = execFileSync('git', ['-C', root, 'archive', OLD_COMMIT], { maxBuffer: 1 << 28 });
    execFileSync('tar', ['-x', '-C', checkout], { input: archive });
  } catch {
    return null;
  }
  symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'));
  execFileSync(process.execPath, [join(checkout, 'cli', 'pier.mjs'), '--help'], { stdio: 'ignore' });
  const [built] = readdirSync(join(checkout, 'dist')).filter((name) => !name.startsWith('.'));
  return pathToFileURL(join(checkout, 'dist', built!, '/')).href;
}

/** The checkout that a folder is in. */
function rootOf(folder: string): string {
  if (existsSync(join(folder, 'genesis.json')) && existsSync(join(folder, 'cli'))) return folder;
  return rootOf(dirname(folder));
}
