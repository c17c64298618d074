/**
 * Owns what the nodes of a large world share, since it never changes: the ledger's parameters, headers that were found
 * valid, and the transactions of every block. It is as large as the world's history, once and not once a node.
 */
import type { HeaderContext } from '../../chain/consensus/header-rules.ts';
import { type HeaderNode, HeaderTree } from '../../chain/consensus/header-tree.ts';
import { encodeBody } from '../../chain/format/block.ts';
import { toHex } from '../../chain/format/bytes.ts';
import { type Header, headerId } from '../../chain/format/header.ts';
import type { Params } from '../../chain/format/params.ts';
import type { Transaction } from '../../chain/format/transaction.ts';

interface SharedBlock {
  readonly transactions: readonly Transaction[];
  readonly body: Uint8Array;
}

export class Commons {
  readonly params: Params;
  readonly genesis: Header;
  readonly headers = new Map<string, HeaderContext>();
  readonly #transactions = new Map<string, Transaction>();
  readonly #blocks = new Map<string, SharedBlock>();
  /** Key of a transaction → keys of the blocks it is in. */
  readonly #minedIn = new Map<string, string[]>();

  constructor(params: Params, genesis: Header) {
    this.params = params;
    this.genesis = genesis;
  }

  addTransaction(transaction: Transaction): void {
    this.#transactions.set(transaction.key, transaction);
  }

  /** The one object of a transaction that was decoded somewhere. */
  transaction(key: string): Transaction {
    return this.#transactions.get(key)!;
  }

  addBlock(key: string, transactions: readonly Transaction[]): void {
    this.#blocks.set(key, { transactions, body: encodeBody(transactions) });
    for (const tx of transactions) this.#minedIn.set(tx.key, [...(this.#minedIn.get(tx.key) ?? []), key]);
  }

  block(key: string): SharedBlock {
    return this.#blocks.get(key)!;
  }

  blocksWith(transactionKey: string): readonly string[] {
    return this.#minedIn.get(transactionKey) ?? [];
  }
}

/**
 * The header tree of one node. A header is checked in full by the first node that adds it; the others find it among
 * those, look at nothing but their own clock, and keep the same object.
 */
export class LightTree extends HeaderTree {
  readonly #commons: Commons;

  constructor(commons: Commons) {
    super(commons.params, commons.genesis);
    this.#commons = commons;
  }

  override add(header: Header, wallMs: number, id: Uint8Array = headerId(header)): HeaderNode {
    const key = toHex(id);
    const shared = this.#commons.headers.get(key);
    const isEarly = header.time > wallMs + this.params.limits.futureMs;
    if (shared !== undefined && !isEarly && this.get(key) === undefined) {
      const node = this.restore(shared.header, shared.id);
      if (node !== null) return node;
    }
    const node = super.add(header, wallMs, id);
    if (shared === undefined) this.#commons.headers.set(key, node);
    return node;
  }
}
