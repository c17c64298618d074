/**
 * Owns the thread that mines. It never returns to its event loop: it takes messages between slices of work, and
 * sleeps on a shared word that the node rings when it sends one. So it costs nothing but its hashes.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { type FromWorker, HASHRATE, SIGNAL, type ToWorker, type WorkerData } from './miner-messages.ts';
import { NonceSearch } from './nonce-search.ts';
import { TokenBucket } from './token-bucket.ts';

/** How often a throttled miner wakes; a slice of hashes in between, some per cent of it at testnet rates. */
const PERIOD_MS = 25;
/** What a late wake may catch up. Not more: a laptop that slept brings no burst. */
const SAVED_MS = 250;
/** Most hashes between two looks at the messages: a few milliseconds. */
const SLICE_HASHES = 8192;
const MEASURE_MS = 1000;

const { shared, hashesPerSecond, burst } = workerData as WorkerData;
const port = parentPort!;
let search: NonceSearch | null = null;
let jobId = 0;
let bucket = makeBucket(hashesPerSecond, burst);
let hashes = 0;
let measuredAt = performance.now();

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
  const count =
    search === null ? 0 : bucket === null ? SLICE_HASHES : bucket.take(SLICE_HASHES, performance.now());
  if (search === null || count === 0) {
    const wait = search === null ? Number.POSITIVE_INFINITY : Math.max(PERIOD_MS, bucket?.waitMs(1) ?? 0);
    if (search === null) report(0);
    Atomics.wait(shared, SIGNAL, seen, wait);
    return;
  }
  const from = search.next;
  const nonce = search.search(count);
  hashes += search.next - from;
  if (nonce === null) return;
  search = null;
  port.postMessage({ jobId, nonce } satisfies FromWorker);
}

function report(rate: number): void {
  Atomics.store(shared, HASHRATE, Math.min(rate, 2 ** 31 - 1));
  hashes = 0;
  measuredAt = performance.now();
}

function measure(): void {
  const elapsed = performance.now() - measuredAt;
  if (elapsed >= MEASURE_MS) report(Math.round((hashes * 1000) / elapsed));
}

for (let seen = Atomics.load(shared, SIGNAL); takeMessages(); seen = Atomics.load(shared, SIGNAL)) {
  work(seen);
  measure();
}
port.close();
