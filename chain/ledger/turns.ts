/**
 * Owns the turns of those who use the chain: changes run one after the other, and reads go on beside them yet are of one
 * tip. A read that a commit has overtaken is made again; one that is overtaken again and again takes a turn of its own.
 * After a failed commit there are no more.
 */
import { assert } from '../errors.ts';

/** Reads begun again before one takes a turn. */
const TRIES = 3;

export class Turns {
  #last: Promise<unknown> = Promise.resolve();
  /** Commits begun. */
  #commits = 0;
  /** The commit under way. */
  #writing: Promise<void> | null = null;
  /** Why there are no more turns. */
  #ended: { readonly error: unknown } | null = null;

  /** Runs `work` alone: after all that was given before it, and no commit but its own meanwhile. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(() => {
      this.#checkOpen();
      return work();
    });
    this.#last = result.catch(() => undefined);
    return result;
  }

  /**
   * Runs work, within a turn, after whose failure memory and store may differ. Then all later turns and reads reject with
   * its error: the chain has to be opened again.
   */
  async decisive<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.#ended ??= { error };
      throw error;
    }
  }

  /** Resolves after all turns given before. */
  async idle(): Promise<void> {
    await this.#last;
  }

  /** Runs the write of a batch, and all that makes it the state that is read. Within a turn. */
  async commit(write: () => Promise<void>): Promise<void> {
    assert(this.#writing === null, 'commits run one after the other');
    this.#commits++;
    const written = write();
    this.#writing = written.catch(() => undefined);
    try {
      await written;
    } finally {
      this.#writing = null;
    }
  }

  /**
   * Runs a read that no commit has touched. It may be run more than once, so it changes nothing. What it throws counts
   * only if no commit came between, either. `proved`: what it returns is known to be of one tip; only its errors may come
   * of a commit.
   */
  async read<T>(work: () => Promise<T>, { proved = false } = {}): Promise<T> {
    for (let tries = 0; tries < TRIES; tries++) {
      this.#checkOpen();
      if (!proved || tries > 0) await this.#writing;
      const begun = this.#commits;
      const undisturbed = this.#writing === null;
      try {
        const value = await work();
        if (proved || (undisturbed && begun === this.#commits)) return value;
      } catch (error) {
        if (undisturbed && begun === this.#commits) throw error;
      }
    }
    return this.exclusively(work);
  }

  #checkOpen(): void {
    if (this.#ended !== null) throw this.#ended.error;
  }
}
