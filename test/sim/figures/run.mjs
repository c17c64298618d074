/** Owns `npm run sim:figures`: bundles the studies as the programs are bundled, and runs them with what it was told. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundleInto } from '../../../cli/build.mjs';

const folder = mkdtempSync(join(tmpdir(), 'pier-figures-'));
try {
  await bundleInto(folder, { program: 'test/sim/figures/program.ts' });
  const { runStudies } = await import(pathToFileURL(join(folder, 'program.js')).href);
  process.exitCode = await runStudies(process.argv.slice(2));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
