/**
 * Owns the life of a node that mines, is paid into, and follows another node, while it is killed again and again: under
 * load, while it starts, and while it makes its database anew. After each kill it must start, its work must not be less
 * than it was, its chain must be its peer's, and what it acknowledged must be mined or pending.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatAddress } from '../../chain/format/address.ts';
import { waitUntil } from '../../cli/testnet/wait.ts';
import { easyGenesis, makePeople, paramsOf } from '../bench/workload.ts';
import type { At, KillTally } from './kill-tally.ts';
import { agree, countStatuses, isRepeatable, statusOf } from './ledger-check.ts';
import { LOAD_BATCH, Load } from './load.ts';
import type { Chance } from './parts.ts';
import { TrialNode } from './trial-node.ts';

/** After it has acknowledged what was drawn, it lives so long at most. */
const LIFE_MS = 800;
/** Most batches that are waited for, and how long. */
const BATCHES_MAX = 5;
const LOAD_MS = 10_000;
const PEOPLE = 60;
/** Two miners of this rate: a block every half second. */
const WORK = 1_000;
const HASHRATE = 1_000;
const SETTLE_MS = 180_000;
const REST_MS = 60;
/** What no kill may cause. */
const DAMAGE = /"event":"(?:storeDamaged|blocksDamaged|journalDamaged|rowsLost|fatal)"/;
const LOSS = /"event":"(?:storeLost|rebuilding)"/;

/** Kills a node so many times, in a folder of its own. */
export async function liveAndKill(
  bundle: string,
  dir: string,
  kills: number,
  chance: Chance,
  tally: KillTally,
): Promise<void> {
  const people = makePeople(PEOPLE);
  const genesis = easyGenesis({ funded: people, work: WORK });
  const path = join(dir, 'genesis.json');
  mkdirSync(dir, { recursive: true });
  writeFileSync(path, JSON.stringify(genesis));
  const data = join(dir, 'victim');
  const mine = formatAddress(people[0]!.address);
  const wish = { bundle, genesis: path, mine, hashrate: HASHRATE, listen: true };
  const witness = new TrialNode({ ...wish, data: join(dir, 'witness'), bare: true });
  let victim: TrialNode | null = null;
  // With a launcher the kill is the launcher's, whose node ends with it.
  const bare = chance.below(3) > 0;
  const start = (): TrialNode => {
    victim = new TrialNode({ ...wish, data, peers: [witness.p2p], bare });
    return victim;
  };
  try {
    if (!(await tally.serves(witness))) return;
    if (!(await tally.serves(start()))) return;
    const { chainId } = await witness.call<{ chainId: string }>('status');
    const load = new Load(paramsOf(genesis), chainId, people, REST_MS);
    let isMadeAnew = false;
    const check = async (node: TrialNode, work: bigint): Promise<void> => {
      const isBack = await waitUntil(async () => BigInt((await statusOf(node)).work) >= work, SETTLE_MS, 100);
      if (!isBack) return tally.fault('inconsistent', `${data}: less work than before`);
      const told = node.damages.filter((line) => DAMAGE.test(line) || (!isMadeAnew && LOSS.test(line)));
      if (told.length > 0) tally.fault('inconsistent', `${data}: ${told[0]}`);
      const { tip, stateRoot } = await statusOf(node);
      const isKnown = await waitUntil(async () => {
        const header = await witness.call<{ stateRoot: string }>('header', { id: tip }).catch(() => null);
        return header?.stateRoot === stateRoot;
      }, SETTLE_MS);
      if (!isKnown)
        tally.fault('inconsistent', `${data}: the peer does not know tip ${tip} with ${stateRoot}`);
      await checkAcknowledged(node, load, tally);
    };
    let work = 0n;
    for (let left = kills; left > 0; left--) {
      const at = chance.pick<At>(['load', 'load', 'start', 'rebuild']);
      const node: TrialNode = victim!;
      if (at === 'load') {
        const running = load.run(node);
        // However slow the machine is, something is acknowledged before most kills.
        const wanted = load.acknowledged.size + chance.below(BATCHES_MAX * LOAD_BATCH);
        await waitUntil(() => load.acknowledged.size >= wanted, LOAD_MS);
        await sleep(chance.below(LIFE_MS));
        work = BigInt((await statusOf(node)).work);
        await node.kill();
        await running;
      } else {
        work = BigInt((await statusOf(node)).work);
        await node.kill();
        if (at === 'rebuild') {
          rmSync(join(data, 'db'), { recursive: true, force: true });
          isMadeAnew = true;
        }
        const next = start();
        await sleep(tally.drawStartMs(chance));
        const end = await next.kill();
        if (end.signal !== 'SIGKILL')
          tally.fault('failedStarts', `${data}: ${JSON.stringify(end)} ${next.stderr.slice(-500)}`);
      }
      tally.kills[at]++;
      if (!(await tally.serves(start()))) return;
      await check(victim!, work);
    }
    await finish(victim!, witness, { bundle, genesis: path, data: join(dir, 'fresh') }, load, tally);
  } finally {
    await (victim as TrialNode | null)?.kill();
    await witness.kill();
  }
}

/** All that was acknowledged is mined in the end, and a node that believes nothing gets the same state. */
async function finish(
  victim: TrialNode,
  witness: TrialNode,
  fresh: { bundle: string; genesis: string; data: string },
  load: Load,
  tally: KillTally,
): Promise<void> {
  const isEmpty = await waitUntil(async () => (await statusOf(victim)).mempool === 0, SETTLE_MS, 300);
  for (const node of [victim, witness]) await node.call('mine', { address: null });
  if (!isEmpty) tally.fault('inconsistent', `${victim.data}: transactions stay in the mempool`);
  if (!(await agree([victim, witness], SETTLE_MS)))
    tally.fault('inconsistent', `${victim.data}: the tip is not the peer's`);
  const ids = [...load.acknowledged];
  tally.acknowledged += ids.length;
  const mined = (await countStatuses(victim, ids)).get('mined') ?? 0;
  if (mined < ids.length) tally.fault('lost', `${victim.data}: not mined in the end`, ids.length - mined);
  if (!(await isRepeatable(victim, fresh, SETTLE_MS)))
    tally.fault('inconsistent', `${victim.data}: a fresh node gets another state`);
}

async function checkAcknowledged(node: TrialNode, load: Load, tally: KillTally): Promise<void> {
  const counts = await countStatuses(node, [...load.acknowledged]);
  for (const [status, count] of counts)
    if (status !== 'mined' && status !== 'pending')
      tally.fault('lost', `${node.data}: ${count} of ${load.acknowledged.size} ${status}`, count);
}
