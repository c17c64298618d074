/**
 * Owns the choice of the branch to follow: the most cumulative work among branches whose every body has been received;
 * of equals, the one completed first. Headers alone never count. Grows with the header tree, whose bounds it shares.
 */
import type { HeaderNode, HeaderTree } from '../consensus/header-tree.ts';

export class ForkChoice {
  readonly #headers: HeaderTree;
  #sequence = 1;
  #best: HeaderNode;

  constructor(headers: HeaderTree) {
    this.#headers = headers;
    this.#best = headers.genesis;
    headers.genesis.completed = this.#sequence;
  }

  /** The end of the branch to follow. */
  get best(): HeaderNode {
    return this.#best;
  }

  /** Notes that a header's body is here; it and what was waiting for it may become complete. */
  bodyReceived(node: HeaderNode): void {
    node.hasBody = true;
    this.#complete(node);
  }

  /** Notes that a stored body was lost: nothing on top of it counts until it's here again. */
  bodyLost(node: HeaderNode): void {
    node.hasBody = false;
    const queue = [node];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      next.completed = 0;
      queue.push(...next.children);
    }
    this.#choose();
  }

  /** Marks a branch as invalid. Returns its headers. */
  invalidate(node: HeaderNode): HeaderNode[] {
    const marked = this.#headers.invalidate(node);
    this.#choose();
    return marked;
  }

  /** Of these headers, those whose branches, as far as headers go, lead to no more work than that. Looks at each once. */
  lost(nodes: readonly HeaderNode[], work: bigint): HeaderNode[] {
    const passing = new Set<HeaderNode>();
    const failing = new Set<HeaderNode>();
    return nodes.filter((node) => {
      const seen: HeaderNode[] = [];
      const open = [node];
      for (let next = open.pop(); next !== undefined; next = open.pop()) {
        if (next.invalid || failing.has(next)) continue;
        if (next.work > work || passing.has(next)) {
          for (let at = next; at !== node; at = at.parent!) passing.add(at);
          passing.add(node);
          return false;
        }
        seen.push(next);
        open.push(...next.children);
      }
      for (const fails of seen) failing.add(fails);
      return true;
    });
  }

  /** After a restart: of branches with equal work the one followed before stays first. */
  prefer(tip: HeaderNode): void {
    if (tip.completed > 0 && !tip.invalid && tip.work >= this.#best.work) this.#best = tip;
  }

  #complete(node: HeaderNode): void {
    const queue = [node];
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const ready = next.hasBody && !next.invalid && next.parent !== null && next.parent.completed > 0;
      if (!ready || next.completed > 0) continue;
      next.completed = ++this.#sequence;
      if (next.work > this.#best.work) this.#best = next;
      queue.push(...next.children);
    }
  }

  #choose(): void {
    this.#best = this.#headers.genesis;
    for (const node of this.#headers.values()) {
      if (node.completed === 0 || node.invalid) continue;
      const better =
        node.work > this.#best.work ||
        (node.work === this.#best.work && node.completed < this.#best.completed);
      if (better) this.#best = node;
    }
  }
}
