/** Owns the measurement of a sync: a fresh node fetches a chain from one peer over loopback, both real processes. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchContext } from './figure.ts';
import { NodeProcess } from './node-process.ts';

const RUNS = 3;

/** Seconds of each run, from the order to link until the whole chain is connected and on disk. */
export async function timeSyncs(
  { bundle, programs }: BenchContext,
  chain: { readonly blocks: number; readonly transfers: number },
): Promise<number[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'pier-bench-'));
  const source = join(scratch, 'source');
  const program = fileURLToPath(new URL('make-chain.js', programs));
  mkdirSync(source);
  const made = spawnSync(process.execPath, [program, source, String(chain.blocks), String(chain.transfers)], {
    stdio: 'inherit',
  });
  if (made.status !== 0) throw new Error(`make-chain ended with ${made.status}`);
  const nodes: NodeProcess[] = [];
  try {
    const server = await NodeProcess.start({ bundle, data: source });
    nodes.push(server);
    const seconds: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      const data = join(scratch, `fresh-${run}`);
      const fresh = await NodeProcess.start({ bundle, data, genesis: join(source, 'genesis.json') });
      nodes.push(fresh);
      seconds.push(await timeSync(fresh, server.p2p, chain.blocks));
      await fresh.stop();
    }
    return seconds;
  } finally {
    for (const node of nodes) await node.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function timeSync(fresh: NodeProcess, url: string, height: number): Promise<number> {
  let reached: (atMs: number) => void = () => undefined;
  const end = new Promise<number>((resolve) => {
    reached = resolve;
  });
  await fresh.follow(['tip'], (event, atMs) => {
    if (event.topic === 'tip' && event.height === height) reached(atMs);
  });
  const start = performance.now();
  await fresh.call('connect', { url });
  return ((await end) - start) / 1000;
}
