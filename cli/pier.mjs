#!/usr/bin/env node
/**
 * Owns the start of the `pier` command: finds the bundle that belongs to the sources as they are, has it made when
 * there is none, and runs it. Everything a command does is in the bundle; this file only has to be quick.
 */
import { existsSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';
import { bundlePath, ownBundlePath } from './freshness.mjs';

async function findBundle() {
  try {
    for (const directory of [bundlePath(), ownBundlePath()]) {
      if (existsSync(new URL('cli.js', directory))) return directory;
    }
    const { buildBundle } = await import('./build.mjs');
    return await buildBundle();
  } catch (error) {
    fail(error);
  }
}

/** @param {any} error @returns {never} */
function fail({ message = 'it could not be started', code = 'NOT_BUILT', hint = '' }) {
  if (process.argv.includes('--json')) {
    process.stdout.write(`${JSON.stringify({ error: { code, message, hint } })}\n`);
  } else {
    process.stderr.write(`pier: ${message}${hint === '' ? '' : `; ${hint}`}\n`);
  }
  process.exit(1);
}

const directory = await findBundle();
// Node 22.1 and later keep compiled code between runs; earlier ones, and the types we check against, lack the call.
/** @type {any} */
const compiler = module;
compiler.enableCompileCache?.(fileURLToPath(new URL('.compiled', directory)));
await import(new URL('cli.js', directory).href);
