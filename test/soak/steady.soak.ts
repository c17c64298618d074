/**
 * Runs five nodes under a load that never changes, and watches what their memory does. `--minutes N` is how long,
 * `--from N` the minute from which growth is counted, `--rate N` the transactions a second of all nodes together, and
 * `--snapshots FOLDER` asks for heap snapshots of the first node at both ends of the count. Each sample is a line on
 * stderr.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { formatAddress } from '../../chain/format/address.ts';
import { NODE_HASHRATE } from '../../cli/testnet/create.ts';
import { deriveGenesis } from '../../cli/testnet/genesis.ts';
import type { Measure } from '../bench/figure.ts';
import { descriptorsOf, memoryOf, NodeProcess } from '../bench/node-process.ts';
import { easyGenesis, makePeople, paramsOf } from '../bench/workload.ts';
import { headerBytes } from './header-bytes.ts';
import { SteadyLoad } from './steady-load.ts';

const NODES = 5;
const PEOPLE = 400;
const BLOCK_MS = 2_000;
/** Between two samples; each forces a collection in every node. */
const SAMPLE_MS = 60_000;
/** Growth is from the median of so many samples to that of the last: a sample has whatever waits at its moment. */
const SAMPLES_AN_END = 5;
const MB = 1024 * 1024;
const GOALS = { live: 2, rss: 15 };

interface Sample {
  readonly minute: number;
  /** MB, of which `live` is without the headers. */
  readonly live: number;
  readonly heap: number;
  readonly external: number;
  readonly rss: number;
  readonly mapped: number;
  readonly descriptors: number;
  readonly height: number;
}

const soakSteady: Measure = async ({ bundle, programs, options }) => {
  const { minutes, from, rate, snapshots } = readOptions(options);
  const scratch = mkdtempSync(join(tmpdir(), 'pier-soak-'));
  const people = makePeople(PEOPLE);
  const genesis = steadyGenesis(people);
  const path = join(scratch, 'genesis.json');
  writeFileSync(path, JSON.stringify(genesis));
  const perHeader = await headerBytes(paramsOf(genesis));
  const probe = new URL('heap-probe.js', programs).href;
  const wish = { bundle, genesis: path, hashrate: NODE_HASHRATE, probe };
  const nodes: NodeProcess[] = [];
  const samples: Sample[][] = [];
  try {
    for (let i = 0; i < NODES; i++) {
      const peers = nodes.map(({ p2p }) => p2p);
      const mine = formatAddress(people[i]!.address);
      nodes.push(await NodeProcess.start({ ...wish, data: join(scratch, `node-${i}`), peers, mine }));
    }
    const { chainId } = await nodes[0]!.call<{ chainId: string }>('status');
    const load = new SteadyLoad(paramsOf(genesis), chainId, people, nodes);
    const running = load.run(rate);
    const start = performance.now();
    for (let minute = 1; minute <= minutes; minute++) {
      const due = start + minute * SAMPLE_MS - performance.now();
      await Promise.race([sleep(Math.max(0, due)), running]);
      const ends = minute === from || minute === minutes;
      const file = ends && snapshots !== undefined ? join(snapshots, `${minute}.heapsnapshot`) : undefined;
      const row: Sample[] = [];
      for (const [i, node] of nodes.entries())
        row.push(await sampleOf(node, { minute, perHeader, file: i === 0 ? file : undefined }));
      samples.push(row);
      process.stderr.write(`${JSON.stringify({ accepted: load.accepted, nodes: row })}\n`);
    }
    load.stop();
    await running;
    const last = samples.at(-1)!;
    const first = samples.slice(from - 1, from - 1 + SAMPLES_AN_END);
    const growth = (what: 'live' | 'rss' | 'mapped' | 'descriptors'): number[] =>
      last.map((_, i) => {
        const middle = (rows: readonly Sample[][]): number => median(rows.map((row) => row[i]![what]));
        return middle(samples.slice(-SAMPLES_AN_END)) - middle(first);
      });
    return [
      { name: 'transactions accepted', unit: '', samples: [load.accepted] },
      { name: 'memory of a header', unit: 'B', samples: [perHeader] },
      { name: 'blocks', unit: '', samples: last.map(({ height }) => height) },
      { name: 'resident memory at the end', unit: 'MB', samples: last.map(({ rss }) => rss) },
      worst('growth of live bytes, headers apart', 'MB', growth('live'), GOALS.live),
      worst('growth of resident memory', 'MB', growth('rss'), GOALS.rss),
      worst('of that, mapped files', 'MB', growth('mapped')),
      worst('descriptors more at the end', '', growth('descriptors'), 0),
    ];
  } finally {
    for (const node of nodes) await node.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
};

/** What a testnet's genesis says, with people who have money. */
function steadyGenesis(people: ReturnType<typeof makePeople>): object {
  const hashrate = NODES * NODE_HASHRATE;
  const faucet = people[0]!.address;
  const { allocations } = easyGenesis({ funded: people }) as { allocations: unknown };
  const genesis = deriveGenesis({ blockTimeMs: BLOCK_MS, hashrate, faucet, nowMs: Date.now() });
  return { ...genesis, allocations };
}

async function sampleOf(
  node: NodeProcess,
  { minute, perHeader, file }: { minute: number; perHeader: number; file: string | undefined },
): Promise<Sample> {
  // Before the collection: what a user sees.
  const [rss, mapped] = [memoryOf(node.pid), memoryOf(node.pid, 'RssFile')];
  const descriptors = descriptorsOf(node.pid);
  const { height } = await node.call<{ height: number }>('status');
  const { heap, external } = await node.live(file);
  const live = heap + external - height * perHeader;
  const round = (bytes: number): number => Math.round((100 * bytes) / MB) / 100;
  return {
    minute,
    live: round(live),
    heap: round(heap),
    external: round(external),
    rss,
    mapped,
    descriptors,
    height,
  };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

/** Held against the goal is the node that did worst. */
function worst(name: string, unit: string, all: readonly number[], atMost?: number) {
  const samples = [Math.max(...all)];
  return atMost === undefined ? { name, unit, samples } : { name, unit, samples, goal: { atMost } };
}

function readOptions(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '60' },
      from: { type: 'string', default: '15' },
      rate: { type: 'string', default: '20' },
      snapshots: { type: 'string' },
    },
  });
  const minutes = Number(values.minutes);
  const from = Math.min(Number(values.from), minutes);
  return { minutes, from, rate: Number(values.rate), snapshots: values.snapshots };
}

export default soakSteady;
