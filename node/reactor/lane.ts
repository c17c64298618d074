/**
 * Owns the order of slow work: one piece after the other, so that the mempool and the chain never change under each
 * other's feet. Bounded by what its callers queue: each kind of work queues itself at most once.
 */
export class Lane {
  #last: Promise<unknown> = Promise.resolve();
  #pending = 0;
  readonly #done: () => void;
  readonly #failed: (error: unknown) => void;

  /** `failed` is told when a piece of work rejects: only a broken store or a bug of ours can. */
  constructor(failed: (error: unknown) => void) {
    this.#done = () => {
      this.#pending--;
    };
    this.#failed = (error) => {
      this.#pending--;
      failed(error);
    };
  }

  /** Runs `work` after all that was queued before it. */
  run<T>(work: () => Promise<T>): Promise<T> {
    this.#pending++;
    const result = this.#last.then(work);
    // The caller may look at the result or not; a failure is told in either case.
    this.#last = result.then(this.#done, this.#failed);
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
