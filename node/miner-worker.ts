/**
 * Owns the thread that mines. It never returns to its event loop: it takes messages between slices of work, and
 * sleeps on a shared word that the node rings when it sends one. So it costs nothing but its hashes.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { HashMeter } from './hash-meter.ts';
import { type FromWorker, HASHRATE, SIGNAL, type ToWorker, type WorkerData } from './miner-messages.ts';
import { NonceSearch } from './nonce-search.ts';
import { TokenBucket } from './token-bucket.ts';

/** How often a throttled miner wakes; a slice of hashes in between, some per cent of it at testnet rates. */
const PERIOD_MS = 25;
/** What a late wake may catch up. Not more: a laptop that slept brings no burst. */
const SAVED_MS = 250;
/** Most hashes between two looks at the messages: a few milliseconds. */
const SLICE_HASHES = 8192;
/** Without work for so long, its rate is zero. */
const IDLE_MS = 2_000;

const { shared, hashesPerSecond, burst } = workerData as WorkerData;
const port = parentPort!;
let search: NonceSearch | null = null;
let jobId = 0;
let bucket = makeBucket(hashesPerSecond, burst);
let meter = new HashMeter(performance.now());

function makeBucket(rate: number | null, tokens: number): TokenBucket | null {
  if (rate === null) return null;
  return new TokenBucket({ rate, burst: tokens, savedMs: SAVED_MS }, performance.now());
}

/** False once it is told to stop. */
function takeMessages(): boolean {
  for (;;) {
    const message = (receiveMessageOnPort(port) as { message: ToWorker } | undefined)?.message;
    if (message === undefined) return true;
    if (message.type === 'stop') return false;
    if (message.type === 'job') {
      search = new NonceSearch(message.header, message.target);
      jobId = message.jobId;
    } else if (message.type === 'cancel') {
      search = null;
    } else {
      bucket = makeBucket(message.hashesPerSecond, 0);
    }
  }
}

/** One slice, or the sleep until there is something to do. */
function work(seen: number): void {
  if (search === null) {
    idle(seen);
    return;
  }
  const count = bucket === null ? SLICE_HASHES : bucket.take(SLICE_HASHES, performance.now());
  if (count === 0) {
    Atomics.wait(shared, SIGNAL, seen, Math.max(PERIOD_MS, bucket?.waitMs(1) ?? 0));
    return;
  }
  const from = search.next;
  const nonce = search.search(count);
  meter.count(search.next - from);
  if (nonce === null) return;
  search = null;
  port.postMessage({ jobId, nonce } satisfies FromWorker);
}

/** Sleeps until a message comes. Between one block and the next job the rate stays what it was. */
function idle(seen: number): void {
  if (Atomics.wait(shared, SIGNAL, seen, IDLE_MS) !== 'timed-out') return;
  Atomics.store(shared, HASHRATE, 0);
  Atomics.wait(shared, SIGNAL, seen);
  meter = new HashMeter(performance.now());
}

function measure(): void {
  if (search !== null) Atomics.store(shared, HASHRATE, Math.min(meter.rate(performance.now()), 2 ** 31 - 1));
}

for (let seen = Atomics.load(shared, SIGNAL); takeMessages(); seen = Atomics.load(shared, SIGNAL)) {
  work(seen);
  measure();
}
port.close();
