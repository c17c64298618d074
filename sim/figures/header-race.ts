/**
 * Owns a race of miners over bare headers, without a network: the very rules of headers and the tree that nodes keep, with
 * real work. An attacker withholds its blocks as a selfish miner does (Eyal and Sirer, 2014), shows them when honest
 * miners come close, and stamps them as it likes. Grows with the headers of the race.
 */
import { workOf } from '../../chain/consensus/difficulty.ts';
import { childBits } from '../../chain/consensus/header-rules.ts';
import { type HeaderNode, HeaderTree } from '../../chain/consensus/header-tree.ts';
import { RuleError } from '../../chain/errors.ts';
import type { Header } from '../../chain/format/header.ts';
import type { Params } from '../../chain/format/params.ts';
import { makeGenesis } from '../../chain/ledger/genesis.ts';
import { bareHeader, withWork } from '../headers.ts';
import { totalHashrate, worldParams } from '../ledger-params.ts';
import { Random } from '../random.ts';
import { amendDifficulty, TARGET_MS } from './stage.ts';
import { STAMPS, type StampName } from './time-liar.ts';

const GENESIS_WORK = 16n;
const HONEST = new Uint8Array(20).fill(1);
const ATTACKER = new Uint8Array(20).fill(2);
/** The attacker takes its own blocks whatever their time. */
const FOREVER = 2 ** 50;

export interface RaceOptions {
  readonly seed: number;
  readonly stamp: StampName;
  /** Of the hash rate. */
  readonly attackerPercent: number;
  readonly blocks: number;
}

export class HeaderRace {
  /** When the chain that honest miners follow had each height, ms since genesis. */
  readonly times: number[] = [0];
  readonly #options: RaceOptions;
  readonly #params: Params;
  readonly #random: Random;
  /** What everyone knows, and what the attacker knows. */
  readonly #known: HeaderTree;
  readonly #all: HeaderTree;
  #tip: HeaderNode;
  #secret: HeaderNode;
  /** The attacker's branch, where honest miners have seen it and it has as much work as theirs. */
  #rival: HeaderNode | null = null;
  #now = 0;
  #made = 0;

  private constructor(options: RaceOptions, params: Params, genesis: Header, random: Random) {
    this.#options = options;
    this.#params = params;
    this.#random = random;
    this.#known = new HeaderTree(params, genesis);
    this.#all = new HeaderTree(params, genesis);
    this.#tip = this.#known.genesis;
    this.#secret = this.#all.genesis;
  }

  static async run(options: RaceOptions): Promise<HeaderRace> {
    const random = new Random(options.seed).fork('race');
    const params = amendDifficulty(worldParams(random.fork('salt'), TARGET_MS, []), GENESIS_WORK);
    const { header } = await makeGenesis(params);
    const race = new HeaderRace(options, params, header, random.fork('draws'));
    while (race.#tip.height < options.blocks) race.#step();
    return race;
  }

  /** Blocks of the attacker in the chain that honest miners follow. */
  get attackers(): number {
    let count = 0;
    for (let at: HeaderNode | null = this.#tip; at !== null; at = at.parent)
      if (at.header.miner === ATTACKER) count++;
    return count;
  }

  #step(): void {
    const { attackerPercent, stamp } = this.#options;
    const honest = this.#wait(this.#tip, 100 - attackerPercent);
    const attack = this.#wait(this.#secret, attackerPercent);
    this.#now += Math.min(honest, attack);
    const nowMs = this.#params.time + this.#now;
    if (honest <= attack) {
      const parent = this.#rival !== null && this.#random.chance(1, 2) ? this.#rival : this.#tip;
      const header = this.#mine(parent, nowMs, HONEST);
      this.#all.add(header, nowMs + FOREVER);
      this.#hear(this.#known.add(header, nowMs));
      this.#answer(nowMs);
    } else {
      const latestMs = nowMs + this.#params.limits.futureMs;
      const parentMs = this.#secret.header.time;
      const made = this.#made++;
      const time = STAMPS[stamp]({ nowMs, latestMs, parentMs, made, random: this.#random });
      this.#secret = this.#all.add(this.#mine(this.#secret, time, ATTACKER), nowMs + FOREVER);
      // What was level is ahead now.
      if (this.#rival !== null) this.#show(nowMs);
    }
  }

  /** The selfish miner's choice after an honest block. */
  #answer(nowMs: number): void {
    const lead = this.#secret.height - this.#tip.height;
    if (this.#secret.work < this.#tip.work) this.#secret = this.#all.get(this.#tip.key)!;
    else if (lead <= 1 && this.#secret.key !== this.#tip.key) this.#show(nowMs);
  }

  /** Tells the attacker's branch. Blocks too far ahead of the clock aren't taken yet. */
  #show(nowMs: number): void {
    const branch: HeaderNode[] = [];
    for (let at = this.#secret; this.#known.get(at.key) === undefined; at = at.parent!) branch.unshift(at);
    try {
      for (const { header } of branch) this.#hear(this.#known.add(header, nowMs));
    } catch (error) {
      if (!(error instanceof RuleError && error.code === 'TIME_TOO_NEW')) throw error;
    }
  }

  /** Honest miners hear of a header: most work wins, and the first of those with as much. */
  #hear(node: HeaderNode): void {
    if (node.work > this.#tip.work) {
      this.#tip = node;
      this.#rival = null;
      this.times.length = Math.min(this.times.length, node.height);
      for (let height = this.times.length; height <= node.height; height++) this.times.push(this.#now);
    } else if (node.work === this.#tip.work && node !== this.#tip) this.#rival = node;
  }

  #wait(parent: HeaderNode, percent: number): number {
    const bits = childBits(this.#params, parent);
    const rate = (totalHashrate(this.#params) * percent) / 100;
    return this.#random.exponential((Number(workOf(bits)) * 1_000) / rate);
  }

  #mine(parent: HeaderNode, wallMs: number, miner: Uint8Array): Header {
    const time = Math.max(wallMs, parent.header.time + 1);
    return withWork(bareHeader(this.#params, parent, { time, miner, fill: 0 }));
  }
}
