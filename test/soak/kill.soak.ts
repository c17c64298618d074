/**
 * Kills a node again and again, at moments of no choosing, while it mines, is paid into and follows another node. What
 * it acknowledged must be mined in the end, its work must never fall, and it must always start.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatAddress } from '../../chain/format/address.ts';
import { waitUntil } from '../../cli/testnet/wait.ts';
import type { Measure } from '../bench/figure.ts';
import { NodeProcess } from '../bench/node-process.ts';
import { easyGenesis, makePeople, paramsOf } from '../bench/workload.ts';
import { agree, countStatuses, isRepeatable, statusOf } from './ledger-check.ts';
import { Load } from './load.ts';

const KILLS = 50;
/** After it serves, it lives so long at most. */
const LIFE_MS = 1_500;
const PEOPLE = 400;
/** Two miners of this rate: a block every half second. */
const WORK = 1_000;
const HASHRATE = 1_000;
const SETTLE_MS = 120_000;
/** What a node logs when it finds its store wanting. */
const DAMAGE = /"(?:rebuilding|storeDamaged|storeLost|fatal)"/;

const soakKills: Measure = async ({ bundle }) => {
  const scratch = mkdtempSync(join(tmpdir(), 'pier-soak-'));
  const people = makePeople(PEOPLE);
  const genesis = easyGenesis({ funded: people, work: WORK });
  const path = join(scratch, 'genesis.json');
  writeFileSync(path, JSON.stringify(genesis));
  const wish = { bundle, genesis: path, mine: formatAddress(people[0]!.address), hashrate: HASHRATE };
  const witness = await NodeProcess.start({ ...wish, data: join(scratch, 'witness') });
  const data = join(scratch, 'victim');
  const start = () => NodeProcess.start({ ...wish, data, peers: [witness.p2p] });
  let victim = await start();
  let failedStarts = 0;
  let inconsistent = 0;
  try {
    const { chainId } = await victim.call<{ chainId: string }>('status');
    const load = new Load(paramsOf(genesis), chainId, people);
    for (let kill = 0; kill < KILLS; kill++) {
      const running = load.run(victim);
      await sleep(Math.random() * LIFE_MS);
      const before = BigInt((await statusOf(victim)).work);
      await victim.stop('SIGKILL');
      await running;
      const restarted = await start().catch(() => null);
      if (restarted === null) {
        failedStarts++;
        victim = await start();
      } else victim = restarted;
      const worse = BigInt((await statusOf(victim)).work) < before;
      if (worse || DAMAGE.test(readFileSync(join(data, 'node.log'), 'utf8'))) inconsistent++;
    }
    const settled = await waitUntil(async () => (await statusOf(victim)).mempool === 0, SETTLE_MS, 500);
    for (const node of [victim, witness]) await node.call('mine', { address: null });
    const same = await agree([victim, witness], SETTLE_MS);
    const ids = [...load.acknowledged];
    const lost = ids.length - ((await countStatuses(victim, ids)).get('mined') ?? 0);
    const fresh = { bundle, genesis: path, data: join(scratch, 'fresh') };
    const right = await isRepeatable(victim, fresh, SETTLE_MS);
    if (!settled || !same || !right) inconsistent++;
    const none = { atMost: 0 };
    return [
      { name: 'kills -9 under load', unit: '', samples: [KILLS] },
      { name: 'transfers acknowledged', unit: '', samples: [ids.length] },
      { name: 'of these not mined in the end', unit: '', samples: [lost], goal: none },
      { name: 'failed starts', unit: '', samples: [failedStarts], goal: none },
      { name: 'inconsistent', unit: '', samples: [inconsistent], goal: none },
    ];
  } finally {
    await victim.stop();
    await witness.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
};

export default soakKills;
