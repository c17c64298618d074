/** Owns how a rate is kept over time: tokens come in steadily, some are saved up, and what runs late catches up. */

export interface BucketConfig {
  /** Tokens a second. */
  readonly rate: number;
  /** Tokens there at the start, over and above what is saved up later. */
  readonly burst: number;
  /** Most milliseconds' worth of tokens saved up: what a late wake may catch up. */
  readonly savedMs: number;
}

export class TokenBucket {
  readonly #config: BucketConfig;
  #tokens: number;
  #at: number;

  constructor(config: BucketConfig, nowMs: number) {
    this.#config = config;
    this.#tokens = config.burst;
    this.#at = nowMs;
  }

  /** Takes whole tokens, as many as there are and at most `max`. */
  take(max: number, nowMs: number): number {
    const { rate, savedMs } = this.#config;
    // Even the slowest rate has to save up a whole token.
    const saved = Math.max(1, (rate * savedMs) / 1000);
    // Time doesn't go back: a clock that seems to is one that stands still.
    const elapsedMs = Math.max(0, nowMs - this.#at);
    this.#at = Math.max(this.#at, nowMs);
    if (this.#tokens < saved) this.#tokens = Math.min(saved, this.#tokens + (rate * elapsedMs) / 1000);
    const taken = Math.min(Math.floor(this.#tokens), max);
    this.#tokens -= taken;
    return taken;
  }

  /** Milliseconds until `count` whole tokens are there. */
  waitMs(count: number): number {
    return Math.max(0, ((count - this.#tokens) * 1000) / this.#config.rate);
  }
}
