/** Owns the threads that live simulated worlds: so many at a time, each world on one of them. */
import { Worker } from 'node:worker_threads';
import type { Report } from '../../sim/report.ts';
import type { Told } from '../../sim/watch.ts';
import type { FromWorker, WorldOrder } from './messages.ts';

/** Nearly all that a world allocates is garbage at once: a large nursery saves a tenth of the time. */
const LIMITS = { maxYoungGenerationSizeMb: 256, maxOldGenerationSizeMb: 4_096 };

/** A thread for worlds. */
export function startWorldThread(program: URL): Worker {
  return new Worker(program, { resourceLimits: LIMITS });
}

/** What the command does while a world is lived. */
export interface Listener {
  progress(order: WorldOrder, phase: string, nowMs: number): void;
  told(told: Told): void;
}

/** Lives the worlds on up to `threads` threads and yields their reports in the order of the orders. */
export async function* liveAll(
  orders: readonly WorldOrder[],
  threads: number,
  listener: Listener,
): AsyncGenerator<Report> {
  const workers = Array.from({ length: Math.min(threads, orders.length) }, () => new WorldThread(listener));
  try {
    let next = 0;
    const reports = orders.map(() => withResolver<Report>());
    const serve = async (worker: WorldThread): Promise<void> => {
      while (next < orders.length) {
        const index = next++;
        try {
          reports[index]!.resolve(await worker.live(orders[index]!));
        } catch (error) {
          reports[index]!.reject(error);
        }
      }
    };
    for (const worker of workers) void serve(worker);
    for (const { promise } of reports) yield await promise;
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()));
  }
}

class WorldThread {
  readonly #listener: Listener;
  readonly #worker = startWorldThread(new URL('./world-worker.js', import.meta.url));

  constructor(listener: Listener) {
    this.#listener = listener;
  }

  /** Rejects if the thread itself breaks; a broken law is in the report. */
  live(order: WorldOrder): Promise<Report> {
    return new Promise((resolve, reject) => {
      this.#worker.removeAllListeners();
      this.#worker.on('error', reject);
      this.#worker.on('message', (message: FromWorker) => {
        if (message.type === 'report') resolve(message.report);
        else if (message.type === 'progress') this.#listener.progress(order, message.phase, message.nowMs);
        else for (const told of message.told) this.#listener.told(told);
      });
      this.#worker.postMessage(order);
    });
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}

function withResolver<T>(): {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: unknown) => void;
} {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((good, bad) => {
    resolve = good;
    reject = bad;
  });
  // Looked at in order: one that fails before its turn isn't unhandled.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
