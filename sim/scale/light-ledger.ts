/**
 * Owns the ledger of one node of a large world: its header tree, the tip it follows by the real fork choice, and a
 * mempool of references to transactions all nodes share. Nothing is executed and no state is kept.
 */
import type { HeaderNode } from '../../chain/consensus/header-tree.ts';
import type { Transaction } from '../../chain/format/transaction.ts';
import { ForkChoice } from '../../chain/ledger/fork-choice.ts';
import type { ChainView, PoolView } from '../../p2p/door.ts';
import { type Commons, LightTree } from './commons.ts';

export class LightLedger implements ChainView {
  readonly headers: LightTree;
  readonly pool = new Map<string, Transaction>() satisfies PoolView;
  /** Bodies don't wait in memory: they are shared. */
  readonly heldBytes = 0;
  /** Nor are any lost. */
  readonly lost = new Set<HeaderNode>();
  readonly #commons: Commons;
  readonly #forkChoice: ForkChoice;
  #tip: HeaderNode;

  constructor(commons: Commons) {
    this.#commons = commons;
    this.headers = new LightTree(commons);
    this.#forkChoice = new ForkChoice(this.headers);
    this.#tip = this.headers.genesis;
  }

  get tip(): HeaderNode {
    return this.#tip;
  }

  isActive(node: HeaderNode): boolean {
    return node.height <= this.#tip.height && this.headers.ancestor(this.#tip, node.height) === node;
  }

  bodyReceived(node: HeaderNode): void {
    this.#forkChoice.bodyReceived(node);
  }

  /** True if the transaction is in a block below the tip. */
  isMined(key: string): boolean {
    return this.#commons.blocksWith(key).some((block) => {
      const node = this.headers.get(block);
      return node !== undefined && this.isActive(node);
    });
  }

  /** Moves to the best complete branch. Gives the transactions that wait again, or `null` if it stays. */
  advance(): Transaction[] | null {
    const { best } = this.#forkChoice;
    if (best === this.#tip) return null;
    const fork = this.headers.commonAncestor(this.#tip, best);
    const left: Transaction[] = [];
    for (let node = this.#tip; node !== fork; node = node.parent!)
      left.push(...this.#commons.block(node.key).transactions);
    for (let node = best; node !== fork; node = node.parent!) {
      for (const { key } of this.#commons.block(node.key).transactions) this.pool.delete(key);
    }
    this.#tip = best;
    const returned = left.filter(({ key }) => !this.isMined(key));
    for (const tx of returned) this.pool.set(tx.key, tx);
    return returned;
  }
}
