/**
 * Owns who brought which header whose body hasn't come: they count to that peer until it does.
 *
 * Bounds: `UNPROVEN_HEADERS_MAX` a linked peer, which whoever adds one looks at first.
 */
import type { HeaderNode, HeaderTree } from '../../chain/consensus/header-tree.ts';
import { SWEEP_BLOCKS } from '../limits.ts';
import type { HeaderState } from './header-state.ts';

export class UnprovenHeaders {
  readonly #headers: HeaderTree;
  readonly #owners = new Map<HeaderNode, HeaderState>();
  #sweptHeight = 0;

  constructor(headers: HeaderTree) {
    this.#headers = headers;
  }

  /** Those of all peers. */
  get size(): number {
    return this.#owners.size;
  }

  add(node: HeaderNode, state: HeaderState): void {
    this.#owners.set(node, state);
    state.unproven++;
  }

  /** Its body has come, or is not waited for any more. */
  proven(node: HeaderNode): void {
    const owner = this.#owners.get(node);
    if (owner === undefined) return;
    this.#owners.delete(node);
    owner.unproven--;
  }

  /** Of branches that lost, the bodies never come: what the tree has forgotten of them doesn't count for ever. */
  tipChanged(tip: HeaderNode): void {
    if (Math.abs(tip.height - this.#sweptHeight) < SWEEP_BLOCKS) return;
    this.#sweptHeight = tip.height;
    for (const node of [...this.#owners.keys()]) {
      if (node.invalid || this.#headers.get(node.key) !== node) this.proven(node);
    }
  }

  /** The peer is gone: nobody is to be blamed for what it brought. */
  drop(state: HeaderState): void {
    for (const [node, owner] of [...this.#owners]) if (owner === state) this.#owners.delete(node);
  }
}
