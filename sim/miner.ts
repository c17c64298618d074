/**
 * Owns mining in virtual time: when a block is found is drawn from its difficulty and the hash rate; that it is found
 * is real, a nonce that reaches the target. So targets are kept a few hashes hard.
 */
import { workOf } from '../chain/consensus/difficulty.ts';
import { equalBytes } from '../chain/format/bytes.ts';
import type { Miner, MiningJob } from '../node/ports.ts';
import { withWork } from './headers.ts';
import type { Random } from './random.ts';
import type { Schedule } from './schedule.ts';

/** Hashes a second of a miner that isn't throttled. */
const FULL_RATE = 1_000;
/** Before a block is found its job is kept as fresh as that of a miner that really searches; earlier there is no point. */
const FRESH_MS = 400;
/** A miner without any hash rate asks again after this. */
const QUIET_MS = 60_000;

interface Luck {
  readonly parent: Uint8Array;
  readonly rate: number;
  readonly at: number;
}

export class VirtualMiner implements Miner {
  readonly #schedule: Schedule;
  readonly #random: Random;
  #rate: number | null = null;
  #job: MiningJob | null = null;
  /** Virtual time of the next find, drawn for a parent and a hash rate. */
  #luck: Luck | null = null;
  #found: (found: { jobId: number; nonce: number }) => void = () => {};
  #stopped = false;

  constructor(schedule: Schedule, random: Random) {
    this.#schedule = schedule;
    this.#random = random;
  }

  start(job: MiningJob): void {
    if (this.#stopped) return;
    this.#job = job;
    this.#draw(job.header.previous, job.header.bits);
  }

  cancel(): void {
    this.#job = null;
  }

  onFound(handler: (found: { jobId: number; nonce: number }) => void): void {
    this.#found = handler;
  }

  setRate(hashesPerSecond: number | null): void {
    this.#rate = hashesPerSecond;
  }

  hashrate(): number {
    return this.#luck === null ? 0 : (this.#rate ?? FULL_RATE);
  }

  quietMs(parent: Uint8Array, bits: number): number {
    if (this.#stopped) return 0;
    const luck = this.#draw(parent, bits);
    return luck === null ? QUIET_MS : Math.max(0, luck.at - FRESH_MS - this.#schedule.now);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#job = null;
    this.#luck = null;
  }

  /** When a child of the block will be found; `null` if never. */
  #draw(parent: Uint8Array, bits: number): Luck | null {
    const rate = this.#rate ?? FULL_RATE;
    if (rate === 0) return null;
    // The wait has no memory: a draw holds for all jobs on one parent, and another parent loses nothing by a new one.
    if (this.#luck === null || this.#luck.rate !== rate || !equalBytes(this.#luck.parent, parent)) {
      const mean = (Number(workOf(bits)) * 1000) / rate;
      const luck = { parent, rate, at: this.#schedule.now + this.#random.exponential(mean) };
      this.#luck = luck;
      this.#schedule.at(luck.at, () => this.#end(luck));
    }
    return this.#luck;
  }

  #end(luck: Luck) {
    if (this.#luck !== luck) return;
    this.#luck = null;
    const job = this.#job;
    // It stood still over that time: what it would have found, it has yet to find.
    if (this.#schedule.now > luck.at && job !== null) return this.start(job);
    this.#job = null;
    if (job === null || this.#rate === 0) return;
    this.#found({ jobId: job.jobId, nonce: withWork(job.header).nonce });
  }
}
