/**
 * Owns the study of a minority that censors one sender: of ten nodes, four with 40 % of the hash rate neither relay nor mine
 * its payments, and do take blocks that hold them. The next block is an honest one six times in ten, so how many
 * blocks a payment waits is drawn from a geometric distribution.
 */
import type { AdversaryName } from '../adversaries/gang.ts';
import { VICTIM } from '../adversaries/gang.ts';
import { World } from '../world.ts';
import { liveWorlds, type Study, type StudyOptions } from './figure.ts';
import { mean, percentile } from './stage.ts';

const HONEST = 6;
const CENSORS = 4;
const CENSORS_PERCENT = 40;
const SEEDS = 200;
/** The network is as it will be before anybody pays. */
const BEFORE_MS = 60_000;
/** A payment that isn't mined after so many blocks isn't mined. */
const GIVE_UP_MS = 3_600_000;
/** Blocks on top of a payment after which it is looked at. */
const DEPTH = 2;
/** 0.4^6 of payments wait longer than six blocks, one in 244; the 99th percentile of so many seeds may be one more. */
export const WAIT_BLOCKS_P99 = 7;

/** How many blocks it took until a payment of the one who is censored was mined: 1 for the very next. */
export async function censorOnce(options: StudyOptions, seed: number): Promise<number> {
  const { sign, verify, verifier } = options;
  const each = (100 * CENSORS_PERCENT) / (100 - CENSORS_PERCENT) / CENSORS;
  const world = new World({
    seed,
    nodes: HONEST,
    adversaries: Array.from({ length: CENSORS }, (): AdversaryName => 'censor'),
    adversaryPercent: { censor: each },
    replay: `npm run sim:figures -- censorship (world ${seed})`,
    verifier,
    ...(sign && { sign }),
    ...(verify && { verify }),
  });
  await world.run(BEFORE_MS);
  const node = world.random.fork('entry').pick(world.nodes);
  const { ledger, pool } = node.reactor!;
  const before = ledger.tip.height;
  let minedAt: number | null = null;
  let wanted = '';
  node.reactor!.listen((event) => {
    if (event.type !== 'tip') return;
    for (const { transactions } of event.change.disconnected)
      if (transactions.some(({ key }) => key === wanted)) minedAt = null;
    for (const { header, transactions } of event.change.connected)
      if (transactions.some(({ key }) => key === wanted)) minedAt = header.height;
  });
  const { transaction } = await world.pay(node, VICTIM, VICTIM + 2, 1_000);
  wanted = transaction.key;
  if (!pool.has(wanted)) throw new Error(`world ${seed}: the payment was refused`);
  await world.until(
    'the payment is mined',
    () => minedAt !== null && ledger.tip.height >= minedAt + DEPTH,
    GIVE_UP_MS,
    2_000,
  );
  return minedAt! - before;
}

export const censorship: Study = {
  name: 'censorship',
  about: `${HONEST} honest nodes, and ${CENSORS} with ${CENSORS_PERCENT} % of the hash rate that neither relay nor mine one sender's payments; a payment a world`,
  async run(options) {
    const seeds = options.seeds ?? SEEDS;
    const waits = await liveWorlds(options, seeds, (seed) => censorOnce(options, seed));
    const worst = Math.max(...waits);
    const what = 'blocks until the payment is mined';
    const unit = 'blocks';
    return [
      { name: `${what}: mean`, value: mean(waits), unit, expected: '1 / 0.6 = 1.67', atMost: null },
      { name: `${what}: median`, value: percentile(waits, 50), unit, expected: '1', atMost: null },
      {
        name: `${what}: 99th percentile of ${seeds} worlds`,
        value: percentile(waits, 99),
        unit,
        expected: '6: 0.4^5 = 1.02 % wait longer than 5',
        atMost: WAIT_BLOCKS_P99,
      },
      {
        name: `${what}: most, in world ${waits.indexOf(worst) + 1}`,
        value: worst,
        unit,
        expected: `${expectedWorst(seeds)}, of so many worlds`,
        atMost: null,
      },
    ];
  },
};

/** Blocks that one of `worlds` is expected to wait at least. */
function expectedWorst(worlds: number): number {
  let blocks = 1;
  for (let longer = worlds * 0.4; longer >= 1; longer *= 0.4) blocks++;
  return blocks;
}
