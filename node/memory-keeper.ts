/**
 * Owns giving memory back once a burst is over. V8 collects when something is allocated: after a burst nothing is, and
 * what it took stays taken for minutes, its nursery until several collections have found it idle. So the process looks at
 * its memory now and then and collects while that helps. It holds a few numbers.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const MIB = 1024 * 1024;
const LOOK_MS = 5_000;
/** Memory above the least there was that is worth a collection. */
const SLACK_BYTES = 8 * MIB;
/** Growth between two looks that is a burst still going on. */
const BURST_BYTES = 4 * MIB;
/** A collection that gives back less was in vain. Some are: the nursery shrinks with the one after. */
const GAIN_BYTES = 2 * MIB;
const VAIN_MAX = 4;
/** They say nothing of what a burst will leave: its memory must be back a minute after it. */
const VAIN_WAIT_MAX_MS = 30_000;
/** A collection takes about a millisecond for each MiB that lives: a larger heap is collected rarely. */
const LIVE_BYTES = 64 * MIB;
const LIVE_WAIT_MS = 600_000;

export interface MemoryPorts {
  /** Resident bytes of the process. */
  resident(): number;
  /** Collects all garbage. Returns the bytes of the heap that live. */
  collect(): number;
  nowMs(): number;
}

export class MemoryKeeper {
  readonly #ports: MemoryPorts;
  readonly #timer: NodeJS.Timeout;
  #least = Number.POSITIVE_INFINITY;
  #last = Number.POSITIVE_INFINITY;
  /** Resident bytes before the last collection, until the next look. */
  #before: number | null = null;
  #vain = 0;
  #waitMs = LOOK_MS;
  /** When the last collection was, and the bytes of the heap that it found alive. */
  #collectedMs = Number.NEGATIVE_INFINITY;
  #live = 0;

  constructor(ports: MemoryPorts = systemPorts()) {
    this.#ports = ports;
    this.#timer = setInterval(() => this.look(), LOOK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Looks once, and collects if it may help. */
  look(): void {
    const bytes = this.#ports.resident();
    if (this.#before !== null) this.#learn(this.#before - bytes);
    const grew = bytes - this.#last;
    this.#last = bytes;
    this.#least = Math.min(this.#least, bytes);
    if (grew > BURST_BYTES || bytes < this.#least + SLACK_BYTES) return;
    const nowMs = this.#ports.nowMs();
    const waitMs = this.#live > LIVE_BYTES ? LIVE_WAIT_MS : this.#waitMs;
    if (nowMs - this.#collectedMs < waitMs) return;
    this.#live = this.#ports.collect();
    this.#before = bytes;
    this.#collectedMs = nowMs;
  }

  #learn(gained: number): void {
    this.#before = null;
    if (gained >= GAIN_BYTES) {
      this.#vain = 0;
      this.#waitMs = LOOK_MS;
    } else if (++this.#vain >= VAIN_MAX) {
      this.#waitMs = Math.min(2 * this.#waitMs, VAIN_WAIT_MAX_MS);
    }
  }
}

function systemPorts(): MemoryPorts {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  return {
    resident: () => process.memoryUsage.rss(),
    collect() {
      gc();
      return process.memoryUsage().heapUsed;
    },
    nowMs: () => performance.now(),
  };
}
