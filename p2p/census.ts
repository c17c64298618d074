/**
 * Owns what the parts of the protocol tell of themselves when they are looked at: how much each of their containers
 * holds, and until when each answer is waited for. For who watches a node; nothing hangs on it.
 */
export interface Census {
  /** A container and what is in it. There may be several with one name, as each peer has one. */
  holds(container: string, count: number): void;
  /** An answer that is given up, or asked of another, at this monotonic time. */
  awaits(what: string, deadlineMs: number): void;
}

/** What the fullest container of each name holds. It lives for one look. */
export class Fullest implements Census {
  readonly held = new Map<string, number>();

  holds(container: string, count: number): void {
    const fullest = this.held.get(container);
    if (fullest === undefined || count > fullest) this.held.set(container, count);
  }

  /** When an answer is due is not looked at. */
  awaits(): void {}
}

export function fullestOf(told: { census(census: Census): void }): Fullest {
  const fullest = new Fullest();
  told.census(fullest);
  return fullest;
}
