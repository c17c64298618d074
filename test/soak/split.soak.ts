/**
 * Cuts five nodes into two sides that both mine and are paid into, some of it the same money twice, and joins them again.
 * All must soon have one tip; what one side took and the other didn't contradict is mined once; no coin is made or lost.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatAddress } from '../../chain/format/address.ts';
import { fromHex, toHex } from '../../chain/format/bytes.ts';
import type { Params } from '../../chain/format/params.ts';
import { decodeTransaction } from '../../chain/format/transaction.ts';
import { rewardAt } from '../../chain/state/execute.ts';
import { waitUntil } from '../../cli/testnet/wait.ts';
import type { Measure } from '../bench/figure.ts';
import { NodeProcess } from '../bench/node-process.ts';
import { easyGenesis, makePeople, type Person, paramsOf, signTransfer } from '../bench/workload.ts';
import { agree, countStatuses, isRepeatable, statusOf } from './ledger-check.ts';

const SIDES = [
  [0, 1],
  [2, 3, 4],
];
const NODES = 5;
const SPLIT_MS = 20_000;
/** A side gets a transfer so often. */
const PACE_MS = 50;
/** People who pay on one side each, and those who spend the same money on both. */
const HONEST = 40;
const CHEATS = 10;
/** Five miners of this rate: a block a second. */
const WORK = 1_000;
const HASHRATE = 200;
const WAIT_MS = 60_000;

const soakSplit: Measure = async ({ bundle }) => {
  const scratch = mkdtempSync(join(tmpdir(), 'pier-soak-'));
  const people = makePeople(HONEST + CHEATS);
  const genesis = easyGenesis({ funded: people, work: WORK });
  const params = paramsOf(genesis);
  const path = join(scratch, 'genesis.json');
  writeFileSync(path, JSON.stringify(genesis));
  const mine = formatAddress(people[0]!.address);
  const nodes: NodeProcess[] = [];
  try {
    for (let i = 0; i < NODES; i++) {
      const peers = nodes.map(({ p2p }) => p2p);
      const data = join(scratch, `node-${i}`);
      nodes.push(await NodeProcess.start({ bundle, data, genesis: path, peers, mine, hashrate: HASHRATE }));
    }
    await waitUntil(() => areLinked(nodes), WAIT_MS);
    const ids = nodes.map(({ id }) => id);
    const before = await heights(nodes);
    await Promise.all(
      SIDES.flatMap((side) => side.map((i) => nodes[i]!.call('allow', { nodes: side.map((k) => ids[k]) }))),
    );
    const paid = await paySides(nodes, params, people);
    const grown = (await heights(nodes)).map((height, i) => height - before[i]!);
    const healed = performance.now();
    await Promise.all(nodes.map((node) => node.call('allow', { nodes: null })));
    const joined = await agree(nodes, WAIT_MS);
    const healMs = performance.now() - healed;
    await waitUntil(async () => (await statusOf(nodes[0]!)).mempool === 0, WAIT_MS);
    await Promise.all(nodes.map((node) => node.call('mine', { address: null })));
    const settled = await agree(nodes, WAIT_MS);
    const mined = (await countStatuses(nodes[0]!, paid.honest)).get('mined') ?? 0;
    let conflicts = 0;
    for (const pair of paid.doubles) {
      const statuses = await countStatuses(nodes[0]!, pair);
      if (statuses.get('mined') !== 1) conflicts++;
    }
    const right = await isRepeatable(
      nodes[0]!,
      { bundle, genesis: path, data: join(scratch, 'fresh') },
      WAIT_MS,
    );
    const { height, supply } = await statusOf(nodes[0]!);
    const exact = BigInt(supply) === expectedSupply(params, height);
    const none = { atMost: 0 };
    return [
      {
        name: 'blocks of the side that grew less',
        unit: '',
        samples: [Math.min(...grown)],
        goal: { atLeast: 1 },
      },
      {
        name: 'from the heal to one tip',
        unit: 'ms',
        samples: [joined ? healMs : WAIT_MS],
        goal: { atMost: 10_000 },
      },
      { name: 'valid transfers during the split', unit: '', samples: [paid.honest.length] },
      { name: 'of these not mined in the end', unit: '', samples: [paid.honest.length - mined], goal: none },
      { name: 'pairs of contradicting transfers', unit: '', samples: [paid.doubles.length] },
      { name: 'of these not mined exactly once', unit: '', samples: [conflicts], goal: none },
      {
        name: 'faults in supply, agreement, replay',
        unit: '',
        samples: [faults(exact, settled, right)],
        goal: none,
      },
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

async function heights(nodes: readonly NodeProcess[]): Promise<number[]> {
  return (await Promise.all(nodes.map(statusOf))).map(({ height }) => height);
}

/** Pays on both sides for the time of the split. A cheat pays one person here and another there with one nonce. */
async function paySides(
  nodes: readonly NodeProcess[],
  params: Params,
  people: readonly Person[],
): Promise<{ honest: string[]; doubles: [string, string][] }> {
  const { chainId } = await nodes[0]!.call<{ chainId: string }>('status');
  const pay = async (node: NodeProcess, from: Person, to: Person): Promise<string> => {
    const bytes = signTransfer(params, fromHex(chainId), from, [{ to: to.address, amount: 1 }]);
    const { results } = await node.call<{ results: { error?: { message: string } }[] }>('submit', {
      transactions: [toHex(bytes)],
    });
    if (results[0]!.error !== undefined) throw new Error(`refused: ${results[0]!.error.message}`);
    return decodeTransaction(bytes).key;
  };
  const honest: string[] = [];
  const doubles: [string, string][] = [];
  const end = performance.now() + SPLIT_MS;
  for (let turn = 0; performance.now() < end; turn++) {
    for (const [s, side] of SIDES.entries()) {
      const from = people[(2 * turn + s) % HONEST]!;
      honest.push(await pay(nodes[side[turn % side.length]!]!, from, people[turn % people.length]!));
    }
    const cheat = people[HONEST + turn];
    if (cheat !== undefined) {
      const here = await pay(nodes[0]!, cheat, people[0]!);
      cheat.nonce -= 1;
      doubles.push([here, await pay(nodes[NODES - 1]!, cheat, people[1]!)]);
    }
    await sleep(PACE_MS);
  }
  return { honest, doubles };
}

/** Nobody makes accounts here, so nothing is burned: what genesis gave, and the rewards that have matured. */
function expectedSupply(params: Params, height: number): bigint {
  let supply = params.allocations.reduce((sum, { amount }) => sum + BigInt(amount), 0n);
  for (let h = 1; h <= height - params.reward.maturity; h++) supply += BigInt(rewardAt(params, h));
  return supply;
}

const faults = (...good: readonly boolean[]): number => good.filter((one) => !one).length;

export default soakSplit;
