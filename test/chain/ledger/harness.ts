/** Owns a real ledger in memory, driven block by block, that says what became of each. */

import type { HeaderNode } from '../../../chain/consensus/header-tree.ts';
import { type ErrorCode, RuleError } from '../../../chain/errors.ts';
import { checkBody } from '../../../chain/format/block.ts';
import type { Header } from '../../../chain/format/header.ts';
import type { Params } from '../../../chain/format/params.ts';
import type { Transaction } from '../../../chain/format/transaction.ts';
import type { Ledger } from '../../../chain/ledger/ledger.ts';
import { MemoryStore } from '../../../chain/ledger/memory-store.ts';
import type { TipChange } from '../../../chain/ledger/tip-change.ts';
import type { Hex } from '../model/hex.ts';
import { emptied, openLedger, reopen } from './life.ts';

/** The code of the rule that `run` breaks, or null. Anything else it throws is a bug. */
export function codeOf(run: () => void): ErrorCode | null {
  try {
    run();
    return null;
  } catch (error) {
    if (error instanceof RuleError) return error.code;
    throw error;
  }
}

export class Harness {
  store: MemoryStore;
  ledger: Ledger;
  /** What the last `settle` changed, one batch after the other. */
  changes: TipChange[] = [];

  private constructor(store: MemoryStore, ledger: Ledger) {
    this.store = store;
    this.ledger = ledger;
  }

  static async open(params: Params): Promise<Harness> {
    const store = new MemoryStore();
    return new Harness(store, await openLedger(store, { params }));
  }

  get tip(): Hex {
    return this.ledger.tip.key;
  }

  node(id: Hex): HeaderNode {
    const node = this.ledger.headers.get(id);
    if (node === undefined) throw new Error(`the ledger has no header ${id}`);
    return node;
  }

  addHeader(header: Header, wallMs: number): ErrorCode | null {
    return codeOf(() => this.ledger.headers.add(header, wallMs));
  }

  addBody(id: Hex, transactions: readonly Transaction[]): ErrorCode | null {
    const node = this.node(id);
    return codeOf(() => {
      checkBody(node.header, transactions, this.ledger.params.limits);
      this.ledger.addBody(node, transactions);
    });
  }

  /** Goes to the best branch. The blocks found invalid on the way, by id. */
  async settle(): Promise<Map<Hex, ErrorCode>> {
    const found = new Map<Hex, ErrorCode>();
    this.changes = [];
    for (;;) {
      const change = await this.ledger.advance(({ node, error }) => found.set(node.key, error.code));
      if (change === null) return found;
      this.changes.push(change);
    }
  }

  /** A new engine on the same store, or on an empty one if it is found damaged: as after a crash. */
  async restart(): Promise<void> {
    const { params } = this.ledger;
    const { ledger, store } = await reopen(this.store, () => {}, { params });
    this.ledger = ledger;
    this.store = store;
  }

  /** A new engine on an empty store. */
  async rebuild(): Promise<void> {
    this.store = await emptied(this.store);
    await this.restart();
  }
}
