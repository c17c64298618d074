/** Owns mining: a thread that searches nonces, started with the first job and told of each later one. */
import { Worker } from 'node:worker_threads';
import { targetOf } from '../chain/consensus/difficulty.ts';
import { encodeHeader } from '../chain/format/header.ts';
import { type FromWorker, HASHRATE, SIGNAL, type ToWorker, type WorkerData } from './miner-messages.ts';
import type { Miner, MiningJob } from './ports.ts';

/** The thread holds a few kilobytes; V8 would let it grow to what the machine has. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 };

export interface MinerConfig {
  /** Hashes a second, null for as fast as it goes. */
  readonly hashesPerSecond: number | null;
  /** Hashes at the start that aren't throttled. */
  readonly burst: number;
  /** The thread's program. */
  readonly program: URL;
  /** The thread died: mining is over until the next start. */
  onError(error: Error): void;
}

export class WorkerMiner implements Miner {
  readonly #config: MinerConfig;
  readonly #shared = new Int32Array(new SharedArrayBuffer(8));
  #rate: number | null;
  #worker: Worker | null = null;
  #job: number | null = null;
  #found: (found: { jobId: number; nonce: number }) => void = () => {};
  #stopped = false;

  constructor(config: MinerConfig) {
    this.#config = config;
    this.#rate = config.hashesPerSecond;
  }

  start(job: MiningJob): void {
    if (this.#stopped) return;
    this.#worker ??= this.#spawn();
    this.#job = job.jobId;
    this.#tell({
      type: 'job',
      jobId: job.jobId,
      header: encodeHeader(job.header),
      target: targetOf(job.header.bits),
    });
  }

  cancel(): void {
    this.#job = null;
    this.#tell({ type: 'cancel' });
  }

  onFound(handler: (found: { jobId: number; nonce: number }) => void): void {
    this.#found = handler;
  }

  setRate(hashesPerSecond: number | null): void {
    this.#rate = hashesPerSecond;
    this.#tell({ type: 'rate', hashesPerSecond });
  }

  hashrate(): number {
    return this.#stopped ? 0 : Atomics.load(this.#shared, HASHRATE);
  }

  quietMs(): number {
    return 0;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#job = null;
    const worker = this.#worker;
    if (worker === null) return;
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    this.#tell({ type: 'stop' });
    await ended;
  }

  #spawn(): Worker {
    const workerData: WorkerData = {
      shared: this.#shared,
      hashesPerSecond: this.#rate,
      burst: this.#config.burst,
    };
    const worker = new Worker(this.#config.program, { workerData, resourceLimits: RESOURCE_LIMITS });
    worker.on('message', (found: FromWorker) => {
      // It may have found one while a newer job was on its way.
      if (found.jobId !== this.#job) return;
      this.#job = null;
      this.#found(found);
    });
    worker.on('error', (error) => this.#config.onError(error as Error));
    worker.on('exit', () => {
      this.#worker = null;
    });
    return worker;
  }

  #tell(message: ToWorker): void {
    if (this.#worker === null) return;
    this.#worker.postMessage(message);
    Atomics.add(this.#shared, SIGNAL, 1);
    Atomics.notify(this.#shared, SIGNAL);
  }
}
