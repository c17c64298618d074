/**
 * Owns mining in virtual time: when a block is found is drawn from its difficulty and the hash rate; that it is found
 * is real, a nonce that reaches the target. So targets are kept a few hashes hard.
 */
import { workOf } from '../chain/consensus/difficulty.ts';
import { meetsTarget } from '../chain/consensus/header-rules.ts';
import { headerId } from '../chain/format/header.ts';
import type { Miner, MiningJob } from '../node/ports.ts';
import type { Random } from './random.ts';
import type { Schedule } from './schedule.ts';

/** Hashes a second of a miner that isn't throttled. */
const FULL_RATE = 1_000;

export class VirtualMiner implements Miner {
  readonly #schedule: Schedule;
  readonly #random: Random;
  #rate: number | null = null;
  #job: MiningJob | null = null;
  #found: (found: { jobId: number; nonce: number }) => void = () => {};
  #stopped = false;

  constructor(schedule: Schedule, random: Random) {
    this.#schedule = schedule;
    this.#random = random;
  }

  start(job: MiningJob): void {
    if (this.#stopped) return;
    this.#schedule.touch();
    this.#job = job;
    const rate = this.#rate ?? FULL_RATE;
    if (rate === 0) return;
    // The wait has no memory, so a job that replaces another loses nothing by a new draw.
    const mean = (Number(workOf(job.header.bits)) * 1000) / rate;
    this.#schedule.after(this.#random.exponential(mean), () => this.#end(job));
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
    return this.#job === null ? 0 : (this.#rate ?? FULL_RATE);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#job = null;
  }

  #end(job: MiningJob): void {
    if (this.#job !== job) return;
    this.#job = null;
    let { nonce } = job.header;
    while (!meetsTarget(headerId({ ...job.header, nonce }), job.header.bits)) nonce++;
    this.#found({ jobId: job.jobId, nonce });
  }
}
