import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { formatAddress } from '../../chain/format/address.ts';
import defaults from '../../genesis.json' with { type: 'json' };
import { readConfig } from '../../node/config.ts';
import { type RunningNode, startNode } from '../../node/node.ts';
import { draws } from '../p2p/test-node.ts';

const MINER = formatAddress(new Uint8Array(20).fill(1));
const BLOCKS = 40;
const GENESIS = {
  ...defaults,
  name: 'test',
  time: Date.now() - 600_000,
  limits: { ...defaults.limits, futureMs: 60_000 },
  difficulty: { bits: '207fffff', floorBits: '207fffff', targetMs: 1_000, halfLifeMs: 600_000 },
};

const root = mkdtempSync(join(tmpdir(), 'pier-damage-'));
const whole = join(root, 'whole');
const damaged = join(root, 'damaged');
let truth: RunningNode;
const running: RunningNode[] = [];

async function start(data: string, options: { listen?: string; peer?: string[]; mine?: string } = {}) {
  const config = readConfig({ data, genesis: join(root, 'genesis.json'), rpc: '127.0.0.1:0', ...options });
  const node = await startNode(config, new URL('miner-worker.js', inject('bundle')));
  running.push(node);
  return node;
}

async function stop(node: RunningNode): Promise<void> {
  running.splice(running.indexOf(node), 1);
  node.stop();
  await node.ended;
}

async function call(node: RunningNode, method: string, params: object = {}) {
  const response = await fetch(node.info.rpc, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  return ((await response.json()) as { result: Record<string, unknown> }).result;
}

beforeAll(async () => {
  writeFileSync(join(root, 'genesis.json'), JSON.stringify(GENESIS));
  const miner = await start(whole, { mine: MINER });
  while (((await call(miner, 'status')).height as number) < BLOCKS);
  await stop(miner);
  // The copies have another identity: a node has no link to itself.
  cpSync(whole, join(root, 'copy'), { recursive: true });
  rmSync(join(root, 'copy', 'identity'));
  truth = await start(whole, { listen: '127.0.0.1:0' });
});
afterEach(async () => {
  for (const node of running.filter((each) => each !== truth)) await stop(node);
  rmSync(damaged, { recursive: true, force: true });
});
afterAll(async () => {
  await stop(truth);
  rmSync(root, { recursive: true, force: true });
});

/** The file of the database with the most bytes whose name matches. */
function fileOf(name: RegExp): string {
  const found = readdirSync(join(damaged, 'db')).filter((each) => name.test(each));
  const sizes = found.map((each) => [statSync(join(damaged, 'db', each)).size, each] as const);
  return join(damaged, 'db', sizes.sort(([a], [b]) => b - a)[0]![1]);
}

function flipBit(path: string, random: () => number): void {
  const bytes = readFileSync(path);
  bytes[random() % bytes.length]! ^= 1 << (random() % 8);
  writeFileSync(path, bytes);
}

const DATA = /\.(?:ldb|log)$/;
const DAMAGES: readonly [string, () => void][] = [
  ...[1, 2, 3, 4, 5, 6].map((seed): [string, () => void] => [
    `a flipped bit (${seed})`,
    () => flipBit(fileOf(DATA), draws(seed)),
  ]),
  ['a data file cut in half', () => truncateSync(fileOf(DATA), statSync(fileOf(DATA)).size >> 1)],
  ['a data file gone', () => rmSync(fileOf(DATA))],
  ['a flipped bit in MANIFEST', () => flipBit(fileOf(/MANIFEST/), draws(7))],
  ['no CURRENT', () => rmSync(fileOf(/CURRENT/))],
];

describe('a node whose database has', () => {
  it.each(DAMAGES)(
    '%s never says what is not so, and has all of it back from a peer',
    async (_name, damage) => {
      cpSync(join(root, 'copy'), damaged, { recursive: true });
      damage();
      const alone = await start(damaged);
      const { height, tip, stateRoot } = await call(alone, 'status');
      expect(await call(truth, 'header', { height: height as number })).toMatchObject({ id: tip, stateRoot });
      await stop(alone);
      const best = (await call(truth, 'status')).tip;
      const caughtUp = async (): Promise<RunningNode> => {
        const node = await start(damaged, { peer: [truth.info.p2p!] });
        while ((await call(node, 'status')).tip !== best);
        return node;
      };
      let again = await caughtUp();
      /** An answer; a node that finds damage on its way to one refuses it and ends, and the next start has it. */
      const answerOf = async (method: string, params: object) => {
        const answer = await call(again, method, params);
        if (answer !== undefined) return answer;
        expect(await again.ended).toEqual({ cause: 'damaged' });
        await stop(again);
        again = await caughtUp();
        return call(again, method, params);
      };
      for (const [method, params] of [
        ['account', { address: MINER }],
        ['history', { address: MINER }],
        ['block', { height: BLOCKS >> 1 }],
      ] as const) {
        expect(await answerOf(method, params)).toEqual(await call(truth, method, params));
      }
    },
  );
});
