/**
 * Owns whose call comes next when many wait: each client has its turn, and whoever has had little comes before whoever
 * has had much (start-time fair queuing). One call begins in a turn of the event loop, so that all else goes on between.
 *
 * Bounds: one entry for each client that waits; a client has at most one call under way (see `client.ts`).
 */

/** Bytes of an answer that count as much as a call. */
const BYTES_PER_UNIT = 64 * 1024;

/** What a client has had. */
export interface Share {
  /** Virtual time at which its next call may begin. */
  dueAt: number;
}

interface Waiting {
  readonly share: Share;
  readonly at: number;
  begin(): void;
}

export class Turns {
  readonly #later: (callback: () => void) => void;
  readonly #waiting: Waiting[] = [];
  /** Virtual time: that of the call that began last. */
  #now = 0;
  /** A call has begun in this turn of the loop. */
  #taken = false;

  /** `later` calls back in the next turn of the event loop. */
  constructor(later: (callback: () => void) => void = setImmediate) {
    this.#later = later;
  }

  /** The share of a client that has just come: it owes nothing, and has nothing saved up. */
  newShare(): Share {
    return { dueAt: this.#now };
  }

  /** Resolves when the client's call may begin. */
  async take(share: Share): Promise<void> {
    const at = Math.max(this.#now, share.dueAt);
    share.dueAt = at + 1;
    if (!this.#taken) {
      this.#begin(at);
      return;
    }
    await new Promise<void>((resolve) => {
      this.#waiting.push({ share, at, begin: resolve });
    });
  }

  /** Counts the bytes of an answer to whoever asked for it. */
  charge(share: Share, bytes: number): void {
    share.dueAt += bytes / BYTES_PER_UNIT;
  }

  #begin(at: number): void {
    this.#now = at;
    this.#taken = true;
    this.#later(() => this.#next());
  }

  #next(): void {
    this.#taken = false;
    let first = 0;
    for (let i = 1; i < this.#waiting.length; i++)
      if (this.#waiting[i]!.at < this.#waiting[first]!.at) first = i;
    const [next] = this.#waiting.splice(first, 1);
    if (next === undefined) return;
    this.#begin(next.at);
    next.begin();
  }
}
