/**
 * Measures one node under load from users: 10,000 transfers of 1,000 senders, signed before, submitted over the RPC in
 * batches until its own miner has put all of them into blocks.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatAddress } from '../../chain/format/address.ts';
import { fromHex, toHex } from '../../chain/format/bytes.ts';
import type { Measure } from './figure.ts';
import { NodeProcess } from './node-process.ts';
import { easyGenesis, makePeople, type Person, paramsOf, signRound } from './workload.ts';

const RUNS = 3;
const SENDERS = 1_000;
const TRANSFERS = 10_000;
const BATCH = 1_000;
/** Together some two and a half blocks a second. */
const WORK = 2_000;
const HASHRATE = 5_000;

interface Submission {
  readonly results: readonly { readonly status?: string; readonly error?: { readonly message: string } }[];
}

const measureRpc: Measure = async ({ bundle }) => {
  const scratch = mkdtempSync(join(tmpdir(), 'pier-bench-'));
  const people = makePeople(SENDERS);
  const genesis = easyGenesis({ funded: people, work: WORK });
  writeFileSync(join(scratch, 'genesis.json'), JSON.stringify(genesis));
  const samples: number[] = [];
  try {
    for (let run = 0; run < RUNS; run++) {
      const node = await NodeProcess.start({
        bundle,
        data: join(scratch, `node-${run}`),
        genesis: join(scratch, 'genesis.json'),
        mine: formatAddress(people[0]!.address),
        hashrate: HASHRATE,
      });
      try {
        samples.push(await timeLoad(node, genesis, people));
      } finally {
        await node.stop();
      }
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const name = '10,000 transfers through the RPC until mined';
  return [{ name, unit: 'tx/s', samples, goal: { atLeast: 2_500 } }];
};

/** Transfers a second, from the first call to the event of the block with the last of them. */
async function timeLoad(node: NodeProcess, genesis: object, people: Person[]): Promise<number> {
  const { chainId } = await node.call<{ chainId: string }>('status');
  for (const person of people) person.nonce = 0;
  const signed = signRound(paramsOf(genesis), fromHex(chainId), people, TRANSFERS).map(toHex);
  let mined = 0;
  let end: (atMs: number) => void = () => undefined;
  const ended = new Promise<number>((resolve) => {
    end = resolve;
  });
  await node.follow(['tip'], (event, atMs) => {
    if (event.topic !== 'tip') return;
    mined += event.transactions;
    if (mined === TRANSFERS) end(atMs);
  });
  const start = performance.now();
  for (let at = 0; at < TRANSFERS; at += BATCH) {
    const { results } = await node.call<Submission>('submit', { transactions: signed.slice(at, at + BATCH) });
    const refused = results.find(({ error }) => error !== undefined);
    if (refused !== undefined) throw new Error(`a transfer was refused: ${refused.error!.message}`);
  }
  return TRANSFERS / (((await ended) - start) / 1000);
}

export default measureRpc;
