/** Owns the node as a program of its own, which a testnet starts: options in, one line when it is ready, an exit code. */
import { parseArgs } from 'node:util';
import { ConfigError, readConfig } from './config.ts';
import type { ChildMessage } from './launch.ts';
import { explain, faultOf, runNode } from './run.ts';

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
  /** Goes on without the blocks that the folder once had and are lost. */
  'accept-loss': { type: 'boolean' },
  /** Given by the launcher: `launch.ts`. */
  launched: { type: 'boolean' },
} as const;

const launched = process.argv.includes('--launched') && process.send !== undefined;

function tell(message: ChildMessage, told: () => void): void {
  if (launched && process.connected) process.send?.(message, undefined, undefined, told);
  else told();
}

function fail(error: unknown): void {
  // The launcher tells what was refused; what is a fault of the program's own is told here, with its trace.
  const fault = faultOf(error);
  if (!launched || fault === null) process.stderr.write(`pier node: ${explain(error)}\n`);
  if (fault === null) process.exit(1);
  tell({ type: 'failed', fault }, () => process.exit(1));
}

// A node whose launcher was killed is killed with it: nobody would see it crash, and who killed it wants it gone.
if (launched) {
  const end = (): boolean => process.kill(process.pid, 'SIGKILL');
  process.on('disconnect', end);
  // The launcher may have been killed before this program was loaded.
  if (!process.connected) end();
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
    'accept-loss': acceptLoss,
    ...others
  } = readArguments();
  if (data === undefined) throw new ConfigError('--data is missing', 'Name the folder of the node.');
  const given = { data, allowOrigin, allowHost, acceptLoss, scrub: noScrub !== true, ...others, launched };
  await runNode(readConfig(given), {
    ready(info) {
      tell({ type: 'ready', info }, () => {});
      if (ready) process.stdout.write(`${JSON.stringify({ ready: true, ...info })}\n`);
    },
  });
  process.exit(0);
} catch (error) {
  fail(error);
}
