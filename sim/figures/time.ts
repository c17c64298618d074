/**
 * Owns the study of an attacker with 30 % of the hash rate who lies about time for 10,000 blocks. Difficulty follows the
 * chain's whole elapsed time, which no lie moves by more than what a block may be ahead; so neither does it move the rate.
 */
import { equalBytes } from '../../chain/format/bytes.ts';
import { totalHashrate } from '../ledger-params.ts';
import type { Figure, Study, StudyOptions } from './figure.ts';
import { HeaderRace } from './header-race.ts';
import { durations, headersTo, stageWorld, TARGET_MS } from './stage.ts';
import { STAMPS, type StampName, TimeLiar } from './time-liar.ts';

const BLOCKS = 10_000;
const ATTACKER_PERCENT = 30;
const NODES = 3;
const GENESIS_WORK = 32n;
const WINDOW = 1_000;
const TRUTH = 'no lie';
const LIES = (Object.keys(STAMPS) as StampName[]).filter((stamp) => stamp !== TRUTH);

export interface Chain {
  /** When the chain had each height, ms since genesis. */
  readonly times: readonly number[];
  /** Blocks of it that the attacker made. */
  readonly attackers: number;
}

/** A whole world: honest nodes with the rest of the hash rate, and an attacker who pushes its blocks to all of them. */
export async function lieInWorld(
  options: StudyOptions,
  stamp: StampName,
  seed: number,
  blocks: number,
): Promise<Chain> {
  const world = stageWorld('time', options, { seed, nodes: NODES, work: GENESIS_WORK });
  const hashrate = totalHashrate(world.params);
  const times: number[] = [0];
  await world.run(0);
  const { reactor } = world.nodes[0]!;
  reactor!.listen((event) => {
    if (event.type !== 'tip') return;
    const { connected, to } = event.change;
    times.length = Math.min(times.length, to.height + 1 - connected.length);
    while (times.length <= to.height) times.push(world.now);
  });
  const honestPercent = (100 - ATTACKER_PERCENT) / NODES;
  for (const { reactor, signer } of world.nodes)
    reactor!.mining.set(signer.address, (hashrate * honestPercent) / 100);
  const liar = new TimeLiar(world, stamp, (hashrate * ATTACKER_PERCENT) / 100);
  while (reactor!.ledger.tip.height < blocks) await liar.mine();
  const headers = headersTo(reactor!.ledger.tip).slice(0, blocks + 1);
  return {
    times: times.slice(0, blocks + 1),
    attackers: headers.filter(({ miner }) => equalBytes(miner, liar.address)).length,
  };
}

/** Bare headers: the attacker withholds its blocks as well. */
export async function lieInRace(stamp: StampName, seed: number, blocks: number): Promise<Chain> {
  return HeaderRace.run({ seed, stamp, attackerPercent: ATTACKER_PERCENT, blocks });
}

/** By how many per cent the rate of blocks over the whole chain is another than without the lie. */
export function changePercent(chain: Chain, truth: Chain): number {
  return 100 * Math.abs(lastOf(truth) / lastOf(chain) - 1);
}

function lastOf({ times }: Chain): number {
  return times.at(-1)!;
}

/** By how many per cent the rate over any 1,000 blocks is another than the target rate, at worst. */
function worstPercent({ times }: Chain): number {
  const rates = durations(times, WINDOW).map((ms) => (WINDOW * TARGET_MS) / ms);
  return Math.max(...rates.map((rate) => 100 * Math.abs(rate - 1)));
}

async function study(
  stage: string,
  expectedShare: string,
  seeds: number,
  live: (stamp: StampName, seed: number) => Promise<Chain>,
): Promise<Figure[]> {
  const truths: Chain[] = [];
  for (let seed = 1; seed <= seeds; seed++) truths.push(await live(TRUTH, seed));
  const usual = Math.max(...truths.map(worstPercent)).toFixed(1);
  const figures: Figure[] = [];
  for (const stamp of LIES) {
    const chains: Chain[] = [];
    for (let seed = 1; seed <= seeds; seed++) chains.push(await live(stamp, seed));
    const share = chains.reduce((sum, { attackers }) => sum + attackers, 0) / (seeds * BLOCKS);
    const name = `${stage}, ${stamp}`;
    figures.push(
      {
        name: `${name}: change of the rate`,
        value: Math.max(...chains.map((chain, i) => changePercent(chain, truths[i]!))),
        unit: '%',
        expected: '0.1, which is luck at the end',
        atMost: 10,
      },
      {
        name: `${name}: any ${WINDOW} blocks off the target rate by`,
        value: Math.max(...chains.map(worstPercent)),
        unit: '%',
        expected: `${usual} without the lie`,
        atMost: null,
      },
      {
        name: `${name}: blocks that are the attacker's`,
        value: 100 * share,
        unit: '%',
        expected: expectedShare,
        atMost: null,
      },
    );
  }
  return figures;
}

export const time: Study = {
  name: 'time',
  about: `an attacker with ${ATTACKER_PERCENT} % of the hash rate, ${BLOCKS} blocks: beside ${NODES} honest nodes in a whole world, and withholding its blocks in a race over bare headers`,
  async run(options) {
    const seeds = options.seeds ?? 1;
    const told = (stage: string, stamp: StampName, seed: number) =>
      options.progress?.(`${stage}, ${stamp}: ${seed} of ${seeds}`);
    const whole = await study('world', `${ATTACKER_PERCENT} where all are taken`, seeds, (stamp, seed) => {
      told('world', stamp, seed);
      return lieInWorld(options, stamp, seed, BLOCKS);
    });
    const bare = await study(
      'withholding',
      '32.7 where all are taken (Eyal and Sirer, half the ties won)',
      seeds,
      (stamp, seed) => {
        told('withholding', stamp, seed);
        return lieInRace(stamp, seed, BLOCKS);
      },
    );
    return [...whole, ...bare];
  },
};
