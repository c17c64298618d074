/**
 * Owns the study of a network that 99 % of the hash rate leaves at once. The chain goes on, slowly; each block eases the
 * next target by two to the power of its delay in half-lives, at most one, until blocks are as frequent as before.
 */
import { workOf } from '../../chain/consensus/difficulty.ts';
import { liveWorlds, type Study, type StudyOptions } from './figure.ts';
import { expectedMs, HALF_LIFE_MS, headersTo, mean, percentile, stageWorld, TARGET_MS } from './stage.ts';

const NODES = 4;
/** Of all nodes, those that stay, and what they have of the hash rate together. */
const STAYERS = 2;
const STAY_PERCENT = 1;
/** A hundredth of it is still above the floor of worlds. */
const GENESIS_WORK = 800n;
const BEFORE_MS = 60 * TARGET_MS;
const SEEDS = 30;
/** Blocks, after those that it takes, whose real times are looked at. */
const BLOCKS_AFTER = 50;
/** About one half-life's worth of blocks is what it takes on average, whatever the loss; the rest is luck. */
const RECOVERY_BLOCKS = HALF_LIFE_MS / TARGET_MS;
export const RECOVERY_BLOCKS_MAX = RECOVERY_BLOCKS + 40;

export interface Exodus {
  /** Blocks until the target is one that takes the remaining miners at most twice the target time. */
  readonly blocks: number;
  /** How long that took, ms. */
  readonly lastedMs: number;
  /** Mean time of the blocks after it, ms. */
  readonly afterMs: number;
}

export async function exodusOnce(
  options: StudyOptions,
  seed: number,
  blocksAfter = BLOCKS_AFTER,
): Promise<Exodus> {
  const world = stageWorld('exodus', options, { seed, nodes: NODES, work: GENESIS_WORK });
  const hashrate = (Number(workOf(world.params.difficulty.bits)) * 1_000) / TARGET_MS;
  const stayRate = (hashrate * STAY_PERCENT) / 100;
  await world.run(0);
  for (const { index, reactor, signer } of world.nodes) {
    const rate = index < STAYERS ? stayRate / STAYERS : (hashrate - stayRate) / (NODES - STAYERS);
    reactor!.mining.set(signer.address, rate);
  }
  await world.run(BEFORE_MS);
  for (const node of world.nodes.slice(STAYERS)) node.crash();
  const leftAt = world.params.time + world.now;
  const tip = () => world.nodes[0]!.reactor!.ledger.tip;
  const left = tip().height;
  const isBack = () => expectedMs(tip().header, stayRate) <= 2 * TARGET_MS;
  await world.until('the target is eased', isBack, 100 * HALF_LIFE_MS, TARGET_MS);
  const eased = tip().height;
  await world.until(
    'more blocks',
    () => tip().height >= eased + blocksAfter,
    8 * blocksAfter * TARGET_MS,
    TARGET_MS,
  );
  await world.auditSame();
  const headers = headersTo(tip());
  const back = headers.findIndex((header, i) => i > left && expectedMs(header, stayRate) <= 2 * TARGET_MS);
  const after = headers[back + blocksAfter - 1]!.time - headers[back - 1]!.time;
  return {
    blocks: back - 1 - left,
    lastedMs: headers[back - 1]!.time - leftAt,
    afterMs: after / blocksAfter,
  };
}

export const exodus: Study = {
  name: 'exodus',
  about: `${NODES} nodes; ${NODES - STAYERS} of them, with ${100 - STAY_PERCENT} % of the hash rate, leave at once`,
  async run(options) {
    const worlds = await liveWorlds(options, options.seeds ?? SEEDS, (seed) => exodusOnce(options, seed));
    const blocks = worlds.map((world) => world.blocks);
    const what = 'blocks until they take at most twice the target time';
    return [
      {
        name: `${what}: mean`,
        value: mean(blocks),
        unit: 'blocks',
        expected: '21',
        atMost: RECOVERY_BLOCKS + 10,
      },
      {
        name: `${what}: most`,
        value: percentile(blocks, 100),
        unit: 'blocks',
        expected: '38 in one of a hundred worlds',
        atMost: RECOVERY_BLOCKS_MAX,
      },
      {
        name: 'and so long that takes',
        value: mean(worlds.map(({ lastedMs }) => lastedMs)) / HALF_LIFE_MS,
        unit: 'half-lives',
        expected: '14.7: log2(100 / 2) + 1, and what of the first blocks is over one half-life',
        atMost: null,
      },
      {
        name: `time of the ${BLOCKS_AFTER} blocks after those`,
        value: mean(worlds.map(({ afterMs }) => afterMs)) / TARGET_MS,
        unit: '× target',
        expected: '1.31',
        atMost: 2,
      },
    ];
  },
};
