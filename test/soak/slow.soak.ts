/**
 * Measures how long honest peers and callers wait while 260 connections that say nothing, or a byte a second, are held
 * and dialled again: from the loopback and from another network, against either port. `--seconds N` is how long each of
 * the four lasts.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fromHex } from '../../chain/format/bytes.ts';
import type { Figure, Measure } from '../bench/figure.ts';
import { NodeProcess } from '../bench/node-process.ts';
import { easyGenesis, makePeople } from '../bench/workload.ts';
import { join } from './joiner.ts';
import { Namespace } from './namespace.ts';

const CONNECTIONS = 260;
const PAUSE_MS = 250;
const GIVEN_UP_MS = 20_000;
const GOALS = { join: 5_000, call: 1_000 };

const soakSlow: Measure = async ({ bundle, programs, options }) => {
  const { values } = parseArgs({
    args: [...options],
    options: { seconds: { type: 'string', default: '120' } },
  });
  const scratch = mkdtempSync(path(tmpdir(), 'pier-soak-'));
  const genesis = path(scratch, 'genesis.json');
  writeFileSync(genesis, JSON.stringify(easyGenesis({ funded: makePeople(1) })));
  const namespace = Namespace.make();
  if (namespace === null)
    process.stderr.write('no other network can be made here (Linux, root): only the loopback\n');
  const node = await NodeProcess.start({ bundle, genesis, data: path(scratch, 'node'), host: '0.0.0.0' });
  const figures: Figure[] = [];
  try {
    const { chainId } = await node.call<{ chainId: string }>('status');
    const portOf = (url: string): number => Number(new URL(url.replace('ws:', 'http:')).port);
    const crowd = fileURLToPath(new URL('silent-crowd.js', programs));
    const sides = [
      { from: 'loopback', prefix: [], host: '127.0.0.1' },
      ...(namespace === null
        ? []
        : [{ from: 'another network', prefix: namespace.prefix, host: namespace.host }]),
    ];
    for (const { from, prefix, host } of sides) {
      for (const [name, url] of [
        ['P2P', node.p2p],
        ['RPC', node.rpc],
      ] as const) {
        const args = [crowd, host, String(portOf(url)), String(CONNECTIONS), values.seconds];
        const [command, ...words] = [...prefix, process.execPath, ...args];
        const attack = spawn(command!, words, { stdio: 'ignore' });
        const ended = new Promise((resolve) => attack.once('exit', resolve));
        const on = { yes: true };
        ended.then(() => {
          on.yes = false;
        });
        try {
          const joins = repeat(on, async () =>
            (await join(portOf(node.p2p), fromHex(chainId), GIVEN_UP_MS)).terminate(),
          );
          const calls = repeat(on, () => node.call('status'));
          figures.push(...report(`joins, ${name} held from ${from}`, await joins, GOALS.join));
          figures.push(...report(`calls, ${name} held from ${from}`, await calls, GOALS.call));
        } finally {
          attack.kill();
          await ended;
        }
      }
    }
    return figures;
  } finally {
    await node.stop();
    namespace?.remove();
    rmSync(scratch, { recursive: true, force: true });
  }
};

/** Times of each, ms; one that fails counts as given up. */
async function repeat(on: { readonly yes: boolean }, one: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  while (on.yes) {
    const start = performance.now();
    await one().then(
      () => times.push(performance.now() - start),
      () => times.push(Number.POSITIVE_INFINITY),
    );
    await sleep(PAUSE_MS);
  }
  return times;
}

function report(what: string, times: readonly number[], goal: number): Figure[] {
  return [
    { name: what, unit: 'ms', samples: times },
    { name: 'the slowest of them', unit: 'ms', samples: [Math.max(...times)], goal: { atMost: goal } },
  ];
}

export default soakSlow;
