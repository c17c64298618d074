/**
 * Owns what the parts of the protocol tell of themselves when they are looked at: how much each of their containers
 * holds, and until when each answer is waited for. For who watches a node; nothing hangs on it. It lives for one look.
 */
export class Census {
  readonly #held = new Map<string, number>();
  readonly #awaited: { readonly what: string; readonly deadlineMs: number }[] = [];

  /** A container and what is in it. Of several with one name, as each peer has one, the fullest counts. */
  holds(container: string, count: number): void {
    const fullest = this.#held.get(container);
    if (fullest === undefined || count > fullest) this.#held.set(container, count);
  }

  /** An answer that is given up, or asked of another, at this monotonic time. */
  awaits(what: string, deadlineMs: number): void {
    this.#awaited.push({ what, deadlineMs });
  }

  /** By container. */
  get held(): ReadonlyMap<string, number> {
    return this.#held;
  }

  get awaited(): readonly { readonly what: string; readonly deadlineMs: number }[] {
    return this.#awaited;
  }
}
