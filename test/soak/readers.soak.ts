/**
 * Measures what clients that read nothing make a node hold: 100 callers of large answers, 64 subscribers and 60 peers
 * that ask for blocks, with a full mempool; and what is left a minute after they have gone and the mempool is empty.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import { WebSocket as Socket13 } from 'ws';
import { formatAddress } from '../../chain/format/address.ts';
import { fromHex, toHex } from '../../chain/format/bytes.ts';
import { waitUntil } from '../../cli/testnet/wait.ts';
import { encodeMessage } from '../../p2p/messages.ts';
import type { Measure } from '../bench/figure.ts';
import { memoryOf, NodeProcess } from '../bench/node-process.ts';
import { easyGenesis, makePeople, paramsOf, signRound } from '../bench/workload.ts';
import { join } from './joiner.ts';

const CALLERS = 100;
const CALLS_EACH = 20;
const SUBSCRIBERS = 64;
const PEERS = 60;
const BATCH = 1_000;
const BLOCKS = 20;
/** A block of some work each second, so that the mempool fills. */
const WORK = 4_000;
const SLOW = 400;
const FAST = 40_000;
const ATTACK_MS = 20_000;
const AFTER_MS = 60_000;
const LIMIT_MS = 120_000;
const GOALS = { peak: 200, after: 90 };

const soakReaders: Measure = async ({ bundle }) => {
  const scratch = mkdtempSync(path(tmpdir(), 'pier-soak-'));
  const people = makePeople(1_000);
  const genesis = easyGenesis({ funded: people, work: WORK });
  const file = path(scratch, 'genesis.json');
  writeFileSync(file, JSON.stringify(genesis));
  const address = formatAddress(people[0]!.address);
  const node = await NodeProcess.start({ bundle, genesis: file, data: path(scratch, 'node') });
  const sockets: Socket[] = [];
  const links: WebSocket[] = [];
  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, memoryOf(node.pid));
  }, 100);
  try {
    const { chainId } = await node.call<{ chainId: string }>('status');
    const submit = async (): Promise<number> => {
      const transactions = signRound(paramsOf(genesis), fromHex(chainId), people, BATCH).map(toHex);
      const { results } = await node.call<{ results: { error?: object }[] }>('submit', { transactions });
      return results.filter(({ error }) => error === undefined).length;
    };
    const height = async (): Promise<number> => (await node.call<{ height: number }>('status')).height;
    await submit();
    await node.call('mine', { address, hashrate: FAST });
    if (!(await waitUntil(async () => (await height()) >= BLOCKS, LIMIT_MS))) throw new Error('no blocks');
    await node.call('mine', { address, hashrate: SLOW });
    const ids = await largestBlocks(node);
    const before = memoryOf(node.pid);
    for (let i = 0; i < PEERS; i++) {
      const link = await join(
        Number(new URL(node.p2p.replace('ws', 'http')).port),
        fromHex(chainId),
        LIMIT_MS,
      );
      link.pause();
      links.push(link);
    }
    for (let i = 0; i < SUBSCRIBERS; i++) links.push(await subscribe(node.rpc));
    for (let i = 0; i < CALLERS; i++) sockets.push(callOnAndOn(node.rpc));
    const end = performance.now() + ATTACK_MS;
    let full = false;
    for (let request = 0; performance.now() < end || !full; request++) {
      for (const link of links.slice(0, PEERS))
        if (link.readyState === link.OPEN) link.send(encodeMessage('getBodies', { request, ids }));
      full ||= (await submit()) < BATCH;
      if (performance.now() > end + LIMIT_MS) throw new Error('the mempool does not fill');
    }
    for (const socket of sockets) socket.destroy();
    for (const link of links) link.terminate();
    await node.call('mine', { address, hashrate: FAST });
    const empty = async (): Promise<boolean> =>
      (await node.call<{ mempool: number }>('status')).mempool === 0;
    if (!(await waitUntil(empty, LIMIT_MS))) throw new Error('the mempool does not empty');
    await node.call('mine', { address: null });
    await sleep(AFTER_MS);
    return [
      { name: 'resident before', unit: 'MB', samples: [before] },
      { name: 'resident at the peak', unit: 'MB', samples: [peak], goal: { atMost: GOALS.peak } },
      {
        name: 'resident a minute after',
        unit: 'MB',
        samples: [memoryOf(node.pid)],
        goal: { atMost: GOALS.after },
      },
    ];
  } finally {
    clearInterval(watch);
    for (const socket of sockets) socket.destroy();
    for (const link of links) link.terminate();
    await node.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
};

/** Ids of one block, the largest there is, as often as may be asked at once. */
async function largestBlocks(node: NodeProcess): Promise<Uint8Array[]> {
  let largest = { id: '', size: 0 };
  for (let height = 1; height <= BLOCKS; height++) {
    const block = await node.call<{ id: string; size: number }>('block', { height });
    if (block.size > largest.size) largest = block;
  }
  return Array.from({ length: 16 }, () => fromHex(largest.id));
}

async function subscribe(rpc: string): Promise<WebSocket> {
  const socket = new Socket13(`${rpc.replace('http', 'ws')}/ws`, { autoPong: false });
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('open', resolve));
  const params = { topics: ['tip', 'reorg', 'transaction', 'record'] };
  socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'subscribe', params }));
  await new Promise((resolve) => socket.once('message', resolve));
  socket.pause();
  return socket;
}

function callOnAndOn(rpc: string): Socket {
  const { port } = new URL(rpc);
  const call = { jsonrpc: '2.0', id: 1, method: 'headers', params: { height: 0, count: 500 } };
  const body = JSON.stringify(Array.from({ length: 100 }, () => call));
  const head = `POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => {});
  socket.write(`${head}${body}`.repeat(CALLS_EACH));
  return socket.pause();
}

export default soakReaders;
