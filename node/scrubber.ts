/**
 * Owns when a node looks through its old rows. It takes a step now and then while nothing else is under way, round after
 * round, and at most a twentieth of a core. Clock and timer come as ports, so the simulator runs this very file.
 */
import type { Ledger } from '../chain/ledger/ledger.ts';
import { Scrub } from '../chain/ledger/scrub.ts';
import type { Clock, Timer } from './ports.ts';

/**
 * Between two steps, at least. A step takes some milliseconds; with full blocks, or ids that are made again, some tenths of a
 * second.
 */
const STEP_MS = 500;
/** A rest lasts at least this many times as long as the step before it, since a peer may be waiting for the core. */
const RESTS = 19;
const ROUND_MS = 3_600_000;

export interface ScrubberParts {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly timer: Timer;
  /** True while other work is under way, which goes first. */
  busy(): boolean;
  /** The store is damaged beyond what can be mended. */
  fatal(error: unknown): void;
  readonly stepMs?: number;
  readonly roundMs?: number;
}

export class Scrubber {
  readonly #parts: ScrubberParts;
  readonly #scrub: Scrub;
  #running: Promise<void> | null = null;
  #stopped = false;

  constructor(parts: ScrubberParts) {
    this.#parts = parts;
    this.#scrub = new Scrub(parts.ledger);
  }

  /** The last block looked through, rounds finished, and what was mended since the start, whoever came upon it. */
  get progress(): { readonly height: number; readonly rounds: number; readonly mended: number } {
    const { height, rounds } = this.#scrub;
    return { height, rounds, mended: this.#parts.ledger.mender.mended };
  }

  start(): void {
    this.#wakeIn(this.#parts.stepMs ?? STEP_MS);
  }

  /** Ends after the step under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#parts.timer.cancel();
    await this.#running;
  }

  #wakeIn(ms: number): void {
    if (this.#stopped) return;
    const { clock, timer } = this.#parts;
    timer.set(clock.monotonicMs() + ms, () => this.#wake());
  }

  #wake(): void {
    const { stepMs = STEP_MS, roundMs = ROUND_MS, ledger, clock, busy, fatal } = this.#parts;
    if (busy() || ledger.hasBetter) {
      this.#wakeIn(stepMs);
      return;
    }
    const begunMs = clock.monotonicMs();
    const restMs = (): number => RESTS * (clock.monotonicMs() - begunMs);
    this.#running = this.#scrub
      .step()
      .then((done) => this.#wakeIn(done ? roundMs : Math.max(stepMs, restMs())))
      .catch((error) => {
        if (!this.#stopped) fatal(error);
      })
      .finally(() => {
        this.#running = null;
      });
  }
}
