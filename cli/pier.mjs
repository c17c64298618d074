#!/usr/bin/env node
/**
 * Owns the start of the `pier` command: finds the bundle that belongs to the sources as they are, has it made when
 * there is none, and runs it. Everything a command does is in the bundle; this file only has to be quick.
 */
import { existsSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';
import { bundlePath } from './freshness.mjs';

async function findBundle() {
  try {
    const directory = bundlePath();
    if (existsSync(new URL('cli.js', directory))) return directory;
    const { buildBundle } = await import('./build.mjs');
    return await buildBundle();
  } catch (error) {
    process.stderr.write(`pier: ${error instanceof Error ? error.message : error}\n`);
    process.exit(1);
  }
}

const directory = await findBundle();
// Node 22.1 and later keep compiled code between runs; earlier ones, and the types we check against, lack the call.
/** @type {any} */
const compiler = module;
compiler.enableCompileCache?.(fileURLToPath(new URL('.compiled', directory)));
await import(new URL('cli.js', directory).href);
