/** Owns the node as a program of its own, which a testnet starts: options in, one line when it is ready, an exit code. */
import { parseArgs } from 'node:util';
import { ConfigError, readConfig } from './config.ts';
import { explain, runNode } from './run.ts';

const OPTIONS = {
  data: { type: 'string' },
  genesis: { type: 'string' },
  listen: { type: 'string' },
  rpc: { type: 'string' },
  peer: { type: 'string', multiple: true },
  mine: { type: 'string' },
  hashrate: { type: 'string' },
  burst: { type: 'string' },
  lag: { type: 'string' },
  'allow-origin': { type: 'string', multiple: true },
  'allow-host': { type: 'string', multiple: true },
  'no-scrub': { type: 'boolean' },
  /** Prints `{"ready":true,…}` once it serves. */
  ready: { type: 'boolean' },
} as const;

function fail(error: unknown): never {
  process.stderr.write(`pier node: ${explain(error)}\n`);
  process.exit(1);
}

// The store is at a block boundary at any moment: to end at once is safe, to go on in an unknown state isn't.
process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);

function readArguments() {
  try {
    return parseArgs({ options: OPTIONS }).values;
  } catch (error) {
    throw new ConfigError((error as Error).message, `Options: --${Object.keys(OPTIONS).join(', --')}.`);
  }
}

try {
  const {
    data,
    ready,
    'allow-origin': allowOrigin,
    'allow-host': allowHost,
    'no-scrub': noScrub,
    ...others
  } = readArguments();
  if (data === undefined) throw new ConfigError('--data is missing', 'Name the folder of the node.');
  await runNode(readConfig({ data, allowOrigin, allowHost, scrub: noScrub !== true, ...others }), {
    ready(info) {
      if (ready) process.stdout.write(`${JSON.stringify({ ready: true, ...info })}\n`);
    },
  });
  process.exit(0);
} catch (error) {
  fail(error);
}
