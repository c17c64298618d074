/**
 * Owns the order of slow work: one piece after the other, so that the mempool and the chain never change under each
 * other's feet. Bounded by what its callers queue: each kind of work queues itself at most once.
 */
export class Lane {
  #last: Promise<unknown> = Promise.resolve();
  #pending = 0;
  readonly #failed: (error: unknown) => void;

  /** `failed` is told when a piece of work rejects: only a broken store or a bug of ours can. */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  /** Runs `work` after all that was queued before it. */
  run<T>(work: () => Promise<T>): Promise<T> {
    this.#pending++;
    const result = this.#last.then(work);
    this.#last = result
      .catch((error) => this.#failed(error))
      .finally(() => {
        this.#pending--;
      });
    // The caller may look at the result or not; the failure is reported above in either case.
    result.catch(() => undefined);
    return result;
  }

  get busy(): boolean {
    return this.#pending > 0;
  }

  /** Resolves once nothing is queued. */
  async settled(): Promise<void> {
    while (this.#pending > 0) await this.#last;
  }
}
