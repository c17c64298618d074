/**
 * Measures how long five linked nodes take to know: a transaction, from the call that submits it to the last node's
 * event; a block, from the first node's event to the last's. All are processes of their own, one of them mines.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatAddress } from '../../chain/format/address.ts';
import { fromHex, toHex } from '../../chain/format/bytes.ts';
import { decodeTransaction } from '../../chain/format/transaction.ts';
import { waitUntil } from '../../cli/testnet/wait.ts';
import { Arrivals } from './arrivals.ts';
import type { Measure } from './figure.ts';
import { NodeProcess } from './node-process.ts';
import { easyGenesis, makePeople, type Person, paramsOf, signRound } from './workload.ts';

const NODES = 5;
const TRANSFERS = 100;
const BLOCKS = 40;
/** A block every two thirds of a second: none meets the one before. */
const WORK = 200;
const HASHRATE = 300;
const LINK_TIMEOUT_MS = 30_000;

const measureRelay: Measure = async ({ bundle }) => {
  const scratch = mkdtempSync(join(tmpdir(), 'pier-bench-'));
  const people = makePeople(10);
  const genesis = easyGenesis({ funded: people, work: WORK });
  const path = join(scratch, 'genesis.json');
  writeFileSync(path, JSON.stringify(genesis));
  const nodes: NodeProcess[] = [];
  try {
    for (let i = 0; i < NODES; i++) {
      const peers = nodes.map(({ p2p }) => p2p);
      nodes.push(await NodeProcess.start({ bundle, data: join(scratch, `node-${i}`), genesis: path, peers }));
    }
    const linked = await waitUntil(() => areLinked(nodes), LINK_TIMEOUT_MS);
    if (!linked) throw new Error('the nodes did not link');
    const transactions = new Arrivals(NODES);
    const blocks = new Arrivals(NODES);
    for (const node of nodes) {
      await node.follow(['tip', 'transaction'], (event, atMs) => {
        if (event.topic === 'tip') blocks.note(event.id, atMs);
        if (event.topic === 'transaction' && event.status === 'pending') transactions.note(event.id, atMs);
      });
    }
    const transactionMs = await timeTransfers(nodes, transactions, genesis, people);
    await nodes[0]!.call('mine', { address: formatAddress(people[0]!.address), hashrate: HASHRATE });
    const blockMs = await blocks.spreads(BLOCKS);
    return [
      {
        name: 'transaction to all mempools of five nodes',
        unit: 'ms',
        samples: transactionMs,
        goal: { atMost: 30 },
      },
      { name: 'block to all tips of five nodes', unit: 'ms', samples: blockMs, goal: { atMost: 20 } },
    ];
  } finally {
    for (const node of nodes) await node.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
};

async function areLinked(nodes: readonly NodeProcess[]): Promise<boolean> {
  const all = await Promise.all(nodes.map((node) => node.call<{ peers: number }>('status')));
  return all.every(({ peers }) => peers === NODES - 1);
}

/** One after the other, each to the next node. */
async function timeTransfers(
  nodes: readonly NodeProcess[],
  arrivals: Arrivals,
  genesis: object,
  people: Person[],
): Promise<number[]> {
  const { chainId } = await nodes[0]!.call<{ chainId: string }>('status');
  const samples: number[] = [];
  for (const [i, bytes] of signRound(paramsOf(genesis), fromHex(chainId), people, TRANSFERS).entries()) {
    const start = performance.now();
    await nodes[i % NODES]!.call('submit', { transactions: [toHex(bytes)] });
    samples.push((await arrivals.last(decodeTransaction(bytes).key)) - start);
  }
  return samples;
}

export default measureRelay;
